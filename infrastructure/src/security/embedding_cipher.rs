//! Encryption of embeddings with AES-256-GCM.

use super::{
    key_file::{KeyFileError, load_or_create},
    secrets::random,
};
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use domain::{
    BoxError,
    faces::{Embedding, EmbeddingCipher, SealedEmbedding},
    ids::UserId,
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::{fmt::Write, path::Path};

/// Bytes of a key.
const KEY_LENGTH: usize = 32;
/// Bytes of the digest of a key that name it.
const ID_LENGTH: usize = 8;

/// Why there is no key. No message holds any of it.
#[derive(Debug, thiserror::Error)]
pub enum EncryptionKeyError {
    /// The file can be neither read nor created.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// What was given are no 32 bytes in base64.
    #[error("an encryption key must be 32 bytes in base64, as `openssl rand -base64 32` writes them")]
    Invalid,
}

/// Seals with one key, and opens what was sealed with that or with earlier ones. A random nonce stands before what it
/// sealed; the user's id is authenticated with it, so that no row opens in another's place.
pub struct AesEmbeddingCipher {
    current: Key,
    previous: Vec<Key>,
}

struct Key {
    id: String,
    cipher: RandomizedNonceKey,
}

impl Key {
    fn parse(text: &SecretString) -> Result<Self, EncryptionKeyError> {
        let bytes = STANDARD.decode(text.expose_secret().trim());
        let bytes = bytes.map_err(|_| EncryptionKeyError::Invalid)?;
        if bytes.len() != KEY_LENGTH {
            return Err(EncryptionKeyError::Invalid);
        }
        let cipher = RandomizedNonceKey::new(&AES_256_GCM, &bytes);
        let digest = Sha256::digest(&bytes);
        Ok(Self {
            id: hex(&digest[..ID_LENGTH]),
            cipher: cipher.map_err(|_| EncryptionKeyError::Invalid)?,
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl AesEmbeddingCipher {
    /// With a key of 32 bytes in base64, and those that it replaced.
    ///
    /// # Errors
    ///
    /// [`EncryptionKeyError::Invalid`] when one of them is something else.
    pub fn new(current: &SecretString, previous: &[SecretString]) -> Result<Self, EncryptionKeyError> {
        Ok(Self {
            current: Key::parse(current)?,
            previous: previous.iter().map(Key::parse).collect::<Result<_, _>>()?,
        })
    }

    /// With the key in a file, which is generated, readable by its owner alone, when there is none, and those that it
    /// replaced. Blocks on the file system.
    ///
    /// # Errors
    ///
    /// [`EncryptionKeyError`] when the file can be neither read nor created, or a key is something else.
    pub fn load_or_generate(path: &Path, previous: &[SecretString]) -> Result<Self, EncryptionKeyError> {
        let make = || Ok(STANDARD.encode(random::<KEY_LENGTH>()).into());
        Self::new(&load_or_create(path, make)?, previous)
    }
}

fn bound_to(user: UserId) -> Aad<[u8; 16]> {
    Aad::from(user.0.into_bytes())
}

impl EmbeddingCipher for AesEmbeddingCipher {
    fn key_id(&self) -> String {
        self.current.id.clone()
    }

    fn seal(&self, user: UserId, embedding: &Embedding) -> Result<SealedEmbedding, BoxError> {
        let mut sealed = embedding.to_bytes();
        let cipher = &self.current.cipher;
        let nonce = cipher.seal_in_place_append_tag(bound_to(user), &mut sealed)?;
        Ok(SealedEmbedding {
            key_id: self.key_id(),
            bytes: [nonce.as_ref().as_slice(), &sealed].concat(),
        })
    }

    fn open(&self, user: UserId, sealed: &SealedEmbedding) -> Result<Embedding, BoxError> {
        let mut keys = std::iter::once(&self.current).chain(&self.previous);
        let key = keys.find(|key| key.id == sealed.key_id);
        let key = key.ok_or_else(|| format!("the encryption key {} is not known", sealed.key_id))?;
        let (nonce, sealed) = sealed
            .bytes
            .split_at_checked(NONCE_LEN)
            .ok_or("a sealed embedding is too short")?;
        let nonce = Nonce::try_assume_unique_for_key(nonce)?;
        let mut sealed = sealed.to_vec();
        let opened = key.cipher.open_in_place(nonce, bound_to(user), &mut sealed)?;
        Ok(Embedding::from_bytes(opened).ok_or("what was sealed is no embedding")?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const USER: UserId = UserId(Uuid::from_u128(1));

    fn key(byte: u8) -> SecretString {
        STANDARD.encode([byte; KEY_LENGTH]).into()
    }

    fn cipher(current: u8, previous: &[u8]) -> AesEmbeddingCipher {
        let previous: Vec<_> = previous.iter().map(|byte| key(*byte)).collect();
        AesEmbeddingCipher::new(&key(current), &previous).unwrap()
    }

    #[test]
    fn what_is_sealed_is_opened_for_the_same_user_alone() {
        let cipher = cipher(1, &[]);
        let sealed = cipher.seal(USER, &Embedding::at(0.5)).unwrap();
        assert_eq!(cipher.open(USER, &sealed).unwrap(), Embedding::at(0.5));
        assert!(cipher.open(UserId(Uuid::from_u128(2)), &sealed).is_err());
    }

    #[test]
    fn nothing_of_the_embedding_shows_and_no_two_seals_are_alike() {
        let cipher = cipher(1, &[]);
        let (one, other) = (
            cipher.seal(USER, &Embedding::at(0.5)).unwrap(),
            cipher.seal(USER, &Embedding::at(0.5)).unwrap(),
        );
        assert_ne!(one.bytes, other.bytes);
        // Most of it is zeros.
        assert!(!one.bytes.windows(8).any(|bytes| bytes == [0; 8]));
    }

    #[test]
    fn what_was_changed_or_cut_off_is_not_opened() {
        let cipher = cipher(1, &[]);
        let sealed = cipher.seal(USER, &Embedding::at(0.5)).unwrap();
        for place in [0, NONCE_LEN, sealed.bytes.len() - 1] {
            let mut changed = sealed.clone();
            changed.bytes[place] ^= 1;
            assert!(cipher.open(USER, &changed).is_err(), "byte {place}");
        }
        for length in [0, NONCE_LEN, sealed.bytes.len() - 1] {
            let mut short = sealed.clone();
            short.bytes.truncate(length);
            assert!(cipher.open(USER, &short).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn an_earlier_key_opens_what_it_sealed_and_seals_nothing_any_more() {
        let sealed = cipher(1, &[]).seal(USER, &Embedding::at(0.5)).unwrap();
        let rotated = cipher(2, &[1]);
        assert_eq!(rotated.open(USER, &sealed).unwrap(), Embedding::at(0.5));
        let anew = rotated.seal(USER, &Embedding::at(0.5)).unwrap();
        assert_eq!(anew.key_id, rotated.key_id());
        assert_ne!(anew.key_id, sealed.key_id);
        let error = cipher(2, &[]).open(USER, &sealed).unwrap_err();
        assert!(error.to_string().contains(&sealed.key_id));
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_shown() {
        for text in ["", "secret", "c2VjcmV0", &STANDARD.encode([7; 33])] {
            let error = AesEmbeddingCipher::new(&text.into(), &[]).err().unwrap();
            assert!(matches!(error, EncryptionKeyError::Invalid));
            assert!(text.is_empty() || !format!("{error} {error:?}").contains(text));
            assert!(AesEmbeddingCipher::new(&key(1), &[text.into()]).is_err());
        }
    }

    #[test]
    fn the_key_is_generated_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("faces.key");
        let open = || AesEmbeddingCipher::load_or_generate(&path, &[]).unwrap();
        let sealed = open().seal(USER, &Embedding::at(0.5)).unwrap();
        assert_eq!(open().open(USER, &sealed).unwrap(), Embedding::at(0.5));
    }
}
