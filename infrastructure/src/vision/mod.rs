//! Decoding of images.
