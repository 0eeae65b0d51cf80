//! `Idempotency-Key`: a repeated request is answered again, not done again.

use crate::{
    fields::{FieldErrors, RawField},
    problem::Problem,
};
use application::{
    Error,
    operations::{Idempotency, IdempotencyGuard, Turn},
};
use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    ids::UserId,
    images::{ByteSource, Sha256Digest, SourceError},
    operations::{IdempotencyKey, StoredResponse},
};
use poem_openapi::types::{ParseFromJSON, ToJSON};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Mutex as AsyncMutex;

/// The header's name.
const HEADER: &str = "Idempotency-Key";

/// The key that came with a request, if one did.
pub fn parse_key(
    user: UserId,
    operation: &'static str,
    given: Option<RawField<String>>,
) -> Result<Option<IdempotencyKey>, Error> {
    let mut fields = FieldErrors::default();
    let parse = |text: String| IdempotencyKey::new(user, operation, &text);
    let key = fields.optional(
        HEADER,
        given,
        parse,
        "must be 1 to 255 printable ASCII characters",
    );
    fields.finish()?;
    Ok(key)
}

/// What a request says, by which a repetition is told from another request: its fields and the bytes of its file, however
/// they were wrapped on the way.
#[derive(Clone)]
pub struct Request {
    digest: Arc<Mutex<Sha256>>,
    file: Option<Arc<AsyncMutex<File>>>,
}

struct File {
    source: Box<dyn ByteSource>,
    ended: bool,
}

impl Request {
    /// A request that says only this.
    pub fn of_fields(fields: &[&str]) -> Self {
        let mut digest = Sha256::new();
        for field in fields {
            // With its length in front no field can run into the next.
            digest.update((field.len() as u64).to_be_bytes());
            digest.update(field);
        }
        Self {
            digest: Arc::new(Mutex::new(digest)),
            file: None,
        }
    }

    /// The same request with a file, whose bytes are passed on. They are counted in where there is a key: nobody else asks
    /// for the digest, and hashing a large file takes its time.
    pub fn with_file(
        mut self,
        key: Option<&IdempotencyKey>,
        source: Box<dyn ByteSource>,
    ) -> (Self, Box<dyn ByteSource>) {
        if key.is_none() {
            return (self, source);
        }
        let file = File { source, ended: false };
        self.file = Some(Arc::new(AsyncMutex::new(file)));
        (self.clone(), Box::new(self))
    }

    /// Of what was read so far.
    fn digest(&self) -> Sha256Digest {
        let digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        Sha256Digest(digest.clone().finalize().into())
    }

    /// Reads what is left of the file; whether all of it came.
    async fn read_whole(&mut self) -> bool {
        if self.file.is_none() {
            return true;
        }
        loop {
            match self.next_chunk().await {
                Ok(Some(_)) => {}
                Ok(None) => return true,
                Err(_) => return false,
            }
        }
    }
}

#[async_trait]
impl ByteSource for Request {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let mut file = file.lock().await;
        if file.ended {
            return Ok(None);
        }
        let chunk = file.source.next_chunk().await?;
        match &chunk {
            None => file.ended = true,
            Some(bytes) => {
                let mut digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
                digest.update(bytes);
            }
        }
        Ok(chunk)
    }
}

/// An answer with something new: what it is, and where.
pub type Created<D> = (D, String);

/// Does the work, or answers as it was answered before. The answer is kept in the commit that does the work; a refusal
/// that would be the same again is kept, too; after anything else the key is free again.
pub async fn answer_once<T, D, W>(
    answers: &Idempotency,
    key: Option<IdempotencyKey>,
    mut request: Request,
    status: u16,
    show: fn(&T) -> Created<D>,
    work: impl FnOnce(Option<IdempotencyGuard<T>>) -> W,
) -> Result<Created<D>, Problem>
where
    T: 'static,
    D: ToJSON + ParseFromJSON + 'static,
    W: Future<Output = Result<T, Error>>,
{
    let Some(key) = key else {
        let done = work(None).await.map_err(Problem::from_error)?;
        return Ok(show(&done));
    };
    let attempt = match answers.begin(&key).await.map_err(Problem::from_error)? {
        Turn::Repeated(kept) => return repeat(kept, request).await,
        Turn::First(attempt) => attempt,
    };
    let said = request.clone();
    let receipt = IdempotencyGuard::new(key.clone(), attempt, move |done| {
        let (shown, location) = show(done);
        StoredResponse {
            request_digest: said.digest(),
            status,
            location: Some(location),
            body: shown.to_json_string(),
        }
    });
    let problem = match work(Some(receipt)).await {
        Ok(done) => return Ok(show(&done)),
        Err(error) => Problem::from_error(error),
    };
    let ended = if problem.lasts() && request.read_whole().await {
        let (status, body) = problem.to_kept();
        let refusal = StoredResponse {
            request_digest: request.digest(),
            status,
            location: None,
            body,
        };
        answers.keep_refusal(&key, attempt, &refusal).await
    } else {
        answers.give_up(&key, attempt).await
    };
    if let Err(error) = ended {
        // The key is free again a little later.
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "an idempotency key stays taken"
        );
    }
    Err(problem)
}

/// What was answered before, if the request is the same.
async fn repeat<D: ParseFromJSON>(kept: StoredResponse, mut request: Request) -> Result<Created<D>, Problem> {
    if !request.read_whole().await {
        return Err(Problem::from_error(Error::InterruptedUpload));
    }
    if request.digest() != kept.request_digest {
        return Err(Problem::from_error(Error::IdempotencyConflict));
    }
    let unreadable = || Problem::from_error(Error::Internal("a kept answer cannot be read".into()));
    if kept.status >= 400 {
        return Err(Problem::from_kept(&kept.body).unwrap_or_else(unreadable));
    }
    let shown = D::parse_from_json_string(&kept.body).map_err(|_| unreadable())?;
    Ok((shown, kept.location.ok_or_else(unreadable)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    struct Pieces(Vec<&'static [u8]>);

    #[async_trait]
    impl ByteSource for Pieces {
        async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
            Ok((!self.0.is_empty()).then(|| Bytes::from_static(self.0.remove(0))))
        }
    }

    fn key() -> IdempotencyKey {
        IdempotencyKey::new(UserId(uuid::Uuid::nil()), "uploadImage", "k1").expect("a key")
    }

    fn digest_of(fields: &[&str], pieces: &[&'static [u8]]) -> Sha256Digest {
        let (mut request, _) =
            Request::of_fields(fields).with_file(Some(&key()), Box::new(Pieces(pieces.to_vec())));
        assert_eq!(request.read_whole().now_or_never(), Some(true));
        request.digest()
    }

    #[test]
    fn a_request_is_known_by_its_fields_and_bytes_however_they_came() {
        let digest = digest_of(&["eye.png", "eng"], &[b"abc", b"def"]);
        assert_eq!(digest, digest_of(&["eye.png", "eng"], &[b"abcdef"]));
        assert_ne!(digest, digest_of(&["eye.png", "spa"], &[b"abcdef"]));
        assert_ne!(digest, digest_of(&["eye.pnge", "ng"], &[b"abcdef"]));
        assert_ne!(digest, digest_of(&["eye.png", "eng"], &[b"abcdeg"]));
    }

    #[test]
    fn what_the_work_left_unread_is_counted_in_all_the_same() {
        let source = Pieces(vec![b"abc", b"def"]);
        let (mut request, mut passed_on) = Request::of_fields(&[]).with_file(Some(&key()), Box::new(source));
        assert!(passed_on.next_chunk().now_or_never().is_some());
        assert_eq!(request.read_whole().now_or_never(), Some(true));
        assert_eq!(request.digest(), digest_of(&[], &[b"abcdef"]));
    }

    #[test]
    fn a_key_that_cannot_be_one_is_named() {
        let user = UserId(uuid::Uuid::nil());
        let given = |text: &str| Some(RawField(Some(text.to_owned())));
        assert!(
            parse_key(user, "submitTask", given("k1"))
                .expect("a key")
                .is_some()
        );
        assert!(parse_key(user, "submitTask", None).expect("none").is_none());
        let error = parse_key(user, "submitTask", given("")).expect_err("refused");
        assert_eq!(error.code(), application::ErrorCode::InvalidRequest);
    }
}
