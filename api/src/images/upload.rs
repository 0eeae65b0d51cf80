//! A file in a multipart body, streamed.

use crate::{
    idempotency,
    multipart::{self, PartSource, next_part},
    problem::Problem,
    services::Services,
};
use application::images::Upload;
use domain::{
    ids::UserId,
    images::{ByteSource, Filename},
    operations::IdempotencyKey,
};
use multer::Multipart;
use poem::{FromRequest, Request, RequestBody, web::Data};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaMediaType, MetaRequest, MetaSchema, MetaSchemaRef},
};
use std::sync::Arc;

/// The part of the body that holds the file.
const PART: &str = "file";

/// A multipart body whose part `file` is read as it comes.
pub struct FileUpload(Multipart<'static>);

impl FileUpload {
    /// The file as its owner's, and what the request says: the file, its name and these words. A file is part of that only
    /// where there is a key to repeat the request by.
    pub async fn open(
        self,
        owner: UserId,
        key: Option<&IdempotencyKey>,
        words: &[&str],
    ) -> Result<(Upload, idempotency::Request), Problem> {
        let (filename, content) = self.file().await?;
        let said = idempotency::Request::of_fields(&[&[filename.as_str()], words].concat());
        let (said, content) = said.with_file(key, content);
        let upload = Upload {
            owner,
            filename,
            content,
        };
        Ok((upload, said))
    }

    /// The name and the bytes of the part `file`. Parts before it are passed over.
    async fn file(mut self) -> Result<(Filename, Box<dyn ByteSource>), Problem> {
        loop {
            match next_part(&mut self.0).await? {
                None => return Err(Problem::missing_part(PART)),
                Some(part) if part.name() == Some(PART) => {
                    let filename = Filename::clean(part.file_name().unwrap_or_default());
                    return Ok((filename, Box::new(PartSource::with_rest(part, self.0))));
                }
                Some(_) => {}
            }
        }
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
        let Data(services) = <Data<&Arc<Services>> as FromRequest>::from_request(request, body).await?;
        let max_bytes = services.uploads.max_bytes();
        Ok(Self(multipart::open(request, body, PART, max_bytes)?))
    }
}
