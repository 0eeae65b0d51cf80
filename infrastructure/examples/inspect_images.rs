//! Inspects every image of a folder as an upload is inspected, and prints the outcome.
//!
//! ```text
//! cargo run -p infrastructure --example inspect_images -- FOLDER
//! ```
//!
//! `FOLDER` holds images and a `manifest.json`: `{"images": [{"file", "expect"}]}`, names relative to it. Each line has the
//! file, the outcome, the milliseconds of CPU, a CRC-32 of the decoded gray pages and of the first page in colour, and the
//! expectation of the manifest. Two builds that decode alike print the same checksums.

use bytes::Bytes;
use cpu::cpu_milliseconds;
use domain::images::{ImageError, ImageFacts, MediaType};
use infrastructure::imaging::{DecodeBudget, DecodeLimits, PageDecoder, decode_in_colour};
use std::{error::Error, path::Path};

mod cpu;

#[derive(serde::Deserialize)]
struct Manifest {
    images: Vec<Sample>,
}

#[derive(serde::Deserialize)]
struct Sample {
    file: String,
    #[serde(default)]
    expect: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("name a folder with a manifest.json")?;
    let folder = Path::new(&folder);
    let manifest: Manifest = serde_json::from_slice(&std::fs::read(folder.join("manifest.json"))?)?;
    for sample in manifest.images {
        let bytes = Bytes::from(std::fs::read(folder.join(&sample.file))?);
        let begun = cpu_milliseconds()?;
        let outcome = outcome(&bytes);
        let taken = cpu_milliseconds()? - begun;
        println!(
            "{:<50} {outcome:<60} {taken:>6.0} ms  {}",
            sample.file, sample.expect
        );
    }
    Ok(())
}

fn outcome(bytes: &Bytes) -> String {
    let Some(media_type) = MediaType::sniff(bytes) else {
        return "unsupported".to_owned();
    };
    let limits = DecodeLimits::default();
    let budget = DecodeBudget::new(&limits);
    match decode_gray(media_type, bytes, &limits, &budget) {
        Err(error) => format!("{error:?}"),
        Ok((facts, dpi, gray)) => {
            let colour = decode_in_colour(media_type, bytes.clone(), &limits, &budget).map_or_else(
                |error| format!("{error:?}"),
                |page| checksum(page.pixels.as_raw()),
            );
            format!(
                "{}x{} {} page(s) dpi {dpi:?} {gray} {colour}",
                facts.width, facts.height, facts.pages
            )
        }
    }
}

fn decode_gray(
    media_type: MediaType,
    bytes: &Bytes,
    limits: &DecodeLimits,
    budget: &DecodeBudget,
) -> Result<(ImageFacts, Option<u32>, String), ImageError> {
    let mut decoder = PageDecoder::open(media_type, bytes.clone(), limits, budget)?;
    let (mut sums, mut dpi) = (String::new(), None);
    while let Some(page) = decoder.next_page()? {
        dpi = dpi.or(page.dpi);
        sums.push_str(&checksum(page.pixels.as_raw()));
    }
    Ok((decoder.facts(), dpi, checksum(sums.as_bytes())))
}

fn checksum(bytes: &[u8]) -> String {
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    format!("{:08x}", sum.sum())
}
