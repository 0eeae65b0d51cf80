//! Opens an image of any format and decodes its pages one by one.

use super::{
    ColourPage, DecodeBudget, DecodeLimits, GrayPage, Reservation,
    format::{Format, PageHeader, corrupt},
    jpeg,
    luma::ColorMode,
    page::{swaps_sides, turn},
    png, raster, tiff,
};
use bytes::Bytes;
use domain::images::{ImageError, ImageFacts, MediaType};
use image::{GrayImage, RgbImage};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Decodes the pages of one image. All methods block the thread.
pub struct PageDecoder {
    format: Box<dyn Format>,
    mode: ColorMode,
    limits: DecodeLimits,
    budget: DecodeBudget,
    next: usize,
}

impl PageDecoder {
    /// Reads the headers of all pages and checks them against the limits, without decoding.
    ///
    /// # Errors
    ///
    /// [`ImageError::Corrupt`] when the headers are damaged or of an unsupported kind,
    /// [`ImageError::Dimensions`] when a page has no pixels or too many, takes more memory than the whole budget, or
    /// all pages together have more than ten times the pixels of one, [`ImageError::TooManyPages`].
    pub fn open(
        media_type: MediaType,
        bytes: Bytes,
        limits: &DecodeLimits,
        budget: &DecodeBudget,
    ) -> Result<Self, ImageError> {
        Self::open_as(ColorMode::Gray, media_type, bytes, limits, budget)
    }

    fn open_as(
        mode: ColorMode,
        media_type: MediaType,
        bytes: Bytes,
        limits: &DecodeLimits,
        budget: &DecodeBudget,
    ) -> Result<Self, ImageError> {
        let format = guarded(|| {
            let format: Box<dyn Format> = match media_type {
                MediaType::Png => Box::new(png::Png::open(bytes, mode, limits)?),
                MediaType::Jpeg => Box::new(jpeg::Jpeg::open(bytes, mode, limits)?),
                MediaType::Tiff => Box::new(tiff::Tiff::open(bytes, mode, limits)?),
                MediaType::Webp | MediaType::Gif | MediaType::Bmp => {
                    Box::new(raster::Raster::open(media_type, bytes, mode, limits)?)
                }
            };
            Ok(format)
        })?;
        let mut total_pixels = 0_u64;
        for page in format.pages() {
            total_pixels += limits.pixels(page.width, page.height)?;
            if needed(page, mode) > budget.total() {
                return Err(limits.exceeded());
            }
        }
        if !limits.allow_total(total_pixels) {
            return Err(limits.exceeded());
        }
        Ok(Self {
            format,
            mode,
            limits: *limits,
            budget: budget.clone(),
            next: 0,
        })
    }

    /// The number of pages, at least 1; only TIFF has more.
    pub fn page_count(&self) -> u32 {
        u32::try_from(self.format.pages().len()).unwrap_or(u32::MAX)
    }

    /// The size of the first page and the number of pages.
    pub fn facts(&self) -> ImageFacts {
        let (width, height) = self.format.pages().first().map_or((0, 0), |page| {
            if swaps_sides(page.orientation) {
                (page.height, page.width)
            } else {
                (page.width, page.height)
            }
        });
        ImageFacts {
            width,
            height,
            pages: self.page_count(),
        }
    }

    /// Decodes the next page; `None` after the last. Waits for its share of the memory, so drop the page before asking
    /// for the next one: two decoders that each hold a page and wait for more might wait for each other.
    ///
    /// # Errors
    ///
    /// [`ImageError::Corrupt`] when the page is damaged, cut off or not supported, [`ImageError::Dimensions`] when it
    /// turns out to take too much memory.
    pub fn next_page(&mut self) -> Result<Option<GrayPage>, ImageError> {
        let Some((header, pixels, reservation)) = self.next_pixels()? else {
            return Ok(None);
        };
        let stored = GrayImage::from_raw(header.width, header.height, pixels).ok_or_else(too_few)?;
        let pixels = turn(stored, header.orientation);
        Ok(Some(GrayPage::reserved(pixels, header.dpi, reservation)))
    }

    /// Decodes the next page as it is stored.
    fn next_pixels(&mut self) -> Result<Option<(PageHeader, Vec<u8>, Reservation)>, ImageError> {
        let Some(header) = self.format.pages().get(self.next).copied() else {
            return Ok(None);
        };
        let page = self.next;
        self.next += 1;
        let reservation = self
            .budget
            .reserve(needed(&header, self.mode))
            .ok_or_else(|| self.limits.exceeded())?;
        let pixels = guarded(|| self.format.decode(page))?;
        Ok(Some((header, pixels, reservation)))
    }
}

/// Decodes the first page in colour. Blocks the thread, like [`PageDecoder`], and waits for its share of the memory.
///
/// # Errors
///
/// Those of [`PageDecoder::open`] and [`PageDecoder::next_page`]; colours take three times the memory of gray.
pub fn decode_in_colour(
    media_type: MediaType,
    bytes: Bytes,
    limits: &DecodeLimits,
    budget: &DecodeBudget,
) -> Result<ColourPage, ImageError> {
    let mut decoder = PageDecoder::open_as(ColorMode::Rgb, media_type, bytes, limits, budget)?;
    let (header, pixels, reservation) = decoder.next_pixels()?.ok_or_else(too_few)?;
    let stored = RgbImage::from_raw(header.width, header.height, pixels).ok_or_else(too_few)?;
    Ok(ColourPage::reserved(
        turn(stored, header.orientation),
        reservation,
    ))
}

fn too_few() -> ImageError {
    corrupt("the decoder returned too few pixels")
}

/// The most bytes that decoding and turning a page takes.
fn needed(page: &PageHeader, mode: ColorMode) -> u64 {
    let pixels = u64::from(page.width) * u64::from(page.height) * mode.bytes() as u64;
    let buffers = if swaps_sides(page.orientation) { 2 } else { 1 };
    page.memory.max(pixels * buffers)
}

/// Runs a decoder. A panic means a corrupt image.
fn guarded<T>(decode: impl FnOnce() -> Result<T, ImageError>) -> Result<T, ImageError> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|_| Err(corrupt("the decoder panicked")))
}
