//! What a TIFF page says about its samples and where they are.

use super::{format::corrupt, tiff::Pages, tone::Layout};
use domain::images::ImageError;
use tiff::{ColorType, decoder::ChunkType, tags::Tag};

/// What the samples of the page mean, and how many bits each has.
pub(super) fn layout(decoder: &mut Pages) -> Result<(Layout, u8), ImageError> {
    let color = decoder.colortype().map_err(corrupt)?;
    let layout = match color {
        ColorType::Gray(_) => Layout::Gray,
        ColorType::RGB(_) => Layout::Rgb,
        ColorType::RGBA(_) => Layout::Rgba,
        ColorType::CMYK(_) => Layout::Cmyk,
        ColorType::YCbCr(_) => Layout::YCbCr,
        ColorType::Multiband { num_samples, .. } => {
            let extra = decoder
                .find_tag_unsigned_vec::<u16>(Tag::ExtraSamples)
                .map_err(corrupt)?;
            match (num_samples, extra.as_deref()) {
                (2, Some([1 | 2])) => Layout::GrayAlpha,
                _ => Layout::First(num_samples.into()),
            }
        }
        other => return Err(corrupt(format_args!("TIFF colours {other:?}"))),
    };
    let bits = color.bit_depth();
    if bits < 8 && layout != Layout::Gray {
        return Err(corrupt("TIFF colours of a few bits"));
    }
    Ok((layout, bits))
}

/// Where the strips or tiles are, and how long.
pub(super) fn ranges(decoder: &mut Pages) -> Result<Vec<(u64, u64)>, ImageError> {
    let (offsets, lengths) = match decoder.get_chunk_type() {
        ChunkType::Strip => (Tag::StripOffsets, Tag::StripByteCounts),
        ChunkType::Tile => (Tag::TileOffsets, Tag::TileByteCounts),
    };
    let offsets = decoder.get_tag_u64_vec(offsets).map_err(corrupt)?;
    let lengths = decoder.get_tag_u64_vec(lengths).map_err(corrupt)?;
    Ok(offsets.into_iter().zip(lengths).collect())
}
