//! Mails to users, and the languages that they are written in.

use super::{Email, Username};
use crate::BoxError;
use secrecy::SecretString;

/// A language that mails are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailLanguage {
    /// English, and what is taken where no other language is wished for.
    English,
    /// Spanish.
    Spanish,
}

impl MailLanguage {
    /// All of them. Of two that are wished for alike, the first is taken.
    const ALL: [Self; 2] = [Self::English, Self::Spanish];

    /// Of the languages that a client prefers (the header `Accept-Language`, RFC 9110, 12.5.4) the first that is
    /// supported: the one of the highest weight, and among equals the one that is named earlier. A region does not
    /// matter. Whatever is malformed is passed over, and where nothing is left it is English.
    pub fn from_accept_language(header: &str) -> Self {
        let wishes: Vec<Wish<'_>> = header
            .split(',')
            .enumerate()
            .filter_map(|(place, text)| Wish::parse(text, place))
            .collect();
        let mut best: Option<(&Wish<'_>, Self)> = None;
        for language in Self::ALL {
            if let Some(wish) = language.wish_among(&wishes)
                && best.is_none_or(|(other, _)| wish.outdoes(other))
            {
                best = Some((wish, language));
            }
        }
        best.map_or(Self::English, |(_, language)| language)
    }

    /// The language of a [`tag`](Self::tag); `None` when there is none.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.tag() == tag)
    }

    /// The language's short name after RFC 5646: `en` or `es`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
        }
    }

    /// What the client says about this language; `None` when it does not want it. Where it is named, `*` does not count.
    fn wish_among<'wishes>(self, wishes: &'wishes [Wish<'_>]) -> Option<&'wishes Wish<'wishes>> {
        let best = |named: &str| {
            let about = wishes
                .iter()
                .filter(|wish| wish.language.eq_ignore_ascii_case(named));
            about.reduce(|best, wish| if wish.outdoes(best) { wish } else { best })
        };
        best(self.tag())
            .or_else(|| best("*"))
            .filter(|wish| wish.weight > 0)
    }
}

/// One entry of an `Accept-Language` header.
struct Wish<'header> {
    /// Without its region, or `*`.
    language: &'header str,
    /// From 0, which is unwanted, to 1000.
    weight: u16,
    /// How many entries come before it.
    place: usize,
}

impl<'header> Wish<'header> {
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

/// The thousandths of `q=0.5`: between 0 and 1, with three decimals at the most.
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
    /// Where it goes.
    pub to: Email,
    /// Who is spoken to.
    pub username: Username,
    /// What it is written in.
    pub language: MailLanguage,
    /// What it says.
    pub content: MailContent,
}

/// What a mail says. Codes are 8 digits and hold for 10 minutes.
#[derive(Debug, Clone)]
pub enum MailContent {
    /// With this code the user shows that the address is his.
    VerifyEmail {
        /// The code.
        code: SecretString,
    },
    /// With this code the user chooses another password.
    RecoverPassword {
        /// The code.
        code: SecretString,
    },
}

impl MailContent {
    /// The code, whatever it is for.
    pub fn code(&self) -> &SecretString {
        match self {
            Self::VerifyEmail { code } | Self::RecoverPassword { code } => code,
        }
    }
}

/// Why a mail was not sent. No message holds a code or a password.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The server will never take this mail, so there is no use in trying again.
    #[error("the mail server refuses this mail for good")]
    Refused,
    /// The server cannot be reached or used now.
    #[error("no mail can be sent now: {0}")]
    Unavailable(#[source] BoxError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(header: &str) -> &'static str {
        MailLanguage::from_accept_language(header).tag()
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
    fn tags_lead_back_to_their_languages() {
        for language in MailLanguage::ALL {
            assert_eq!(MailLanguage::from_tag(language.tag()), Some(language));
        }
        assert_eq!(MailLanguage::from_tag("fr"), None);
    }

    #[test]
    fn codes_do_not_show_themselves() {
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
