//! Hashing, tokens and secrets.

mod access_tokens;
mod embedding_cipher;
mod key_file;
mod oidc;
mod passwords;
mod secrets;
mod signing_key;
mod strength;

pub use access_tokens::Ed25519AccessTokens;
pub use embedding_cipher::{AesEmbeddingCipher, EncryptionKeyError};
pub use key_file::KeyFileError;
pub use oidc::{InvalidProvider, OpenIdProvider, OpenIdTokenVerifier};
pub use passwords::ArgonPasswordHasher;
pub use secrets::OsSecretGenerator;
pub use signing_key::SigningKeyError;
pub use strength::ZxcvbnPasswordStrength;
