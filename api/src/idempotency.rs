//! `Idempotency-Key`: a repeated request gets the stored response and is not executed again.

use crate::{
    fields::{FieldErrors, RawField},
    problem::Problem,
};
use application::{
    Error,
    operations::{Acquisition, Idempotency, IdempotencyGuard},
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

/// The name of the header.
const HEADER: &str = "Idempotency-Key";

/// Parses the key of a request.
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

/// The content of a request: its fields and the bytes of its file. A repetition has the same content, whatever its
/// multipart boundary and chunks.
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
    /// Creates a request without a file.
    pub fn of_fields(fields: &[&str]) -> Self {
        let mut digest = Sha256::new();
        for field in fields {
            // The length separates a field from the next.
            digest.update((field.len() as u64).to_be_bytes());
            digest.update(field);
        }
        Self {
            digest: Arc::new(Mutex::new(digest)),
            file: None,
        }
    }

    /// Adds a file to the request and returns the source that passes its bytes on. They are hashed only if there is a key,
    /// because only then the digest is needed.
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

    /// Returns the digest of the fields and of the bytes that were read so far.
    fn digest(&self) -> Sha256Digest {
        let digest = self.digest.lock().unwrap_or_else(PoisonError::into_inner);
        Sha256Digest(digest.clone().finalize().into())
    }

    /// Reads the rest of the file. Returns `false` if the body ended before the file was complete.
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

/// The body and the `Location` of a response.
pub type Created<D> = (D, String);

/// Executes the work once for each key, or returns the stored response.
///
/// The response is stored in the commit that does the work. A rejection that a repetition would get again is stored, too.
/// After other errors the key is released.
pub async fn execute_once<T, D, W>(
    idempotency: &Idempotency,
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
    let attempt = match idempotency.acquire(&key).await.map_err(Problem::from_error)? {
        Acquisition::Completed(stored) => return repeat(stored, request).await,
        Acquisition::Acquired(attempt) => attempt,
    };
    let content = request.clone();
    let guard = IdempotencyGuard::new(key.clone(), attempt, move |done| {
        let (shown, location) = show(done);
        StoredResponse {
            request_digest: content.digest(),
            status,
            location: Some(location),
            body: shown.to_json_string(),
        }
    });
    let problem = match work(Some(guard)).await {
        Ok(done) => return Ok(show(&done)),
        Err(error) => Problem::from_error(error),
    };
    let ended = if problem.lasts() && request.read_whole().await {
        let (status, body) = problem.to_kept();
        let rejection = StoredResponse {
            request_digest: request.digest(),
            status,
            location: None,
            body,
        };
        idempotency.store_rejection(&key, attempt, &rejection).await
    } else {
        idempotency.release(&key, attempt).await
    };
    if let Err(error) = ended {
        // A repetition can take the key over a minute later.
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "an idempotency key was not released"
        );
    }
    Err(problem)
}

/// Returns the stored response if the request has the same content.
async fn repeat<D: ParseFromJSON>(
    stored: StoredResponse,
    mut request: Request,
) -> Result<Created<D>, Problem> {
    if !request.read_whole().await {
        return Err(Problem::from_error(Error::InterruptedUpload));
    }
    if request.digest() != stored.request_digest {
        return Err(Problem::from_error(Error::IdempotencyConflict));
    }
    let unreadable = || Problem::from_error(Error::Internal("a stored response cannot be parsed".into()));
    if stored.status >= 400 {
        return Err(Problem::from_kept(&stored.body).unwrap_or_else(unreadable));
    }
    let shown = D::parse_from_json_string(&stored.body).map_err(|_| unreadable())?;
    Ok((shown, stored.location.ok_or_else(unreadable)?))
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
    fn the_digest_depends_on_fields_and_bytes_and_not_on_chunks() {
        let digest = digest_of(&["eye.png", "eng"], &[b"abc", b"def"]);
        assert_eq!(digest, digest_of(&["eye.png", "eng"], &[b"abcdef"]));
        assert_ne!(digest, digest_of(&["eye.png", "spa"], &[b"abcdef"]));
        assert_ne!(digest, digest_of(&["eye.pnge", "ng"], &[b"abcdef"]));
        assert_ne!(digest, digest_of(&["eye.png", "eng"], &[b"abcdeg"]));
    }

    #[test]
    fn the_digest_includes_bytes_that_the_work_did_not_read() {
        let source = Pieces(vec![b"abc", b"def"]);
        let (mut request, mut passed_on) = Request::of_fields(&[]).with_file(Some(&key()), Box::new(source));
        assert!(passed_on.next_chunk().now_or_never().is_some());
        assert_eq!(request.read_whole().now_or_never(), Some(true));
        assert_eq!(request.digest(), digest_of(&[], &[b"abcdef"]));
    }

    #[test]
    fn an_invalid_key_is_rejected() {
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
