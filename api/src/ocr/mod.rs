//! Text.

mod dto;

use crate::{
    api_error::{ApiError, BAD_REQUEST, NOT_FOUND, UNPROCESSABLE},
    authentication::{AUTHENTICATED, Bearer},
    fields::RawField,
    services::Services,
    tags::Tag,
};
use domain::ids::ImageId;
use dto::Format;
pub use dto::{TextDto, parse_languages};
use poem::{http::HeaderMap, web::Data};
use poem_openapi::{
    ApiResponse, OpenApi, ResponseContent,
    param::{Path, Query},
    payload::{Json, PlainText},
};
use std::sync::Arc;
use uuid::Uuid;

/// The operations of text.
pub struct TextApi;

#[derive(ResponseContent)]
enum TextContent {
    Json(Json<TextDto>),
    Plain(PlainText<String>),
}

#[derive(ApiResponse)]
enum TextRead {
    /// The text, in the format that was asked for.
    #[oai(status = 200)]
    Ok(TextContent),
}

#[OpenApi(tag = "Tag::Text")]
impl TextApi {
    /// Read the text of an image
    ///
    /// The first request in a set of languages reads the image; later ones get what was read. An image without text is
    /// answered with `has_text: false`. Boxes are in the pixels of the page as a person sees it.
    #[oai(path = "/images/:id/text", method = "get", operation_id = "getImageText")]
    async fn get_image_text(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        headers: &HeaderMap,
        /// The image.
        id: Path<Uuid>,
        /// The languages of the text, comma-separated, as Tesseract names them: `eng,spa`. Those of the configuration
        /// when left out.
        languages: Query<Option<RawField<String>>>,
        /// `json` or `plain`; by `Accept` when left out.
        format: Query<Option<RawField<Format>>>,
    ) -> Result<TextRead, ApiError<{ AUTHENTICATED | BAD_REQUEST | NOT_FOUND | UNPROCESSABLE }>> {
        let (languages, format) = dto::parse(languages.0, format.0, headers)?;
        let text = services
            .texts
            .read(sender.0.user.id, ImageId(id.0), languages)
            .await?;
        Ok(TextRead::Ok(match format {
            Format::Json => TextContent::Json(Json(text.into())),
            Format::Plain => TextContent::Plain(PlainText(text.plain())),
        }))
    }
}
