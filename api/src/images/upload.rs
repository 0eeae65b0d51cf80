//! A file in a multipart body, streamed.

use crate::{problem::Problem, use_cases::UseCases};
use application::Error;
use async_trait::async_trait;
use bytes::Bytes;
use domain::images::{ByteSource, Filename, SourceError};
use futures_util::StreamExt;
use multer::{Constraints, Field, Multipart, SizeLimit};
use poem::{FromRequest, Request, RequestBody, web::Data};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    error::ContentTypeError,
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef},
};
use std::{sync::Arc, time::Duration};

/// The part of the body that holds the file.
const PART: &str = "file";

/// How much longer than its file a body may be: other parts, and what stands between the parts.
const OTHER_PARTS_BYTES: u64 = 64 * 1024;

/// How long a sender may be silent.
const SILENCE: Duration = Duration::from_secs(30);

/// A multipart body whose part `file` is read as it comes.
pub struct FileUpload(Multipart<'static>);

impl FileUpload {
    /// The name and the bytes of the part `file`. Parts before it are passed over.
    pub async fn open(mut self) -> Result<(Filename, Box<dyn ByteSource>), Problem> {
        loop {
            match self.next_part().await? {
                None => return Err(Problem::missing_part(PART)),
                Some(part) if part.name() == Some(PART) => {
                    let filename = Filename::clean(part.file_name().unwrap_or_default());
                    return Ok((filename, Box::new(PartSource { part, _rest: self.0 })));
                }
                Some(_) => {}
            }
        }
    }

    async fn next_part(&mut self) -> Result<Option<Field<'static>>, Problem> {
        let next = tokio::time::timeout(SILENCE, self.0.next_field()).await;
        let next = next.map_err(|_| Problem::from_error(Error::InterruptedUpload))?;
        next.map_err(|error| match error {
            multer::Error::FieldSizeExceeded { .. } | multer::Error::StreamSizeExceeded { .. } => {
                Problem::request_too_large()
            }
            multer::Error::StreamReadFailed(_) => Problem::from_error(Error::InterruptedUpload),
            _ => {
                Problem::malformed_body("The body is not the multipart form data that its content type says.")
            }
        })
    }
}

impl<'a> ApiExtractor<'a> for FileUpload {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::RequestObject];
    type ParamType = ();
    type ParamRawType = ();

    fn request_meta() -> Option<MetaRequest> {
        let file = MetaSchema {
            description: Some("The image file."),
            ..MetaSchema::new_with_format("string", "binary")
        };
        let form = MetaSchema {
            properties: vec![(PART, MetaSchemaRef::Inline(Box::new(file)))],
            required: vec![PART],
            ..MetaSchema::new("object")
        };
        let schema = MetaSchemaRef::Inline(Box::new(form));
        let content = vec![MetaMediaType {
            content_type: "multipart/form-data",
            schema,
        }];
        Some(MetaRequest {
            description: None,
            content,
            required: true,
        })
    }

    async fn from_request(
        request: &'a Request,
        body: &mut RequestBody,
        _options: ExtractParamOptions<Self::ParamType>,
    ) -> poem::Result<Self> {
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
        let Data(use_cases) = <Data<&Arc<UseCases>> as FromRequest>::from_request(request, body).await?;
        let max_bytes = use_cases.upload_image.intake.limits.max_bytes + OTHER_PARTS_BYTES;
        // What says of itself that it is too large is refused unread.
        let length = request
            .header("content-length")
            .and_then(|length| length.parse::<u64>().ok());
        if length.is_some_and(|length| length > max_bytes) {
            return Err(Problem::image_too_large().into());
        }
        // The file itself is counted on its way to the blob store; this bounds a body that never comes to one.
        let limits = SizeLimit::new()
            .whole_stream(max_bytes)
            .per_field(OTHER_PARTS_BYTES)
            .for_field(PART, u64::MAX);
        let constraints = Constraints::new().size_limit(limits);
        let stream = body.take()?.into_bytes_stream();
        Ok(Self(Multipart::with_constraints(stream, boundary, constraints)))
    }
}

/// The bytes of one part.
struct PartSource {
    part: Field<'static>,
    /// The body must live as long as its part.
    _rest: Multipart<'static>,
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
