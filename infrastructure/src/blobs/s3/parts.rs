//! Writing an object in parts, of which only two are in memory.

use super::unavailable;
use domain::images::{BlobError, ByteSource, ContentMeter};
use object_store::{Error, ObjectStoreExt, PutPayload, WriteMultipart, aws::AmazonS3, path::Path};
use tokio::runtime::Handle;

/// The bytes of a part: the fewest that S3 takes.
pub(super) const PART: usize = 5 * 1024 * 1024;
/// One part is on its way while the next one fills.
const PARTS_AT_ONCE: usize = 2;

/// An object that nobody sees before it is whole. What was sent is given up when this goes before its end; a process that
/// dies leaves it to the rules of the bucket.
pub(super) struct PartsUpload(Option<WriteMultipart>);

impl PartsUpload {
    /// Begins an upload.
    pub(super) async fn begin(s3: &AmazonS3, path: &Path) -> Result<Self, Error> {
        let upload = s3.put_multipart(path).await?;
        Ok(Self(Some(WriteMultipart::new_with_chunk_size(upload, PART))))
    }

    /// Writes `start` and what is left of `content`, whole or not at all.
    pub(super) async fn run(
        mut self,
        start: PutPayload,
        content: &mut ContentMeter,
    ) -> Result<(), BlobError> {
        let sent = self.send(start, content).await;
        let Some(parts) = self.0.take() else {
            return sent;
        };
        match sent {
            Ok(()) => parts.finish().await.map(drop).map_err(unavailable),
            Err(error) => {
                give_up(parts).await;
                Err(error)
            }
        }
    }

    async fn send(&mut self, start: PutPayload, content: &mut ContentMeter) -> Result<(), BlobError> {
        let Some(parts) = &mut self.0 else {
            return Ok(());
        };
        for piece in start {
            parts.put(piece);
        }
        while let Some(chunk) = content.next_chunk().await? {
            parts
                .wait_for_capacity(PARTS_AT_ONCE)
                .await
                .map_err(unavailable)?;
            parts.write(&chunk);
        }
        Ok(())
    }
}

impl Drop for PartsUpload {
    fn drop(&mut self) {
        if let (Some(parts), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(give_up(parts));
        }
    }
}

/// Best effort: where this fails, the parts stay until the rules of the bucket remove them.
async fn give_up(mut parts: WriteMultipart) {
    // A part that came after the end of its upload would stay: those on their way come first, each one that fails is told.
    while parts.wait_for_capacity(1).await.is_err() {}
    if let Err(error) = parts.abort().await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "parts of an upload left behind"
        );
    }
}
