//! Decoded pages.

use super::Reservation;
use image::{GrayImage, ImageBuffer, Pixel, RgbImage, imageops, metadata::Orientation};

/// A gray page, turned upright by its metadata and flattened over white.
#[derive(Debug)]
pub struct GrayPage {
    /// The pixels, 0 is black.
    pub pixels: GrayImage,
    /// Pixels per inch, when the image has them; not validated.
    pub dpi: Option<u32>,
    /// One byte per pixel, until the page is dropped.
    reservation: Option<Reservation>,
}

impl GrayPage {
    /// A page outside of the memory budget.
    pub fn new(pixels: GrayImage, dpi: Option<u32>) -> Self {
        Self {
            pixels,
            dpi,
            reservation: None,
        }
    }

    /// A page that holds its memory in the budget until it is dropped.
    pub(super) fn reserved(pixels: GrayImage, dpi: Option<u32>, mut reservation: Reservation) -> Self {
        reservation.shrink_to(pixels.as_raw().len() as u64);
        Self {
            pixels,
            dpi,
            reservation: Some(reservation),
        }
    }

    /// The bytes of the decode budget that the page holds.
    pub fn reserved_bytes(&self) -> u64 {
        self.reservation.as_ref().map_or(0, Reservation::bytes)
    }
}

/// A colour page, turned upright by its metadata and flattened over white.
#[derive(Debug)]
pub struct ColourPage {
    /// The pixels.
    pub pixels: RgbImage,
    /// Three bytes per pixel, until the page is dropped.
    _reservation: Reservation,
}

impl ColourPage {
    /// A page that holds its memory in the budget until it is dropped.
    pub(super) fn reserved(pixels: RgbImage, mut reservation: Reservation) -> Self {
        reservation.shrink_to(pixels.as_raw().len() as u64);
        Self {
            pixels,
            _reservation: reservation,
        }
    }
}

/// Turns a page. Only a quarter turn takes a second buffer.
pub(super) fn turn<P: Pixel<Subpixel = u8> + 'static>(
    mut pixels: ImageBuffer<P, Vec<u8>>,
    orientation: Orientation,
) -> ImageBuffer<P, Vec<u8>> {
    match orientation {
        Orientation::NoTransforms => {}
        Orientation::FlipHorizontal => imageops::flip_horizontal_in_place(&mut pixels),
        Orientation::FlipVertical => imageops::flip_vertical_in_place(&mut pixels),
        Orientation::Rotate180 => imageops::rotate180_in_place(&mut pixels),
        Orientation::Rotate90 => return imageops::rotate90(&pixels),
        Orientation::Rotate270 => return imageops::rotate270(&pixels),
        Orientation::Rotate90FlipH => {
            pixels = imageops::rotate90(&pixels);
            imageops::flip_horizontal_in_place(&mut pixels);
        }
        Orientation::Rotate270FlipH => {
            pixels = imageops::rotate270(&pixels);
            imageops::flip_horizontal_in_place(&mut pixels);
        }
    }
    pixels
}

/// Whether turning swaps width and height.
pub(super) fn swaps_sides(orientation: Orientation) -> bool {
    matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    )
}
