//! Mails to users and their languages.

use super::{Email, Username};
use crate::{BoxError, named_enum};
use secrecy::SecretString;

named_enum! {
    /// The language of a mail, by its RFC 5646 tag.
    pub enum MailLanguage {
        /// English, the default.
        English = "en",
        /// Spanish.
        Spanish = "es",
    }
}

impl MailLanguage {
    /// Chooses a language by the header `Accept-Language` (RFC 9110, 12.5.4).
    ///
    /// The supported language with the highest weight wins; among equal weights, the one named first. Regions and
    /// malformed entries are ignored. Without a supported language the result is English.
    pub fn from_accept_language(header: &str) -> Self {
        let preferences: Vec<PreferredLanguage<'_>> = header
            .split(',')
            .enumerate()
            .filter_map(|(place, text)| PreferredLanguage::parse(text, place))
            .collect();
        let mut best: Option<(&PreferredLanguage<'_>, Self)> = None;
        for language in Self::ALL {
            if let Some(preference) = language.preference_among(&preferences)
                && best.is_none_or(|(other, _)| preference.outdoes(other))
            {
                best = Some((preference, language));
            }
        }
        best.map_or(Self::English, |(_, language)| language)
    }

    /// Returns the entry that applies to this language; `None` if there is none or its weight is 0. `*` applies only to
    /// languages that are not named.
    fn preference_among<'preferences>(
        self,
        preferences: &'preferences [PreferredLanguage<'_>],
    ) -> Option<&'preferences PreferredLanguage<'preferences>> {
        let best = |named: &str| {
            let about = preferences
                .iter()
                .filter(|preference| preference.language.eq_ignore_ascii_case(named));
            about.reduce(|best, preference| {
                if preference.outdoes(best) {
                    preference
                } else {
                    best
                }
            })
        };
        best(self.as_str())
            .or_else(|| best("*"))
            .filter(|preference| preference.weight > 0)
    }
}

/// One entry of an `Accept-Language` header.
struct PreferredLanguage<'header> {
    /// The language without its region, or `*`.
    language: &'header str,
    /// From 0 (not acceptable) to 1000.
    weight: u16,
    /// The number of entries before it.
    place: usize,
}

impl<'header> PreferredLanguage<'header> {
    fn parse(text: &'header str, place: usize) -> Option<Self> {
        let (range, weight) = match text.split_once(';') {
            Some((range, parameter)) => (range, weight_of(parameter.trim())?),
            None => (text, 1000),
        };
        let language = range.trim().split('-').next().filter(|text| !text.is_empty())?;
        Some(Self {
            language,
            weight,
            place,
        })
    }

    fn outdoes(&self, other: &Self) -> bool {
        self.weight > other.weight || (self.weight == other.weight && self.place < other.place)
    }
}

/// Parses a weight like `q=0.5`, between 0 and 1 with at most three decimals, into thousandths.
fn weight_of(parameter: &str) -> Option<u16> {
    let (name, value) = parameter.split_once('=')?;
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let well_formed = name.eq_ignore_ascii_case("q")
        && matches!(whole, "0" | "1")
        && decimals.len() <= 3
        && decimals.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths: u16 = format!("{whole}{decimals:0<3}").parse().ok()?;
    (well_formed && thousandths <= 1000).then_some(thousandths)
}

/// A mail to one user.
#[derive(Debug, Clone)]
pub struct Mail {
    /// The recipient's address.
    pub to: Email,
    /// The recipient's username.
    pub username: Username,
    /// The language of its text.
    pub language: MailLanguage,
    /// What it says.
    pub content: MailContent,
}

/// What a mail says. Codes are 8 digits and valid for 10 minutes.
#[derive(Debug, Clone)]
pub enum MailContent {
    /// A code for verifying the address.
    VerifyEmail {
        /// The code.
        code: SecretString,
    },
    /// A code for resetting the password.
    RecoverPassword {
        /// The code.
        code: SecretString,
    },
}

impl MailContent {
    /// Returns the code.
    pub fn code(&self) -> &SecretString {
        match self {
            Self::VerifyEmail { code } | Self::RecoverPassword { code } => code,
        }
    }
}

/// Why a mail was not sent. The message holds neither codes nor passwords.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The server rejects this mail permanently.
    #[error("the mail server rejects this mail permanently")]
    Refused,
    /// The server cannot be reached or used; a later attempt may succeed.
    #[error("no mail can be sent now: {0}")]
    Unavailable(#[source] BoxError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(header: &str) -> &'static str {
        MailLanguage::from_accept_language(header).as_str()
    }

    #[test]
    fn the_language_of_the_highest_weight_is_chosen() {
        assert_eq!(chosen("es"), "es");
        assert_eq!(chosen("en;q=0.7, es;q=0.8"), "es");
        assert_eq!(chosen("en;q=0.701,es;q=0.7"), "en");
        assert_eq!(chosen("fr, de;q=0.9, es;q=0.2, en;q=0.1"), "es");
    }

    #[test]
    fn of_languages_alike_the_one_named_first_is_chosen() {
        assert_eq!(chosen("es, en"), "es");
        assert_eq!(chosen("en, es"), "en");
        assert_eq!(chosen("fr;q=0.9, es;q=0.5, en;q=0.50"), "es");
    }

    #[test]
    fn regions_letter_case_and_spaces_do_not_matter() {
        assert_eq!(chosen("es-MX"), "es");
        assert_eq!(chosen("ES-419 ;  Q=1.000 , en ; q=0.9"), "es");
        assert_eq!(chosen("est, esperanto"), "en");
    }

    #[test]
    fn a_language_of_weight_zero_is_not_chosen() {
        assert_eq!(chosen("en;q=0, *"), "es");
        assert_eq!(chosen("es;q=0, *;q=0.1"), "en");
        assert_eq!(chosen("es;q=0"), "en");
    }

    #[test]
    fn the_asterisk_stands_for_what_is_not_named() {
        assert_eq!(chosen("*"), "en");
        assert_eq!(chosen("*, es;q=0.5"), "en");
        assert_eq!(chosen("en;q=0.4, *;q=0.5"), "es");
    }

    #[test]
    fn it_is_english_where_nothing_fits() {
        for header in ["", ",,;", "fr", "fr-CH, de;q=0.9", "-", "\u{0}", "ñ, 日本"] {
            assert_eq!(chosen(header), "en", "{header:?}");
        }
    }

    #[test]
    fn malformed_weights_are_passed_over() {
        for weight in [
            "q=", "q=2", "q=1.001", "q=0.1234", "q=-1", "q=0,5", "q=+1", "w=1", "q", "q=.5",
        ] {
            assert_eq!(chosen(&format!("es;{weight}, en;q=0.1")), "en", "{weight:?}");
        }
    }

    #[test]
    fn debug_output_hides_the_code() {
        let mail = Mail {
            to: Email::parse("ada@example.org").expect("a valid address"),
            username: Username::parse("ada").expect("a valid name"),
            language: MailLanguage::English,
            content: MailContent::VerifyEmail {
                code: "31415926".into(),
            },
        };
        assert!(!format!("{mail:?}").contains("31415926"));
    }
}
