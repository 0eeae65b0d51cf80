//! Multipart bodies, read as they come.

use crate::problem::Problem;
use application::Error;
use async_trait::async_trait;
use bytes::Bytes;
use domain::images::{ByteSource, SourceError};
use futures_util::StreamExt;
use multer::{Constraints, Field, Multipart, SizeLimit};
use poem::{Request, RequestBody};
use poem_openapi::error::ContentTypeError;
use std::time::Duration;

/// How much longer than its files a body may be: other parts, and what stands between the parts.
const OTHER_PARTS_BYTES: u64 = 64 * 1024;

/// How long a sender may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// The body of a request whose files, in parts of this name, have at most so many bytes together. They are counted when they
/// are read; everything else is bounded here.
pub fn open(
    request: &Request,
    body: &mut RequestBody,
    file_part: &str,
    file_bytes: u64,
) -> poem::Result<Multipart<'static>> {
    let content_type = request
        .content_type()
        .ok_or(ContentTypeError::ExpectContentType)?;
    let boundary = multer::parse_boundary(content_type).map_err(|error| match error {
        multer::Error::NoBoundary => {
            Problem::malformed_body("The content type names no boundary between the parts.").into()
        }
        _ => poem::Error::from(ContentTypeError::NotSupported {
            content_type: content_type.to_owned(),
        }),
    })?;
    let max_bytes = file_bytes.saturating_add(OTHER_PARTS_BYTES);
    // What says of itself that it is too large is refused unread.
    let length = request
        .header("content-length")
        .and_then(|length| length.parse::<u64>().ok());
    if length.is_some_and(|length| length > max_bytes) {
        return Err(Problem::upload_too_large(file_bytes).into());
    }
    let limits = SizeLimit::new()
        .whole_stream(max_bytes)
        .per_field(OTHER_PARTS_BYTES)
        .for_field(file_part, u64::MAX);
    let constraints = Constraints::new().size_limit(limits);
    let stream = body.take()?.into_bytes_stream();
    Ok(Multipart::with_constraints(stream, boundary, constraints))
}

/// The next part; `None` after the last.
pub async fn next_part(body: &mut Multipart<'static>) -> Result<Option<Field<'static>>, Problem> {
    let next = tokio::time::timeout(SILENCE, body.next_field()).await;
    let next = next.map_err(|_| Problem::from_error(Error::InterruptedUpload))?;
    next.map_err(|error| problem(&error))
}

/// The text of a part.
pub async fn text_of(part: Field<'static>) -> Result<String, Problem> {
    let text = tokio::time::timeout(SILENCE, part.text()).await;
    let text = text.map_err(|_| Problem::from_error(Error::InterruptedUpload))?;
    text.map_err(|error| problem(&error))
}

fn problem(error: &multer::Error) -> Problem {
    match error {
        multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
            Problem::request_too_large()
        }
        multer::Error::StreamReadFailed(_) => Problem::from_error(Error::InterruptedUpload),
        _ => Problem::malformed_body("The body is not the multipart form data that its content type says."),
    }
}

/// The bytes of one part.
pub struct PartSource {
    part: Field<'static>,
    /// The body must live as long as its part; `None` where it is kept elsewhere.
    _rest: Option<Multipart<'static>>,
}

impl PartSource {
    /// A part of a body that outlives it.
    pub fn new(part: Field<'static>) -> Self {
        Self { part, _rest: None }
    }

    /// A part after which nothing more is wanted.
    pub fn with_rest(part: Field<'static>, rest: Multipart<'static>) -> Self {
        Self {
            part,
            _rest: Some(rest),
        }
    }
}

#[async_trait]
impl ByteSource for PartSource {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        loop {
            let next = tokio::time::timeout(SILENCE, self.part.next()).await;
            match next.map_err(|_| SourceError::Interrupted)? {
                None => return Ok(None),
                Some(Ok(chunk)) if chunk.is_empty() => {}
                Some(Ok(chunk)) => return Ok(Some(chunk)),
                Some(Err(multer::Error::StreamSizeExceeded { limit })) => {
                    return Err(SourceError::TooLarge { limit });
                }
                Some(Err(_)) => return Err(SourceError::Interrupted),
            }
        }
    }
}
