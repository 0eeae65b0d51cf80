//! Secrets from the operating system's randomness.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::accounts::SecretGenerator;
use secrecy::SecretString;

/// Draws secrets from a generator that the operating system seeds.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsSecretGenerator;

impl SecretGenerator for OsSecretGenerator {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the adapter behind the SecretGenerator port"
    )]
    fn token(&self) -> SecretString {
        let mut bytes = [0; 32];
        aws_lc_rs::rand::fill(&mut bytes).expect("a machine without randomness can run no service");
        URL_SAFE_NO_PAD.encode(bytes).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;
    use std::collections::HashSet;

    #[test]
    fn a_token_is_43_characters_of_base64url_and_never_comes_twice() {
        let tokens: HashSet<String> = (0..1000)
            .map(|_| OsSecretGenerator.token().expose_secret().to_owned())
            .collect();
        assert_eq!(tokens.len(), 1000);
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        assert!(
            tokens
                .iter()
                .all(|token| token.len() == 43 && token.bytes().all(allowed))
        );
    }
}
