//! The Ed25519 key that access tokens are signed with.

use super::key_file::{KeyFileError, load_or_create};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use domain::BoxError;
use pem::Pem;
use secrecy::{ExposeSecret, SecretString};
use std::path::Path;

/// How a PKCS#8 private key is labelled in PEM.
const LABEL: &str = "PRIVATE KEY";

/// Why there is no signing key. No message holds any of it.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// The file can be neither read nor created.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// What was given is no Ed25519 private key in PKCS#8 PEM.
    #[error("the signing key is not an Ed25519 private key in PEM (PKCS#8)")]
    Invalid,
}

/// Parses a PKCS#8 PEM, as OpenSSL writes it, with or without the public half.
pub(super) fn parse(text: &SecretString) -> Result<Ed25519KeyPair, SigningKeyError> {
    let pem = pem::parse(text.expose_secret()).map_err(|_| SigningKeyError::Invalid)?;
    if pem.tag() != LABEL {
        return Err(SigningKeyError::Invalid);
    }
    Ed25519KeyPair::from_pkcs8_maybe_unchecked(pem.contents()).map_err(|_| SigningKeyError::Invalid)
}

/// Reads the key, and creates it first when there is none. Of processes that start at once one creates it, and all
/// read the same.
pub(super) fn load_or_generate(path: &Path) -> Result<Ed25519KeyPair, SigningKeyError> {
    parse(&load_or_create(path, generate)?)
}

fn generate() -> Result<SecretString, BoxError> {
    let key = Ed25519KeyPair::generate()?.to_pkcs8v1()?;
    Ok(pem::encode(&Pem::new(LABEL, key.as_ref())).into())
}

/// The 32 bytes of the public half.
pub(super) fn public_bytes(key: &Ed25519KeyPair) -> [u8; 32] {
    let bytes = key.public_key().as_ref();
    bytes.try_into().expect("an Ed25519 public key has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;
    use tempfile::NamedTempFile;

    /// What `openssl genpkey -algorithm ed25519` wrote once; its public half by `openssl pkey -pubout`.
    const OPENSSL_KEY: &str = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIILBT29AvfLw+v92CPeqOvcMwlzxt9+YLznN/poYt/TO\n\
        -----END PRIVATE KEY-----\n";
    const OPENSSL_PUBLIC: &str = "b8c4a126ab0a149fbeb26ec200e455b3b1f734398633f295069a8d1343c8d938";

    #[test]
    fn a_key_that_openssl_wrote_is_taken() {
        let key = parse(&OPENSSL_KEY.into()).unwrap();
        // Shows 32 bytes in hexadecimal digits, whatever they are.
        let public = domain::images::Sha256Digest(public_bytes(&key));
        assert_eq!(public.to_string(), OPENSSL_PUBLIC);
    }

    #[test]
    fn what_is_no_such_key_is_refused_without_being_shown() {
        let garbled = OPENSSL_KEY.replace("PRIVATE", "EC PRIVATE");
        let short = "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n";
        for text in ["", "secret", short, &garbled] {
            let error = parse(&text.into()).unwrap_err();
            assert!(matches!(error, SigningKeyError::Invalid));
            assert!(!format!("{error} {error:?}").contains("secret"));
        }
    }

    #[test]
    fn the_key_is_generated_once_and_for_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/signing.pem");
        let first = load_or_generate(&path).unwrap();
        let second = load_or_generate(&path).unwrap();
        assert_eq!(public_bytes(&first), public_bytes(&second));
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn processes_that_start_at_once_end_with_the_same_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("signing.pem");
        let keys: Vec<[u8; 32]> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| public_bytes(&load_or_generate(&path).unwrap())))
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn a_damaged_file_is_refused_and_kept() {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "damaged").unwrap();
        assert!(matches!(
            load_or_generate(file.path()),
            Err(SigningKeyError::Invalid)
        ));
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "damaged");
    }
}
