//! Limits of image size.

use domain::images::ImageError;

/// Limits of image size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// The most pixels of one page, at least 1; no side has more than 65,535.
    pub max_pixels: u64,
    /// The most pages of one image, at least 1.
    pub max_pages: u32,
}

impl DecodeLimits {
    /// The most pixels of all pages together, in pages of the largest size: bounds the time of decoding.
    const PAGES_OF_MOST_PIXELS: u64 = 10;

    /// The most pixels of a side, which is the limit of JPEG. Every row costs time, however short.
    const MOST_OF_A_SIDE: u32 = 65_535;

    /// Returns the number of pixels of a page.
    ///
    /// # Errors
    ///
    /// [`ImageError::Dimensions`] when it is zero or over the limit.
    pub(super) fn pixels(&self, width: u32, height: u32) -> Result<u64, ImageError> {
        let pixels = u64::from(width) * u64::from(height);
        if pixels == 0 || pixels > self.max_pixels || width.max(height) > Self::MOST_OF_A_SIDE {
            return Err(self.exceeded());
        }
        Ok(pixels)
    }

    /// Whether all pages together may have this many pixels.
    pub(super) fn allow_total(&self, pixels: u64) -> bool {
        pixels <= self.max_pixels.saturating_mul(Self::PAGES_OF_MOST_PIXELS)
    }

    /// Whether all pages together may have this many decompressed bytes: two for each allowed pixel, so that gray pages
    /// always pass.
    pub(super) fn allow_decompressed(&self, bytes: u64) -> bool {
        self.allow_total(bytes / 2)
    }

    /// The error of an image that is too large.
    pub(super) fn exceeded(&self) -> ImageError {
        ImageError::Dimensions {
            max_pixels: self.max_pixels,
        }
    }
}

impl Default for DecodeLimits {
    /// 100 megapixels (an A2 page at 400 dpi has 62) and 100 pages.
    fn default() -> Self {
        Self {
            max_pixels: 100_000_000,
            max_pages: 100,
        }
    }
}
