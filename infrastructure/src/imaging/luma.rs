//! Converts decoded samples to gray or RGB pixels over white paper.
//!
//! `image` converts to gray by Rec. 709 and into a second buffer. Recognition and its reference tools (Pillow, Leptonica)
//! use Rec. 601, and a page of 100 megapixels leaves no room for a copy.

/// The pixels that a page is decoded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ColorMode {
    /// One byte per pixel, 0 is black.
    Gray,
    /// Red, green and blue, a byte each.
    Rgb,
}

impl ColorMode {
    /// Bytes per pixel.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
        }
    }

    /// A colour in this mode, in the first [`ColorMode::bytes`] values.
    pub(super) fn of(self, [red, green, blue]: [u8; 3]) -> [u8; 3] {
        match self {
            Self::Gray => [brightness(red, green, blue); 3],
            Self::Rgb => [red, green, blue],
        }
    }
}

/// The samples of a pixel, in order, one byte each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SampleLayout {
    /// Gray.
    Gray,
    /// Gray and opacity.
    GrayAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, opacity.
    Rgba,
    /// Cyan, magenta, yellow, black: how much ink there is.
    Cmyk,
    /// Luma and two chroma differences, each over its full range (JFIF).
    YCbCr,
    /// Gray, followed by samples that are ignored; this many in total.
    First(usize),
}

impl SampleLayout {
    /// Samples per pixel.
    pub(super) fn samples(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb | Self::YCbCr => 3,
            Self::Rgba | Self::Cmyk => 4,
            Self::First(samples) => samples,
        }
    }

    /// The most bytes per pixel during [`into_pixels`].
    pub(super) fn bytes_into(self, mode: ColorMode) -> u64 {
        let (samples, wanted) = (self.samples(), mode.bytes());
        let taken = if samples < wanted {
            samples + wanted
        } else {
            samples
        };
        taken as u64
    }
}

/// The brightness of a colour by Rec. 601, rounded as Pillow and Leptonica do.
pub(super) fn brightness(red: u8, green: u8, blue: u8) -> u8 {
    let sum = 19_595 * u32::from(red) + 38_470 * u32::from(green) + 7_471 * u32::from(blue) + 0x8000;
    narrow(sum >> 16)
}

/// Blends `gray` over white paper.
pub(super) fn over_white(gray: u8, alpha: u8) -> u8 {
    let (gray, alpha) = (u32::from(gray), u32::from(alpha));
    narrow((gray * alpha + 255 * (255 - alpha) + 127) / 255)
}

/// The colour of ink on white paper.
fn colour_of_ink(inks: [u8; 3], black: u8) -> [u8; 3] {
    inks.map(|ink| product(255 - ink, 255 - black))
}

/// The RGB colour of a JFIF pixel, computed with 16 fraction bits.
fn colour_of_differences([luma, blue, red]: [u8; 3]) -> [u8; 3] {
    let (luma, blue, red) = (i32::from(luma) << 16, i32::from(blue) - 128, i32::from(red) - 128);
    [
        luma + 91_881 * red,
        luma - 22_554 * blue - 46_802 * red,
        luma + 116_130 * blue,
    ]
    .map(|sum| u8::try_from(((sum + 0x8000) >> 16).clamp(0, 255)).unwrap_or(u8::MAX))
}

/// The product of two shares of 255.
fn product(one: u8, other: u8) -> u8 {
    narrow((u32::from(one) * u32::from(other) + 127) / 255)
}

/// A sum that is known to fit.
fn narrow(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

/// Converts `samples` into `pixels`, up to the end of the shorter one.
pub(super) fn write_pixels(mode: ColorMode, layout: SampleLayout, samples: &[u8], pixels: &mut [u8]) {
    match mode {
        ColorMode::Gray => write_gray(layout, samples, pixels),
        ColorMode::Rgb => write_rgb(layout, samples, pixels),
    }
}

fn write_rgb(layout: SampleLayout, samples: &[u8], pixels: &mut [u8]) {
    fn write<const SAMPLES: usize>(
        samples: &[u8],
        pixels: &mut [u8],
        colour_of: impl Fn([u8; SAMPLES]) -> [u8; 3],
    ) {
        for (sample, pixel) in samples.as_chunks().0.iter().zip(pixels.as_chunks_mut().0) {
            *pixel = colour_of(*sample);
        }
    }
    match layout {
        SampleLayout::Gray => write(samples, pixels, |[gray]| [gray; 3]),
        SampleLayout::GrayAlpha => write(samples, pixels, |[gray, alpha]| [over_white(gray, alpha); 3]),
        SampleLayout::Rgb => write(samples, pixels, |colour| colour),
        SampleLayout::Rgba => write(samples, pixels, |[red, green, blue, alpha]| {
            [red, green, blue].map(|part| over_white(part, alpha))
        }),
        SampleLayout::Cmyk => write(samples, pixels, |[cyan, magenta, yellow, black]| {
            colour_of_ink([cyan, magenta, yellow], black)
        }),
        SampleLayout::YCbCr => write(samples, pixels, colour_of_differences),
        SampleLayout::First(size) => {
            for (sample, pixel) in samples.chunks_exact(size).zip(pixels.as_chunks_mut().0) {
                *pixel = [sample[0]; 3];
            }
        }
    }
}

fn write_gray(layout: SampleLayout, samples: &[u8], gray: &mut [u8]) {
    fn write<const SAMPLES: usize>(samples: &[u8], gray: &mut [u8], gray_of: impl Fn([u8; SAMPLES]) -> u8) {
        for (pixel, gray) in samples.as_chunks().0.iter().zip(gray) {
            *gray = gray_of(*pixel);
        }
    }
    // One loop per layout, so that each is compiled for its pixel size.
    match layout {
        SampleLayout::Gray => write(samples, gray, |[gray]| gray),
        SampleLayout::GrayAlpha => write(samples, gray, |[gray, alpha]| over_white(gray, alpha)),
        SampleLayout::Rgb => write(samples, gray, |[red, green, blue]| brightness(red, green, blue)),
        SampleLayout::Rgba => write(samples, gray, |[red, green, blue, alpha]| {
            over_white(brightness(red, green, blue), alpha)
        }),
        SampleLayout::Cmyk => write(samples, gray, |[cyan, magenta, yellow, black]| {
            let [red, green, blue] = colour_of_ink([cyan, magenta, yellow], black);
            brightness(red, green, blue)
        }),
        SampleLayout::YCbCr => write(samples, gray, |[luma, _, _]| luma),
        SampleLayout::First(size) => {
            for (pixel, gray) in samples.chunks_exact(size).zip(gray) {
                *gray = pixel[0];
            }
        }
    }
}

/// Converts a page of samples to pixels. Where a pixel does not grow, the conversion is in place and the spare memory is
/// freed.
pub(super) fn into_pixels(mode: ColorMode, layout: SampleLayout, mut samples: Vec<u8>) -> Vec<u8> {
    let (size, wanted) = (layout.samples(), mode.bytes());
    if size == 1 && wanted == 1 || layout == SampleLayout::Rgb && mode == ColorMode::Rgb {
        return samples;
    }
    let pixels = samples.len() / size;
    if size < wanted {
        let mut grown = vec![0; pixels * wanted];
        write_pixels(mode, layout, &samples, &mut grown);
        return grown;
    }
    // Through a small buffer: a loop that reads and writes the same memory is not vectorized.
    let mut block = [0; 1023];
    let mut done = 0;
    while done < pixels {
        let count = (block.len() / wanted).min(pixels - done);
        write_pixels(
            mode,
            layout,
            &samples[done * size..(done + count) * size],
            &mut block,
        );
        samples[done * wanted..(done + count) * wanted].copy_from_slice(&block[..count * wanted]);
        done += count;
    }
    samples.truncate(pixels * wanted);
    samples.shrink_to_fit();
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_have_the_brightness_of_rec_601() {
        assert_eq!(brightness(255, 255, 255), 255);
        assert_eq!(brightness(0, 0, 0), 0);
        assert_eq!(
            [
                brightness(255, 0, 0),
                brightness(0, 255, 0),
                brightness(0, 0, 255)
            ],
            [76, 150, 29]
        );
    }

    #[test]
    fn transparent_pixels_are_white() {
        assert_eq!(
            into_pixels(
                ColorMode::Gray,
                SampleLayout::GrayAlpha,
                vec![0, 0, 0, 255, 0, 128]
            ),
            [255, 0, 127]
        );
        assert_eq!(
            into_pixels(
                ColorMode::Gray,
                SampleLayout::Rgba,
                vec![9, 9, 9, 0, 9, 9, 9, 255]
            ),
            [255, 9]
        );
    }

    #[test]
    fn cmyk_ink_darkens() {
        assert_eq!(
            into_pixels(
                ColorMode::Gray,
                SampleLayout::Cmyk,
                vec![0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0]
            ),
            [255, 0, 0]
        );
    }

    #[test]
    fn chroma_differences_follow_jfif() {
        // The three colours themselves, by the formula of JFIF 1.02.
        assert_eq!(
            into_pixels(
                ColorMode::Rgb,
                SampleLayout::YCbCr,
                vec![76, 85, 255, 150, 44, 21, 29, 255, 107, 9, 128, 128]
            ),
            [254, 0, 0, 0, 255, 1, 0, 0, 254, 9, 9, 9]
        );
    }

    #[test]
    fn gray_samples_have_equal_rgb_values() {
        let samples: Vec<u8> = (0..=239).collect();
        for layout in [
            SampleLayout::Gray,
            SampleLayout::GrayAlpha,
            SampleLayout::First(5),
        ] {
            let gray = into_pixels(ColorMode::Gray, layout, samples.clone());
            let colours = into_pixels(ColorMode::Rgb, layout, samples.clone());
            let spread: Vec<u8> = gray.iter().flat_map(|gray| [*gray; 3]).collect();
            assert_eq!(colours, spread, "{layout:?}");
        }
    }

    #[test]
    fn rows_and_buffers_give_the_same_pixels() {
        let samples: Vec<u8> = (0..=239).cycle().take(240 * 40).collect();
        for layout in [
            SampleLayout::Gray,
            SampleLayout::GrayAlpha,
            SampleLayout::Rgb,
            SampleLayout::Rgba,
            SampleLayout::Cmyk,
            SampleLayout::YCbCr,
            SampleLayout::First(5),
        ] {
            for mode in [ColorMode::Gray, ColorMode::Rgb] {
                let mut row = vec![0; samples.len() / layout.samples() * mode.bytes()];
                write_pixels(mode, layout, &samples, &mut row);
                assert_eq!(
                    into_pixels(mode, layout, samples.clone()),
                    row,
                    "{layout:?} {mode:?}"
                );
            }
        }
    }
}
