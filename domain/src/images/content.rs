//! The bytes of an upload, counted and hashed while they pass.

use super::MediaType;
use crate::BoxError;
use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};

/// Bytes that come in pieces: an upload, a stored blob.
#[async_trait]
pub trait ByteSource: Send {
    /// The next piece, never empty; `None` at the end. After an error nothing more is to be had.
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError>;
}

/// Bytes that are in memory already, as one piece.
#[derive(Debug, Clone)]
pub struct BytesSource(Option<Bytes>);

impl BytesSource {
    /// Creates a source of `bytes`.
    pub fn new(bytes: Bytes) -> Self {
        Self(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

#[async_trait]
impl ByteSource for BytesSource {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        Ok(self.0.take())
    }
}

/// Why the bytes stopped coming.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The sender went away or sent what it should not.
    #[error("the bytes ended before their end")]
    Interrupted,
    /// There are more bytes than allowed.
    #[error("more than {limit} bytes")]
    TooLarge {
        /// The most bytes allowed.
        limit: u64,
    },
    /// The first bytes are those of no image that the service reads.
    #[error("not an image of a supported kind")]
    Unsupported,
    /// Where the bytes are read from failed.
    #[error("the bytes could not be read")]
    Unavailable(#[source] BoxError),
}

/// A SHA-256 digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sha256Digest(pub [u8; 32]);

impl std::fmt::Display for Sha256Digest {
    /// 64 lower-case hexadecimal digits.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// What a [`ContentMeter`] saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measured {
    /// The kind that the first bytes showed.
    pub media_type: MediaType,
    /// How many bytes passed.
    pub size_bytes: u64,
    /// Their digest.
    pub sha256: Sha256Digest,
}

/// Passes the bytes of an upload on, once their start is that of an image and as long as they are not too many.
pub struct ContentMeter {
    source: Box<dyn ByteSource>,
    limit: u64,
    size_bytes: u64,
    hasher: Sha256,
    media_type: Option<MediaType>,
}

impl ContentMeter {
    /// Measures `source`, of which at most `limit` bytes may pass.
    pub fn new(source: Box<dyn ByteSource>, limit: u64) -> Self {
        Self {
            source,
            limit,
            size_bytes: 0,
            hasher: Sha256::new(),
            media_type: None,
        }
    }

    /// What passed; `None` when nothing did.
    pub fn finish(self) -> Option<Measured> {
        let media_type = self.media_type?;
        let sha256 = Sha256Digest(self.hasher.finalize().into());
        Some(Measured {
            media_type,
            size_bytes: self.size_bytes,
            sha256,
        })
    }

    /// Collects as many bytes as are needed to tell the kind.
    async fn first_chunk(&mut self) -> Result<(Bytes, MediaType), SourceError> {
        let mut start = BytesMut::new();
        while start.len() < MediaType::SNIFF_BYTES {
            match self.source.next_chunk().await? {
                Some(chunk) => start.extend_from_slice(&chunk),
                None => break,
            }
        }
        let media_type = MediaType::sniff(&start).ok_or(SourceError::Unsupported)?;
        Ok((start.freeze(), media_type))
    }
}

#[async_trait]
impl ByteSource for ContentMeter {
    async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
        let chunk = if self.media_type.is_none() {
            let (chunk, media_type) = self.first_chunk().await?;
            self.media_type = Some(media_type);
            chunk
        } else {
            match self.source.next_chunk().await? {
                Some(chunk) => chunk,
                None => return Ok(None),
            }
        };
        self.size_bytes += chunk.len() as u64;
        if self.size_bytes > self.limit {
            return Err(SourceError::TooLarge { limit: self.limit });
        }
        self.hasher.update(&chunk);
        Ok(Some(chunk))
    }
}

/// Sources made of prepared pieces.
#[cfg(feature = "test-support")]
pub mod test_support {
    use super::{ByteSource, SourceError};
    use async_trait::async_trait;
    use bytes::Bytes;
    use std::collections::VecDeque;

    /// Yields the prepared pieces, then ends, or breaks off when it was told to.
    pub struct ChunkSource {
        chunks: VecDeque<Bytes>,
        breaks: bool,
    }

    impl ChunkSource {
        /// Ends after these pieces.
        pub fn new<const N: usize>(chunks: [&'static [u8]; N]) -> Self {
            Self {
                chunks: chunks.into_iter().map(Bytes::from_static).collect(),
                breaks: false,
            }
        }

        /// Breaks off after these pieces.
        pub fn breaking_off<const N: usize>(chunks: [&'static [u8]; N]) -> Self {
            Self {
                breaks: true,
                ..Self::new(chunks)
            }
        }
    }

    #[async_trait]
    impl ByteSource for ChunkSource {
        async fn next_chunk(&mut self) -> Result<Option<Bytes>, SourceError> {
            match self.chunks.pop_front() {
                None if self.breaks => Err(SourceError::Interrupted),
                chunk => Ok(chunk),
            }
        }
    }
}
