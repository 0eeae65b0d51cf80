//! Bytes that come in pieces, as one.

use bytes::{Bytes, BytesMut};
use domain::images::{ByteSource, SourceError};

/// Reads a source to its end. A single piece is passed on as it is; several are copied once, when all of them are there
/// and their length is known. How much comes is for the source to limit.
///
/// # Errors
///
/// What the source says.
pub async fn collect(source: &mut dyn ByteSource) -> Result<Bytes, SourceError> {
    let mut pieces = Vec::new();
    while let Some(piece) = source.next_chunk().await? {
        pieces.push(piece);
    }
    if pieces.len() <= 1 {
        return Ok(pieces.pop().unwrap_or_default());
    }
    let mut whole = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
    for piece in pieces {
        // Each piece is freed as soon as it is copied.
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::images::test_support::ChunkSource;

    #[tokio::test]
    async fn pieces_are_joined_in_their_order() {
        let whole = collect(&mut ChunkSource::new([b"ab", b"c", b"def"]))
            .await
            .unwrap();
        assert_eq!(whole, "abcdef");
        assert_eq!(collect(&mut ChunkSource::new([])).await.unwrap(), "");
    }

    #[tokio::test]
    async fn a_single_piece_is_not_copied() {
        static PIECE: &[u8] = b"alone";
        let whole = collect(&mut ChunkSource::new([PIECE])).await.unwrap();
        assert_eq!(whole.as_ptr(), PIECE.as_ptr());
    }

    #[tokio::test]
    async fn what_breaks_off_is_an_error() {
        let broken = collect(&mut ChunkSource::breaking_off([b"ab"])).await;
        assert!(matches!(broken, Err(SourceError::Interrupted)));
    }
}
