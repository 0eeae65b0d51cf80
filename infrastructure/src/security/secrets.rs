//! Secrets from the operating system's randomness.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::accounts::{Code, SecretGenerator};
use secrecy::SecretString;

/// Draws secrets from a generator that the operating system seeds.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsSecretGenerator;

/// The greatest multiple of the number of codes that a draw can reach: what is beyond would make some codes likelier.
const FAIR_BELOW: u32 = 4_200_000_000;

impl SecretGenerator for OsSecretGenerator {
    fn token(&self) -> SecretString {
        URL_SAFE_NO_PAD.encode(random::<32>()).into()
    }

    fn code(&self) -> Code {
        loop {
            let drawn = u32::from_ne_bytes(random());
            if drawn < FAIR_BELOW {
                return Code::from_number(drawn);
            }
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the adapter behind the SecretGenerator port"
)]
pub(super) fn random<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    aws_lc_rs::rand::fill(&mut bytes).expect("a machine without randomness can run no service");
    bytes
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

    #[test]
    fn codes_are_spread_over_all_that_there_are() {
        let mut first_digits = [0_u32; 10];
        let codes: HashSet<String> = (0..10_000)
            .map(|_| OsSecretGenerator.code().secret().expose_secret().to_owned())
            .collect();
        // Of so many among a hundred million, a few may be the same.
        assert!(codes.len() > 9_980, "{}", codes.len());
        for code in &codes {
            assert!(Code::parse(code).is_some(), "{code}");
            first_digits[usize::from(code.as_bytes()[0] - b'0')] += 1;
        }
        assert!(
            first_digits.iter().all(|count| (800..1200).contains(count)),
            "{first_digits:?}"
        );
    }
}
