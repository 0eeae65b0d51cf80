//! Taking in an image.

use super::{ImageIntake, Upload};
use crate::{Error, operations::Receipt};
use domain::images::Image;
use std::sync::Arc;

/// Stores an image that can be read.
pub struct UploadImage {
    /// The way in.
    pub intake: Arc<ImageIntake>,
}

impl UploadImage {
    /// The stored image. After an error nothing of it stays.
    pub async fn execute(&self, upload: Upload, receipt: Option<&Receipt<Image>>) -> Result<Image, Error> {
        let image = self.intake.receive(upload).await?;
        let key = image.blob_key();
        let added = self.add(image, receipt).await;
        self.intake.settle(&key, added).await
    }

    async fn add(&self, image: Image, receipt: Option<&Receipt<Image>>) -> Result<Image, Error> {
        let unit = self.intake.add(&image).await?;
        if let Some(receipt) = receipt {
            receipt.keep(&*unit, &image).await?;
        }
        unit.commit().await?;
        Ok(image)
    }
}

#[cfg(test)]
#[path = "upload_image_tests.rs"]
mod tests;
