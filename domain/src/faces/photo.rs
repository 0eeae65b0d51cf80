//! Photos of faces, and what an engine sees in them.

use super::Embedding;
use crate::images::MediaType;
use bytes::Bytes;

/// A photo that somebody sent.
#[derive(Debug, Clone)]
pub struct Photo {
    /// What its bytes show it to be.
    pub media_type: MediaType,
    /// The file.
    pub bytes: Bytes,
}

/// How clear a face is, from 0 to 1. It says nothing of whose it is.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct FaceQuality(f32);

impl FaceQuality {
    /// What is outside of 0 to 1 is cut off; what is no number is 0.
    pub fn new(share: f32) -> Self {
        Self(if share.is_nan() {
            0.0
        } else {
            share.clamp(0.0, 1.0)
        })
    }

    /// The share.
    pub fn share(self) -> f32 {
        self.0
    }

    /// The lesser of two.
    #[must_use]
    pub fn min(self, other: Self) -> Self {
        Self(self.0.min(other.0))
    }
}

/// The only face of a photo.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribedFace {
    /// What tells it from others.
    pub embedding: Embedding,
    /// How clear it is.
    pub quality: FaceQuality,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quality_is_a_share() {
        for (given, share) in [(-1.0, 0.0), (0.3, 0.3), (2.0, 1.0), (f32::NAN, 0.0)] {
            assert!((FaceQuality::new(given).share() - share).abs() < f32::EPSILON);
        }
        assert_eq!(
            FaceQuality::new(0.7).min(FaceQuality::new(0.2)),
            FaceQuality::new(0.2)
        );
    }
}
