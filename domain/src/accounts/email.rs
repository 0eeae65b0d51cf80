//! E-mail addresses.

use email_address::{EmailAddress, Options};

/// An e-mail address of at most 254 bytes, kept as given and compared without case.
#[derive(Debug, Clone)]
pub struct Email {
    shown: String,
    key: String,
}

impl Email {
    /// The longest address that SMTP carries (RFC 5321, 4.5.3.1.3, less the angle brackets).
    pub const MAX_BYTES: usize = 254;

    /// `None` when the text is not an address of the form `name@host.domain`.
    pub fn parse(text: &str) -> Option<Self> {
        let options = Options::default()
            .with_required_tld()
            .without_display_text()
            .without_domain_literal();
        let fits = text.len() <= Self::MAX_BYTES && !text.chars().any(char::is_control);
        (fits && EmailAddress::parse_with_options(text, options).is_ok()).then(|| Self {
            shown: text.to_owned(),
            key: Self::key_of(text),
        })
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// What an address, or a part of one, is compared by.
    pub(super) fn key_of(text: &str) -> String {
        text.to_lowercase()
    }

    /// What two addresses are compared by, and unique by.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Email {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_as_given_and_compared_without_case() {
        let email = Email::parse("Ada@Example.ORG").expect("a valid address");
        assert_eq!(email.as_str(), "Ada@Example.ORG");
        assert_eq!(Some(email), Email::parse("ada@example.org"));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@localhost",
            "a b@example.org",
            "Ada <ada@example.org>",
        ] {
            assert!(Email::parse(text).is_none(), "{text:?}");
        }
        let long = format!("{}@example.org", "a".repeat(243));
        assert!(Email::parse(&long).is_none());
    }
}
