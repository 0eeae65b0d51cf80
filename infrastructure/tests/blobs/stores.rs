//! Stores to test, and bytes to put into them.

use crate::s3_server::S3Server;
use async_trait::async_trait;
use bytes::Bytes;
use domain::{
    ids::ImageId,
    images::{BlobKey, BlobStore, ByteSource, ContentMeter, SourceError},
};
use infrastructure::blobs::{S3Access, S3BlobStore, S3Keys, S3Settings};
use uuid::Uuid;

/// What the start of a PNG looks like.
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\n....";

/// A bucket as it is configured.
pub(crate) fn settings(server: &S3Server) -> S3Settings {
    S3Settings {
        bucket: S3Server::BUCKET.to_owned(),
        prefix: "ocellus/blobs".to_owned(),
        access: S3Access {
            endpoint: Some(format!("http://{}", server.address())),
            allow_http: true,
            keys: Some(S3Keys {
                access_key_id: S3Server::ACCESS_KEY_ID.to_owned(),
                secret_access_key: S3Server::SECRET_ACCESS_KEY.into(),
            }),
            ..S3Access::default()
        },
    }
}

/// A store in a bucket of its own.
pub(crate) async fn store() -> (S3Server, S3BlobStore) {
    let server = S3Server::start();
    let store = S3BlobStore::open(&settings(&server)).await.expect("a bucket");
    (server, store)
}

pub(crate) fn key() -> BlobKey {
    BlobKey::of_image(ImageId(Uuid::from_u128(0xab)))
}

pub(crate) fn metered(source: impl ByteSource + 'static) -> ContentMeter {
    ContentMeter::new(Box::new(source), 1 << 30)
}

/// All that is there.
pub(crate) async fn content(store: &S3BlobStore, key: &BlobKey) -> Option<Vec<u8>> {
    let mut source = store.read(key).await.expect("a store that answers")?;
    let mut content = Vec::new();
    while let Some(chunk) = source.next_chunk().await.expect("the rest") {
        assert!(!chunk.is_empty());
        content.extend_from_slice(&chunk);
    }
    Some(content)
}

/// A PNG that goes on with bytes in which every place is another, in pieces that fit no part, until it ends or breaks off.
pub(crate) struct LongSource {
    at: usize,
    length: usize,
    breaks: bool,
}

impl LongSource {
    pub(crate) fn new(length: usize) -> Self {
        Self {
            at: 0,
            length,
            breaks: false,
        }
    }

    pub(crate) fn breaking_off(length: usize) -> Self {
        Self {
            breaks: true,
            ..Self::new(length)
        }
    }

    /// The whole.
    pub(crate) fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(byte).collect()
    }
}

fn byte(at: usize) -> u8 {
    let mixed = (at.wrapping_mul(0x9e37_79b9) >> 7) % 251;
    let mixed = u8::try_from(mixed).expect("less than 251");
    PNG.get(at).copied().unwrap_or(mixed)
}

#[async_trait]
impl ByteSource for LongSource {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        const PIECE: usize = 77_777;
        let end = self.length.min(self.at + PIECE);
        let chunk: Bytes = (self.at..end).map(byte).collect();
        self.at = end;
        if !chunk.is_empty() {
            Ok(Some(chunk))
        } else if self.breaks {
            Err(SourceError::Interrupted)
        } else {
            Ok(None)
        }
    }
}
