//! Images.

mod dto;
mod upload;

use crate::{
    api_error::{
        ApiError, BAD_REQUEST, CONFLICT, NOT_FOUND, TOO_LARGE, TOO_MANY, UNPROCESSABLE, UNSUPPORTED,
    },
    authentication::{AUTHENTICATED, Bearer},
    fields::{FieldErrors, RawField},
    http::{CACHE_PRIVATE, names_tag},
    idempotency::{Created, execute_once, parse_key},
    paging::page_request,
    services::Services,
    tags::Tag,
};
use application::{
    Error,
    images::{ContentSource, ImageContent},
};
use domain::{
    ids::ImageId,
    images::{ByteSource, Image},
};
use dto::{ImageDto, ImagePageDto};
use futures_util::stream;
use poem::{Body, http::HeaderMap, web::Data};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Header, Path, Query},
    payload::{Binary, Json},
};
use std::{io, sync::Arc};
pub use upload::FileUpload;
use uuid::Uuid;

/// The operations of images.
pub struct ImagesApi;

#[derive(ApiResponse)]
enum Uploaded {
    /// The stored image.
    #[oai(status = 201)]
    Created(
        Json<ImageDto>,
        /// Where the image is found.
        #[oai(header = "Location")]
        String,
    ),
}

#[derive(ApiResponse)]
enum ImageDeleted {
    /// The image, what was read from it and its bytes are gone.
    #[oai(status = 204)]
    NoContent,
}

#[derive(ApiResponse)]
pub enum Content {
    /// The bytes as they were uploaded.
    #[oai(status = 200)]
    Bytes(
        Binary<Body>,
        /// What the bytes are.
        #[oai(header = "Content-Type")]
        String,
        /// How many there are.
        #[oai(header = "Content-Length")]
        u64,
        /// The quoted SHA-256 digest of the bytes.
        #[oai(header = "ETag")]
        String,
        /// The name of the file.
        #[oai(header = "Content-Disposition")]
        String,
        /// May be kept by its owner, and asked for again.
        #[oai(header = "Cache-Control")]
        String,
    ),
    /// The bytes are at the store, for the time that the link counts.
    #[oai(status = 307)]
    Elsewhere(
        /// A link that gives the bytes to whoever has it, for five minutes.
        #[oai(header = "Location")]
        String,
    ),
    /// The bytes are those that `If-None-Match` names.
    #[oai(status = 304)]
    NotModified(
        /// The quoted SHA-256 digest of the bytes.
        #[oai(header = "ETag")]
        String,
    ),
}

#[OpenApi(tag = "Tag::Images")]
impl ImagesApi {
    /// Upload an image
    ///
    /// Takes a PNG, JPEG, WebP, TIFF, BMP or GIF file, whatever its name and declared type. It is decoded at once, so
    /// what is stored is readable; the stored bytes are the original.
    #[oai(path = "/images", method = "post", operation_id = "uploadImage")]
    async fn upload_image(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// Names this request, so that it can be repeated safely for a day.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<RawField<String>>>,
        upload: FileUpload,
    ) -> Result<
        Uploaded,
        ApiError<
            { AUTHENTICATED | BAD_REQUEST | CONFLICT | TOO_LARGE | UNSUPPORTED | UNPROCESSABLE | TOO_MANY },
        >,
    > {
        let owner = sender.0.user.id;
        let key = parse_key(owner, "uploadImage", key.0)?;
        let (upload, said) = upload.open(owner, key.as_ref(), &[]).await?;
        let services = services.0;
        let work = |guard| async move { services.uploads.upload(upload, Option::as_ref(&guard)).await };
        let (image, location) = execute_once(&services.idempotency, key, said, 201, shown, work).await?;
        Ok(Uploaded::Created(Json(image), location))
    }

    /// List my images
    ///
    /// A page of them, newest first.
    #[oai(path = "/images", method = "get", operation_id = "listImages")]
    async fn list_images(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// How many at most: 1 to 100; 20 when left out.
        limit: Query<Option<RawField<u16>>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<RawField<String>>>,
    ) -> Result<Json<ImagePageDto>, ApiError<{ AUTHENTICATED | BAD_REQUEST }>> {
        let page = page_request(limit.0, cursor.0)?;
        let page = services.images.list(sender.0.user.id, page).await?;
        Ok(Json(page.into()))
    }

    /// Show an image's record
    #[oai(path = "/images/:id", method = "get", operation_id = "getImage")]
    async fn get_image(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// The image.
        id: Path<Uuid>,
    ) -> Result<Json<ImageDto>, ApiError<{ AUTHENTICATED | NOT_FOUND }>> {
        let image = services.images.get(sender.0.user.id, ImageId(id.0)).await?;
        Ok(Json(image.into()))
    }

    /// Delete an image
    ///
    /// Removes the image, what was read from it and its bytes.
    #[oai(path = "/images/:id", method = "delete", operation_id = "deleteImage")]
    async fn delete_image(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// The image.
        id: Path<Uuid>,
    ) -> Result<ImageDeleted, ApiError<{ AUTHENTICATED | NOT_FOUND }>> {
        services.images.delete(sender.0.user.id, ImageId(id.0)).await?;
        Ok(ImageDeleted::NoContent)
    }

    /// Fetch an image
    ///
    /// The bytes as they were uploaded, metadata included. Send the `ETag` as `If-None-Match` to fetch only what changed.
    /// With `redirect=true` a service that keeps its images in S3 answers with a link to them.
    #[oai(
        path = "/images/:id/content",
        method = "get",
        operation_id = "getImageContent"
    )]
    async fn get_image_content(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        headers: &HeaderMap,
        /// The image.
        id: Path<Uuid>,
        /// Whether a link to the bytes will do as well; false when left out.
        redirect: Query<Option<RawField<bool>>>,
    ) -> Result<Content, ApiError<{ AUTHENTICATED | BAD_REQUEST | NOT_FOUND }>> {
        let by_link = parse_redirect(redirect.0)?;
        let content = services
            .images
            .content(sender.0.user.id, ImageId(id.0), by_link)
            .await?;
        Ok(Content::of(content, headers))
    }
}

/// Whether a link to the bytes will do as well.
pub fn parse_redirect(given: Option<RawField<bool>>) -> Result<bool, Error> {
    let mut fields = FieldErrors::default();
    let by_link = fields.optional("redirect", given, Some, "must be true or false");
    fields.finish()?;
    Ok(by_link.unwrap_or(false))
}

impl Content {
    /// The bytes of an image or a link to them, unless these headers say that they are known.
    pub fn of(ImageContent { image, content }: ImageContent, headers: &HeaderMap) -> Self {
        let tag = format!("\"{}\"", image.sha256);
        if names_tag(headers, &tag) {
            return Self::NotModified(tag);
        }
        let bytes = match content {
            ContentSource::Stream(bytes) => bytes,
            ContentSource::Link(url) => return Self::Elsewhere(url),
        };
        Self::Bytes(
            Binary(body(bytes)),
            image.media_type.as_str().to_owned(),
            image.size_bytes,
            tag,
            image.filename.content_disposition(),
            CACHE_PRIVATE.to_owned(),
        )
    }
}

fn shown(image: &Image) -> Created<ImageDto> {
    (image.clone().into(), format!("/images/{}", image.id))
}

fn body(content: Box<dyn ByteSource>) -> Body {
    Body::from_bytes_stream(stream::try_unfold(content, |mut content| async move {
        let chunk = content.next_chunk().await.map_err(io::Error::other)?;
        Ok::<_, io::Error>(chunk.map(|chunk| (chunk, content)))
    }))
}
