//! The inspector.

use super::samples::{LIMITS, encode, speckles};
use crate::imaging::{BoundedImageInspector, DecodeBudget};
use async_trait::async_trait;
use bytes::Bytes;
use domain::images::{
    ByteSource, ImageError, ImageFacts, ImageInspector, MediaType, SourceError, test_support::ChunkSource,
};
use image::ImageFormat;

struct Pieces(Vec<Bytes>);

#[async_trait]
impl ByteSource for Pieces {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        Ok((!self.0.is_empty()).then(|| self.0.remove(0)))
    }
}

fn inspector() -> BoundedImageInspector {
    BoundedImageInspector::new(LIMITS, DecodeBudget::new(&LIMITS))
}

#[tokio::test]
async fn an_image_in_pieces_is_inspected_whole() {
    let bytes = Bytes::from(encode(speckles(31, 5), ImageFormat::Jpeg));
    let pieces = Pieces(vec![bytes.slice(..40), bytes.slice(40..)]);
    let facts = inspector()
        .inspect(MediaType::Jpeg, Box::new(pieces))
        .await
        .unwrap();
    let expected = ImageFacts {
        width: 31,
        height: 5,
        pages: 1,
    };
    assert_eq!(facts, expected);
}

#[tokio::test]
async fn many_at_once_take_turns() {
    let inspector = inspector();
    let bytes = Bytes::from(encode(speckles(300, 300), ImageFormat::Png));
    let all = (0..40).map(|_| inspector.inspect(MediaType::Png, Box::new(Pieces(vec![bytes.clone()]))));
    for facts in futures_util::future::join_all(all).await {
        assert_eq!(facts.unwrap().width, 300);
    }
}

#[tokio::test]
async fn bytes_that_stop_coming_are_not_the_fault_of_the_image() {
    let broken = ChunkSource::breaking_off([b"\x89PNG"]);
    let result = inspector().inspect(MediaType::Png, Box::new(broken)).await;
    assert!(matches!(result, Err(ImageError::Unavailable(_))));
}

#[tokio::test]
async fn an_image_of_another_kind_than_said_is_corrupt() {
    for kind in MediaType::ALL {
        let nothing = ChunkSource::new([b"nothing of the kind"]);
        let result = inspector().inspect(kind, Box::new(nothing)).await;
        assert!(matches!(result, Err(ImageError::Corrupt)), "{kind:?}");
    }
}
