//! What answers about images look like.

use crate::paging::write_cursor;
use chrono::{DateTime, Utc};
use domain::{images::Image, page::Page};
use poem_openapi::{Object, types::Example};
use uuid::{Uuid, uuid};

/// An uploaded image.
#[derive(Object)]
#[oai(rename = "Image", example = true)]
pub struct ImageDto {
    /// Names the image.
    id: Uuid,
    /// Who uploaded it.
    owner_id: Uuid,
    /// The name it was uploaded under.
    filename: String,
    /// What its bytes show it to be.
    media_type: String,
    /// How many bytes it has.
    size_bytes: u64,
    /// Pixels of the first page as a person sees it.
    width: u32,
    /// Pixels of the first page as a person sees it.
    height: u32,
    /// How many pages it has.
    pages: u32,
    /// The digest of its bytes: 64 hexadecimal digits.
    sha256: String,
    /// When it was uploaded.
    uploaded_at: DateTime<Utc>,
}

impl From<Image> for ImageDto {
    fn from(image: Image) -> Self {
        Self {
            id: image.id.0,
            owner_id: image.owner_id.0,
            filename: image.filename.as_str().to_owned(),
            media_type: image.media_type.as_str().to_owned(),
            size_bytes: image.size_bytes,
            width: image.width,
            height: image.height,
            pages: image.pages,
            sha256: image.sha256.to_string(),
            uploaded_at: image.uploaded_at.to_utc(),
        }
    }
}

impl Example for ImageDto {
    fn example() -> Self {
        Self {
            id: uuid!("019aa4d1-7b00-7c3e-9f52-2f6d3a8c1b77"),
            owner_id: uuid!("019aa4cf-4c25-7b60-8d7e-0a4f1c9e2b58"),
            filename: "hello.png".to_owned(),
            media_type: "image/png".to_owned(),
            size_bytes: 4096,
            width: 640,
            height: 200,
            pages: 1,
            sha256: "0123456789abcdef".repeat(4),
            uploaded_at: DateTime::from_timestamp_nanos(1_795_255_200_000_000_000),
        }
    }
}

/// A page of images.
#[derive(Object)]
#[oai(rename = "ImagePage")]
pub struct ImagePageDto {
    /// Newest first.
    items: Vec<ImageDto>,
    /// The `cursor` of the next page; absent on the last.
    #[oai(skip_serializing_if_is_none)]
    next_cursor: Option<String>,
}

impl From<Page<Image>> for ImagePageDto {
    fn from(page: Page<Image>) -> Self {
        Self {
            items: page.items.into_iter().map(ImageDto::from).collect(),
            next_cursor: page.next.map(write_cursor),
        }
    }
}
