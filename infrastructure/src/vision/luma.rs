//! From colours to gray.

/// How the samples of a pixel lie side by side, one byte each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
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
    /// The first sample is the gray; the other ones, this many in all, do not matter.
    First(usize),
}

impl Layout {
    /// How many bytes a pixel has.
    pub(super) fn samples(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb => 3,
            Self::Rgba | Self::Cmyk => 4,
            Self::First(samples) => samples,
        }
    }
}

/// The brightness of a colour by Rec. 601, rounded as Pillow and Leptonica do.
pub(super) fn brightness(red: u8, green: u8, blue: u8) -> u8 {
    let sum = 19_595 * u32::from(red) + 38_470 * u32::from(green) + 7_471 * u32::from(blue) + 0x8000;
    narrow(sum >> 16)
}

/// What is seen of `gray` over white paper.
pub(super) fn over_white(gray: u8, alpha: u8) -> u8 {
    let (gray, alpha) = (u32::from(gray), u32::from(alpha));
    narrow((gray * alpha + 255 * (255 - alpha) + 127) / 255)
}

/// The brightness of ink on white paper.
fn brightness_of_ink(inks: [u8; 3], black: u8) -> u8 {
    let [red, green, blue] = inks.map(|ink| product(255 - ink, 255 - black));
    brightness(red, green, blue)
}

/// The product of two shares of 255.
fn product(one: u8, other: u8) -> u8 {
    narrow((u32::from(one) * u32::from(other) + 127) / 255)
}

/// A sum that is known to fit.
fn narrow(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

/// Writes the gray of `samples` to `gray`, pixel by pixel, as far as both go.
pub(super) fn write_gray(layout: Layout, samples: &[u8], gray: &mut [u8]) {
    fn write<const SAMPLES: usize>(samples: &[u8], gray: &mut [u8], gray_of: impl Fn([u8; SAMPLES]) -> u8) {
        for (pixel, gray) in samples.as_chunks().0.iter().zip(gray) {
            *gray = gray_of(*pixel);
        }
    }
    // One loop for each layout, so that each knows its pixels.
    match layout {
        Layout::Gray => write(samples, gray, |[gray]| gray),
        Layout::GrayAlpha => write(samples, gray, |[gray, alpha]| over_white(gray, alpha)),
        Layout::Rgb => write(samples, gray, |[red, green, blue]| brightness(red, green, blue)),
        Layout::Rgba => write(samples, gray, |[red, green, blue, alpha]| {
            over_white(brightness(red, green, blue), alpha)
        }),
        Layout::Cmyk => write(samples, gray, |[cyan, magenta, yellow, black]| {
            brightness_of_ink([cyan, magenta, yellow], black)
        }),
        Layout::First(size) => {
            for (pixel, gray) in samples.chunks_exact(size).zip(gray) {
                *gray = pixel[0];
            }
        }
    }
}

/// Turns whole pixels into gray where they lie, and gives the rest of the memory back: the gray pixel never overtakes
/// the colours that are still to be read, so this takes no second buffer.
pub(super) fn into_gray(layout: Layout, mut samples: Vec<u8>) -> Vec<u8> {
    let size = layout.samples();
    if size == 1 {
        return samples;
    }
    // By way of a small buffer, for a loop that reads and writes the same memory is a slow one.
    let mut block = [0; 1024];
    let pixels = samples.len() / size;
    let mut done = 0;
    while done < pixels {
        let count = block.len().min(pixels - done);
        write_gray(layout, &samples[done * size..(done + count) * size], &mut block);
        samples[done..done + count].copy_from_slice(&block[..count]);
        done += count;
    }
    samples.truncate(pixels);
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
    fn what_is_not_there_is_white_paper() {
        assert_eq!(
            into_gray(Layout::GrayAlpha, vec![0, 0, 0, 255, 0, 128]),
            [255, 0, 127]
        );
        assert_eq!(into_gray(Layout::Rgba, vec![9, 9, 9, 0, 9, 9, 9, 255]), [255, 9]);
    }

    #[test]
    fn ink_darkens() {
        assert_eq!(
            into_gray(Layout::Cmyk, vec![0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0]),
            [255, 0, 0]
        );
    }

    #[test]
    fn rows_and_buffers_give_the_same_gray() {
        let samples: Vec<u8> = (0..=239).collect();
        for layout in [
            Layout::Gray,
            Layout::GrayAlpha,
            Layout::Rgb,
            Layout::Rgba,
            Layout::Cmyk,
            Layout::First(5),
        ] {
            let mut row = vec![0; samples.len() / layout.samples()];
            write_gray(layout, &samples, &mut row);
            assert_eq!(into_gray(layout, samples.clone()), row, "{layout:?}");
        }
    }
}
