//! Taking in an image.

use super::{ImageIntake, Upload};
use crate::{Error, operations::IdempotencyGuard};
use domain::{images::Image, store::Transaction};
use std::sync::Arc;

/// Stores an image that can be read.
pub struct UploadImage {
    /// The way in.
    pub intake: Arc<ImageIntake>,
}

impl UploadImage {
    /// The stored image. After an error nothing of it stays, unless the store failed just while it was committed.
    pub async fn execute(
        &self,
        upload: Upload,
        receipt: Option<&IdempotencyGuard<Image>>,
    ) -> Result<Image, Error> {
        let image = self.intake.receive(upload).await?;
        let added = self.add(&image, receipt).await;
        let unit = self.intake.settle(&image.blob_key(), added).await?;
        // A commit that fails may be done all the same. Then the blob is needed; else its reservation runs out.
        unit.commit().await?;
        Ok(image)
    }

    async fn add(
        &self,
        image: &Image,
        receipt: Option<&IdempotencyGuard<Image>>,
    ) -> Result<Box<dyn Transaction>, Error> {
        let unit = self.intake.add(image).await?;
        if let Some(receipt) = receipt {
            receipt.keep(&*unit, image).await?;
        }
        Ok(unit)
    }
}

#[cfg(test)]
#[path = "upload_image_tests.rs"]
mod tests;
