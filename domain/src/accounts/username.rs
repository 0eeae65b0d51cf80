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
        (fits && shown.chars().all(may_hold)).then(|| {
            let key = Self::key_of(&shown);
            Self { shown, key }
        })
    }

    /// The name that is nearest to a text which need not be one: blanks become dots, other characters that no name holds
    /// are left out, and the end is cut off. `None` when too little is left.
    pub fn nearest(text: &str) -> Option<Self> {
        let dotted = text
            .trim()
            .nfkc()
            .map(|character| if character.is_whitespace() { '.' } else { character });
        let held: String = dotted
            .filter(|character| may_hold(*character))
            .take(Self::MAX_CHARACTERS)
            .collect();
        Self::parse(&held)
    }

    /// The name with a hyphen and a mark after it, its own end cut off where that would be too long. `None` when no name
    /// holds the mark.
    pub fn marked(&self, mark: &str) -> Option<Self> {
        let room = Self::MAX_CHARACTERS.checked_sub(mark.chars().count() + 1)?;
        let kept: String = self.shown.chars().take(room).collect();
        Self::parse(&format!("{kept}-{mark}"))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// What a name, or a part of one, is compared by.
    pub(super) fn key_of(text: &str) -> String {
        text.nfkc().collect::<String>().to_lowercase().nfkc().collect()
    }

    /// What two names are compared by, and unique by.
    pub fn key(&self) -> &str {
        &self.key
    }
}

fn may_hold(character: char) -> bool {
    character.is_alphanumeric() || "_.-".contains(character)
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

    #[test]
    fn any_text_has_a_nearest_name_unless_too_little_is_left() {
        let nearest = |text: &str| Username::nearest(text).map(|name| name.as_str().to_owned());
        for (text, name) in [
            ("ada", "ada"),
            (" Ada King\tLovelace ", "Ada.King.Lovelace"),
            ("o'hara!", "ohara"),
            ("ﬁnn＿é", "finn_é"),
            ("\"quo ted\"", "quo.ted"),
        ] {
            assert_eq!(nearest(text).as_deref(), Some(name), "{text:?}");
        }
        assert_eq!(nearest(&"x".repeat(1000)), Some("x".repeat(64)));
        for text in ["", "a", "!!!!", "a\u{200b}b"] {
            assert_eq!(nearest(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_marked_name_is_no_longer_than_any_other() {
        let marked = |name: &str| {
            let name = Username::parse(name).expect("a valid name");
            name.marked("0badcafe").expect("a valid name").as_str().to_owned()
        };
        assert_eq!(marked("ada"), "ada-0badcafe");
        assert_eq!(marked(&"é".repeat(64)), format!("{}-0badcafe", "é".repeat(55)));
        let ada = Username::parse("ada").expect("a valid name");
        assert!(ada.marked("no name").is_none() && ada.marked(&"x".repeat(64)).is_none());
    }
}
