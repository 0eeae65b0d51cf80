//! How soon an attacker tries a password.

use async_trait::async_trait;
use domain::{
    BoxError,
    accounts::{Email, Password, PasswordStrength, Username},
};
use zxcvbn::{Score, zxcvbn};

/// The most characters that are judged: the work grows faster than their number, and more only make a password
/// stronger.
const JUDGED_CHARACTERS: usize = 32;

/// Estimates with zxcvbn how many guesses a password takes. Common is what falls within a million.
#[derive(Debug, Clone, Copy, Default)]
pub struct ZxcvbnPasswordStrength;

#[async_trait]
impl PasswordStrength for ZxcvbnPasswordStrength {
    async fn is_common(
        &self,
        password: Password,
        username: Username,
        email: Email,
    ) -> Result<bool, BoxError> {
        let judge = move || is_common(password.expose(), username.as_str(), email.as_str());
        Ok(tokio::task::spawn_blocking(judge).await?)
    }
}

fn is_common(password: &str, username: &str, email: &str) -> bool {
    let judged: String = password.chars().take(JUDGED_CHARACTERS).collect();
    let mut known = vec!["ocellus", username, email];
    known.extend(username.split(['_', '.', '-']));
    known.extend(email.split(['@', '.', '+', '_', '-']));
    // The name and the host whole, for a password may be either.
    known.extend(email.rsplit_once('@').map(|(name, _)| name));
    known.extend(email.rsplit_once('@').map(|(_, host)| host));
    zxcvbn(&judged, &known).score() <= Score::One
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn common(password: &str) -> bool {
        is_common(password, "ada.lovelace", "countess@example.org")
    }

    #[test]
    fn what_attackers_try_first_is_common() {
        for password in [
            "password",
            "password1",
            "Password1",
            "P@ssw0rd",
            "qwerty123",
            "qwertyuiop",
            "12345678",
            "123456789",
            "aaaaaaaa",
            "abcdefgh",
            "abcd1234",
            "iloveyou",
            "letmein1",
            "football",
            "sunshine1",
            "11111111",
            "monkey123",
            "dragon12",
            "1q2w3e4r",
            "19900101",
            "ocellus1",
            "ocellus123",
            "Ocellus2026",
        ] {
            assert!(common(password), "{password}");
        }
    }

    #[test]
    fn the_users_own_name_and_address_are_common() {
        for password in [
            "ada.lovelace",
            "Lovelace",
            "lovelace1",
            "lovelace123",
            "countess",
            "countess1",
            "Countess123",
            "countess@example.org",
            "example.org",
        ] {
            assert!(common(password), "{password}");
        }
        assert!(!is_common("lovelace7countess", "grace", "grace@example.org"));
    }

    #[test]
    fn long_phrases_and_random_characters_are_not() {
        for password in [
            "correct horse battery",
            "correct horse battery staple",
            "xK9$mQ2vLp",
            "tz7Rw1nbQe",
            "h8d3k1x9s2",
            "qpzmwtrbvk",
            "четыре слова подряд",
            "purple-otter-sings",
        ] {
            assert!(!common(password), "{password}");
        }
    }

    #[test]
    fn the_longest_and_worst_passwords_are_judged_soon() {
        for unit in [
            "a",
            "1",
            "aA1!",
            "password",
            "qwerty",
            "4@8({[<3690!1|",
            "19",
            "é",
            "zxcvbnm",
        ] {
            let password: String = unit.chars().cycle().take(Password::MAX_CHARACTERS).collect();
            let start = Instant::now();
            common(&password);
            assert!(
                start.elapsed() < Duration::from_secs(2),
                "{unit}: {:?}",
                start.elapsed()
            );
        }
    }
}
