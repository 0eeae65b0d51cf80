//! A model folder as one file: a tar archive, compressed with gzip or not.

use super::folder::{MANIFEST, MODEL, MOST_OF_MANIFEST, MOST_OF_MODEL, ModelFiles, bounded};
use flate2::read::GzDecoder;
use std::io::{BufReader, Read};

/// The first bytes of gzip (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];
/// What the whole archive may have when unpacked, whatever else lies in it.
const MOST_UNPACKED: u64 = 2 * MOST_OF_MODEL;

/// The two files of an archive, in its root or in the same folder of it. Nothing is written anywhere, so the paths in it
/// lead nowhere.
///
/// # Errors
///
/// What is wrong with it, as a sentence.
pub(super) fn read(archive: impl Read) -> Result<ModelFiles, String> {
    let mut archive = BufReader::new(archive);
    let start = std::io::BufRead::fill_buf(&mut archive).map_err(unreadable)?;
    if start.starts_with(&GZIP) {
        unpack(GzDecoder::new(archive))
    } else {
        unpack(archive)
    }
}

fn unpack(archive: impl Read) -> Result<ModelFiles, String> {
    let mut archive = tar::Archive::new(archive.take(MOST_UNPACKED));
    let (mut manifest, mut onnx) = (None, None);
    for entry in archive.entries().map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let path = entry.path().map_err(unreadable)?.into_owned();
        let folder = path.parent().map(ToOwned::to_owned).unwrap_or_default();
        let (place, most) = match path.file_name().and_then(|name| name.to_str()) {
            Some(MANIFEST) => (&mut manifest, MOST_OF_MANIFEST),
            Some(MODEL) => (&mut onnx, MOST_OF_MODEL),
            _ => continue,
        };
        let name = path.display().to_string();
        if place.replace((folder, bounded(entry, &name, most)?)).is_some() {
            return Err(format!("the archive holds more than one {}", path.display()));
        }
    }
    match (manifest, onnx) {
        (Some((one, manifest)), Some((other, onnx))) if one == other => Ok(ModelFiles { manifest, onnx }),
        _ => Err(format!("the archive has no folder with {MANIFEST} and {MODEL}")),
    }
}

fn unreadable(error: impl std::fmt::Display) -> String {
    format!("the archive cannot be read: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    fn archive_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder.append_data(&mut header, name, *content).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn both_files_are_found_compressed_or_not() {
        let plain = archive_of(&[
            ("eyes/README", b"-"),
            ("eyes/manifest.json", b"{}"),
            ("eyes/model.onnx", b"net"),
        ]);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&plain).unwrap();
        for bytes in [plain, encoder.finish().unwrap()] {
            let files = read(bytes.as_slice()).unwrap();
            assert_eq!((files.manifest, files.onnx), (b"{}".to_vec(), b"net".to_vec()));
        }
    }

    #[test]
    fn what_is_no_archive_of_a_model_is_refused() {
        let twice = [("manifest.json", &b"{}"[..]), ("a/manifest.json", b"{}")];
        for bytes in [
            archive_of(&[("manifest.json", b"{}")]),
            archive_of(&[("a/manifest.json", b"{}"), ("b/model.onnx", b"net")]),
            archive_of(&twice),
            b"no archive at all, but long enough to be told from an empty one".repeat(20),
            [&GZIP[..], b"cut off"].concat(),
            Vec::new(),
        ] {
            assert!(read(bytes.as_slice()).is_err());
        }
    }
}
