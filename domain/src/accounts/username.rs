//! User names.

use unicode_normalization::UnicodeNormalization;

/// A user name: 3 to 64 Unicode letters, digits, `_`, `.` and `-`, in NFKC, shown as given and compared without case.
#[derive(Debug, Clone)]
pub struct Username {
    shown: String,
    key: String,
}

impl Username {
    /// The fewest characters.
    pub const MIN_CHARACTERS: usize = 3;
    /// The most characters.
    pub const MAX_CHARACTERS: usize = 64;

    /// `None` when the text is shorter, longer or holds another character.
    pub fn parse(text: &str) -> Option<Self> {
        // A longer text cannot become a name: NFKC makes no string shorter than a third of its characters.
        if text.chars().count() > 4 * Self::MAX_CHARACTERS {
            return None;
        }
        let shown: String = text.nfkc().collect();
        let length = shown.chars().count();
        let fits = (Self::MIN_CHARACTERS..=Self::MAX_CHARACTERS).contains(&length);
        let allowed = |character: char| character.is_alphanumeric() || "_.-".contains(character);
        (fits && shown.chars().all(allowed)).then(|| {
            let key = shown.to_lowercase().nfkc().collect();
            Self { shown, key }
        })
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// What two names are compared by, and unique by.
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for Username {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Username {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_as_given_and_compared_without_case() {
        let name = Username::parse("Zoë.Ångström-1").expect("a valid name");
        assert_eq!(name.as_str(), "Zoë.Ångström-1");
        assert_eq!(Some(name), Username::parse("zoë.ångström-1"));
    }

    #[test]
    fn compatible_forms_of_a_character_make_the_same_name() {
        assert_eq!(Username::parse("ﬁnn"), Username::parse("FINN"));
        assert_eq!(Username::parse("Ａda"), Username::parse("ada"));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "x".repeat(65);
        for text in [
            "",
            "ab",
            "a b c",
            "ada@home",
            "ada\n",
            "ada\u{200b}",
            "../..//",
            "<ada>",
            long.as_str(),
        ] {
            assert!(Username::parse(text).is_none(), "{text:?}");
        }
        assert!(Username::parse(&"x".repeat(64)).is_some());
    }
}
