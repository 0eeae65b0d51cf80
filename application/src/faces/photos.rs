//! Photos of faces, held in memory until they are described.

use crate::Error;
use bytes::{Bytes, BytesMut};
use domain::{
    faces::{FaceEngine, Photo},
    images::{BlobError, ByteSource, ContentMeter, MediaType},
};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The bytes of photos that a process holds at most. A login needs no token, so any client can send photos.
const MEMORY_BYTES: usize = 256 << 20;

/// Receives photos into memory. When there is no room for more, the client is told to try again later.
pub struct PhotoIntake {
    engine: Arc<dyn FaceEngine>,
    max_bytes: u64,
    room: Arc<Semaphore>,
}

/// A received photo and its share of the memory.
#[derive(Debug)]
pub struct ReceivedPhoto {
    pub(super) photo: Photo,
    _room: OwnedSemaphorePermit,
}

impl PhotoIntake {
    /// Creates an intake of photos of at most `max_bytes`.
    pub fn new(engine: Arc<dyn FaceEngine>, max_bytes: u64) -> Self {
        Self {
            engine,
            max_bytes,
            room: Arc::new(Semaphore::new(MEMORY_BYTES)),
        }
    }

    /// The limit of the bytes of a photo.
    pub fn max_bytes(&self) -> u64 {
        self.max_bytes
    }

    /// Returns [`Error::FacesDisabled`] or [`Error::FaceModelsMissing`] where photos cannot be described.
    pub fn check(&self) -> Result<(), Error> {
        Ok(self.engine.check()?)
    }

    /// Receives a whole photo.
    ///
    /// # Errors
    ///
    /// [`Error::ImageTooLarge`], [`Error::UnsupportedImage`], [`Error::InterruptedUpload`], or [`Error::Unavailable`] when
    /// there is no room.
    pub async fn receive(&self, content: Box<dyn ByteSource>) -> Result<ReceivedPhoto, Error> {
        let mut meter = ContentMeter::new(content, self.max_bytes);
        let mut room = self.take(0)?;
        let mut bytes = BytesMut::new();
        while let Some(chunk) = meter.next_chunk().await.map_err(BlobError::Source)? {
            room.merge(self.take(chunk.len())?);
            bytes.extend_from_slice(&chunk);
        }
        let measured = meter.finish().ok_or(Error::UnsupportedImage)?;
        Ok(ReceivedPhoto::new(measured.media_type, bytes.freeze(), room))
    }

    fn take(&self, bytes: usize) -> Result<OwnedSemaphorePermit, Error> {
        let bytes = u32::try_from(bytes).map_err(|error| Error::Unavailable(error.into()))?;
        let room = Arc::clone(&self.room).try_acquire_many_owned(bytes);
        room.map_err(|_| Error::Unavailable("there is no room for more photos".into()))
    }
}

impl ReceivedPhoto {
    fn new(media_type: MediaType, bytes: Bytes, room: OwnedSemaphorePermit) -> Self {
        Self {
            photo: Photo { media_type, bytes },
            _room: room,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;
    use crate::fixtures::PNG_START;
    use domain::{
        faces::{FaceError, MockFaceEngine},
        images::test_support::ChunkSource,
    };

    fn intake(max_bytes: u64) -> PhotoIntake {
        PhotoIntake::new(Arc::new(MockFaceEngine::new()), max_bytes)
    }

    #[tokio::test]
    async fn a_photo_is_received_whole_and_its_room_is_freed_on_drop() {
        let intake = intake(64);
        let source = ChunkSource::new([PNG_START, b"more", b"and more"]);
        let received = intake.receive(Box::new(source)).await.expect("a photo");
        assert_eq!(received.photo.media_type, MediaType::Png);
        assert_eq!(received.photo.bytes, [PNG_START, b"more", b"and more"].concat());
        let taken = received.photo.bytes.len();
        assert_eq!(intake.room.available_permits(), MEMORY_BYTES - taken);
        drop(received);
        assert_eq!(intake.room.available_permits(), MEMORY_BYTES);
    }

    #[tokio::test]
    async fn a_file_that_is_too_large_no_image_or_incomplete_is_rejected() {
        for (source, code) in [
            (ChunkSource::new([PNG_START, &[0; 64]]), ErrorCode::ImageTooLarge),
            (ChunkSource::new([b"<html></html>"]), ErrorCode::UnsupportedImage),
            (ChunkSource::new([]), ErrorCode::UnsupportedImage),
            (ChunkSource::breaking_off([PNG_START]), ErrorCode::InvalidRequest),
        ] {
            let intake = intake(64);
            let error = intake.receive(Box::new(source)).await.expect_err("refused");
            assert_eq!(error.code(), code);
            assert_eq!(intake.room.available_permits(), MEMORY_BYTES);
        }
    }

    #[tokio::test]
    async fn without_room_for_more_photos_the_client_is_told_to_try_again() {
        let intake = intake(64);
        let others = intake.take(MEMORY_BYTES - PNG_START.len()).expect("room");
        let photo = || Box::new(ChunkSource::new([PNG_START, b"more"]));
        let error = intake.receive(photo()).await.expect_err("no room");
        assert_eq!(error.code(), ErrorCode::Unavailable);
        drop(others);
        assert!(intake.receive(photo()).await.is_ok());
    }

    #[test]
    fn without_an_engine_a_photo_is_rejected_before_it_is_sent() {
        for (error, code) in [
            (FaceError::Disabled, ErrorCode::Unavailable),
            (FaceError::NotLoaded, ErrorCode::ModelNotLoaded),
        ] {
            let mut engine = MockFaceEngine::new();
            engine.expect_check().return_once(|| Err(error));
            let intake = PhotoIntake::new(Arc::new(engine), 64);
            assert_eq!(intake.check().expect_err("refused").code(), code);
        }
    }
}
