//! Languages of text.

/// A language as Tesseract names it: `eng`, `spa`, `chi_sim`, `Latin`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(String);

impl Language {
    /// `None` when the text has other characters than letters, digits and `_`, or not 2 to 32 of them.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (plain && (2..=32).contains(&text.len())).then(|| Self(text.to_owned()))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Language {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The languages of one recognition, at least one, each once, in the order of their weight.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LanguageSet(Vec<Language>);

impl LanguageSet {
    /// Drops repetitions and keeps the order; `None` when there is no language.
    pub fn new(languages: impl IntoIterator<Item = Language>) -> Option<Self> {
        let mut kept: Vec<Language> = Vec::new();
        for language in languages {
            if !kept.contains(&language) {
                kept.push(language);
            }
        }
        (!kept.is_empty()).then_some(Self(kept))
    }

    /// The languages, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Language> {
        self.0.iter()
    }

    /// The codes joined by `+`, as Tesseract takes them and as they are stored.
    pub fn joined(&self) -> String {
        self.0.iter().map(Language::as_str).collect::<Vec<_>>().join("+")
    }

    /// A set as [`LanguageSet::joined`] wrote it; `None` when the text is no such thing.
    pub fn from_joined(text: &str) -> Option<Self> {
        Self::new(text.split('+').map(Language::parse).collect::<Option<Vec<_>>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_keeps_the_order_and_drops_repetitions() {
        let set = LanguageSet::from_joined("spa+eng+spa").expect("a valid set");
        assert_eq!(set.joined(), "spa+eng");
    }

    #[test]
    fn there_is_no_empty_set_and_no_path_in_a_language() {
        assert_eq!(LanguageSet::new([]), None);
        for text in [
            "",
            "e",
            "../eng",
            "eng;",
            "eng eng",
            "language_of_more_than_thirty_two_x",
        ] {
            assert_eq!(Language::parse(text), None, "{text:?}");
        }
        assert!(Language::parse("chi_sim").is_some());
    }
}
