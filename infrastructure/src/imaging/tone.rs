//! From samples, whatever they mean, to the pixels that are wanted.

/// What a page is decoded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// One byte per pixel, 0 is black.
    Gray,
    /// Red, green and blue, a byte each.
    Rgb,
}

impl Tone {
    /// How many bytes a pixel has.
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::Rgb => 3,
        }
    }

    /// The bytes of a colour, as many as there are.
    pub(super) fn of(self, [red, green, blue]: [u8; 3]) -> [u8; 3] {
        match self {
            Self::Gray => [brightness(red, green, blue); 3],
            Self::Rgb => [red, green, blue],
        }
    }
}

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
    /// Brightness and two differences of colour, each over its whole range.
    YCbCr,
    /// The first sample is the gray; the other ones, this many in all, do not matter.
    First(usize),
}

impl Layout {
    /// How many bytes a pixel has.
    pub(super) fn samples(self) -> usize {
        match self {
            Self::Gray => 1,
            Self::GrayAlpha => 2,
            Self::Rgb | Self::YCbCr => 3,
            Self::Rgba | Self::Cmyk => 4,
            Self::First(samples) => samples,
        }
    }

    /// The most bytes that a pixel takes while its samples become what is wanted.
    pub(super) fn bytes_into(self, tone: Tone) -> u64 {
        let (samples, wanted) = (self.samples(), tone.bytes());
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

/// What is seen of `gray` over white paper.
pub(super) fn over_white(gray: u8, alpha: u8) -> u8 {
    let (gray, alpha) = (u32::from(gray), u32::from(alpha));
    narrow((gray * alpha + 255 * (255 - alpha) + 127) / 255)
}

/// The colour of ink on white paper.
fn colour_of_ink(inks: [u8; 3], black: u8) -> [u8; 3] {
    inks.map(|ink| product(255 - ink, 255 - black))
}

/// The colour that JFIF means, in 16 bits of fraction.
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

/// Writes what is wanted of `samples` to `pixels`, one by one, as far as both go.
pub(super) fn write_pixels(tone: Tone, layout: Layout, samples: &[u8], pixels: &mut [u8]) {
    match tone {
        Tone::Gray => write_gray(layout, samples, pixels),
        Tone::Rgb => write_rgb(layout, samples, pixels),
    }
}

fn write_rgb(layout: Layout, samples: &[u8], pixels: &mut [u8]) {
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
        Layout::Gray => write(samples, pixels, |[gray]| [gray; 3]),
        Layout::GrayAlpha => write(samples, pixels, |[gray, alpha]| [over_white(gray, alpha); 3]),
        Layout::Rgb => write(samples, pixels, |colour| colour),
        Layout::Rgba => write(samples, pixels, |[red, green, blue, alpha]| {
            [red, green, blue].map(|part| over_white(part, alpha))
        }),
        Layout::Cmyk => write(samples, pixels, |[cyan, magenta, yellow, black]| {
            colour_of_ink([cyan, magenta, yellow], black)
        }),
        Layout::YCbCr => write(samples, pixels, colour_of_differences),
        Layout::First(size) => {
            for (sample, pixel) in samples.chunks_exact(size).zip(pixels.as_chunks_mut().0) {
                *pixel = [sample[0]; 3];
            }
        }
    }
}

fn write_gray(layout: Layout, samples: &[u8], gray: &mut [u8]) {
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
            let [red, green, blue] = colour_of_ink([cyan, magenta, yellow], black);
            brightness(red, green, blue)
        }),
        Layout::YCbCr => write(samples, gray, |[luma, _, _]| luma),
        Layout::First(size) => {
            for (pixel, gray) in samples.chunks_exact(size).zip(gray) {
                *gray = pixel[0];
            }
        }
    }
}

/// Turns whole samples into what is wanted. Where a pixel does not grow by that, it happens where they lie and the rest
/// of the memory is given back: no pixel that is written overtakes the samples that are still to be read.
pub(super) fn into_pixels(tone: Tone, layout: Layout, mut samples: Vec<u8>) -> Vec<u8> {
    let (size, wanted) = (layout.samples(), tone.bytes());
    if size == 1 && wanted == 1 || layout == Layout::Rgb && tone == Tone::Rgb {
        return samples;
    }
    let pixels = samples.len() / size;
    if size < wanted {
        let mut grown = vec![0; pixels * wanted];
        write_pixels(tone, layout, &samples, &mut grown);
        return grown;
    }
    // By way of a small buffer, for a loop that reads and writes the same memory is a slow one.
    let mut block = [0; 1023];
    let mut done = 0;
    while done < pixels {
        let count = (block.len() / wanted).min(pixels - done);
        write_pixels(
            tone,
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
    fn what_is_not_there_is_white_paper() {
        assert_eq!(
            into_pixels(Tone::Gray, Layout::GrayAlpha, vec![0, 0, 0, 255, 0, 128]),
            [255, 0, 127]
        );
        assert_eq!(
            into_pixels(Tone::Gray, Layout::Rgba, vec![9, 9, 9, 0, 9, 9, 9, 255]),
            [255, 9]
        );
    }

    #[test]
    fn ink_darkens() {
        assert_eq!(
            into_pixels(
                Tone::Gray,
                Layout::Cmyk,
                vec![0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 0]
            ),
            [255, 0, 0]
        );
    }

    #[test]
    fn differences_of_colour_are_those_of_jfif() {
        // The three colours themselves, by the formula of JFIF 1.02.
        assert_eq!(
            into_pixels(
                Tone::Rgb,
                Layout::YCbCr,
                vec![76, 85, 255, 150, 44, 21, 29, 255, 107, 9, 128, 128]
            ),
            [254, 0, 0, 0, 255, 1, 0, 0, 254, 9, 9, 9]
        );
    }

    #[test]
    fn what_is_gray_stays_gray_in_colour() {
        let samples: Vec<u8> = (0..=239).collect();
        for layout in [Layout::Gray, Layout::GrayAlpha, Layout::First(5)] {
            let gray = into_pixels(Tone::Gray, layout, samples.clone());
            let colours = into_pixels(Tone::Rgb, layout, samples.clone());
            let spread: Vec<u8> = gray.iter().flat_map(|gray| [*gray; 3]).collect();
            assert_eq!(colours, spread, "{layout:?}");
        }
    }

    #[test]
    fn rows_and_buffers_give_the_same_pixels() {
        let samples: Vec<u8> = (0..=239).cycle().take(240 * 40).collect();
        for layout in [
            Layout::Gray,
            Layout::GrayAlpha,
            Layout::Rgb,
            Layout::Rgba,
            Layout::Cmyk,
            Layout::YCbCr,
            Layout::First(5),
        ] {
            for tone in [Tone::Gray, Tone::Rgb] {
                let mut row = vec![0; samples.len() / layout.samples() * tone.bytes()];
                write_pixels(tone, layout, &samples, &mut row);
                assert_eq!(
                    into_pixels(tone, layout, samples.clone()),
                    row,
                    "{layout:?} {tone:?}"
                );
            }
        }
    }
}
