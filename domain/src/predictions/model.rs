//! Classifiers, as they are known to the world.

use crate::images::Sha256Digest;
use std::cmp::Ordering;

/// The name of a model, or one of its versions: 1 to 64 ASCII letters, digits, `.`, `_` and `-`, the first no `.` or `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelName(String);

impl ModelName {
    /// The most characters.
    pub const MAX_CHARACTERS: usize = 64;

    /// `None` when the text is no such name.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
        let starts_well = text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        (plain && starts_well && text.len() <= Self::MAX_CHARACTERS).then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which of two versions is the later one: part by part, numbers by their size, anything else as text, and a number
    /// after anything else.
    pub fn cmp_versions(&self, other: &Self) -> Ordering {
        self.version_parts().cmp(other.version_parts())
    }

    fn version_parts(&self) -> impl Iterator<Item = Part<'_>> {
        let parts = self.0.split(['.', '-', '_']);
        parts.map(|part| part.parse().map_or(Part::Text(part), Part::Number))
    }
}

/// A part of a version.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Part<'a> {
    Text(&'a str),
    Number(u64),
}

impl std::fmt::Display for ModelName {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The model that is asked for: by name, or by name and version.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ModelReference {
    /// The name.
    pub name: ModelName,
    /// The version; `None` is the latest.
    pub version: Option<ModelName>,
}

impl ModelReference {
    /// Reads `name` or `name@version`; `None` when the text is neither.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, version) = match text.split_once('@') {
            None => (text, None),
            Some((name, version)) => (name, Some(ModelName::parse(version)?)),
        };
        let name = ModelName::parse(name)?;
        Some(Self { name, version })
    }
}

impl std::fmt::Display for ModelReference {
    /// As [`ModelReference::parse`] reads it.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.name.fmt(formatter)?;
        match &self.version {
            None => Ok(()),
            Some(version) => write!(formatter, "@{version}"),
        }
    }
}

/// A class that a model tells apart: 1 to 64 characters, none of them control characters, no blanks around them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(String);

impl Label {
    /// The most characters.
    pub const MAX_CHARACTERS: usize = 64;

    /// `None` when the text is no such label.
    pub fn parse(text: &str) -> Option<Self> {
        let length = text.chars().count();
        let clean = text.trim() == text && !text.chars().any(char::is_control);
        (clean && (1..=Self::MAX_CHARACTERS).contains(&length)).then(|| Self(text.to_owned()))
    }

    /// The label.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The classes of a model in the order of its outputs: 2 to 1000, each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels(Vec<Label>);

impl Labels {
    /// The most labels, as many as `ImageNet` has.
    pub const MAX: usize = 1000;

    /// `None` when there are too few or too many, or one comes twice.
    pub fn new(labels: Vec<Label>) -> Option<Self> {
        let mut seen = std::collections::HashSet::new();
        let distinct = labels.iter().all(|label| seen.insert(label));
        drop(seen);
        (distinct && (2..=Self::MAX).contains(&labels.len())).then_some(Self(labels))
    }

    /// The labels, in the order of the outputs.
    pub fn as_slice(&self) -> &[Label] {
        &self.0
    }
}

/// The size of the picture that a model takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputSize {
    /// Pixels.
    pub height: u32,
    /// Pixels.
    pub width: u32,
}

/// What is known of a loaded classifier. Name and version together name one among those that are loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Model {
    /// What it is called.
    pub name: ModelName,
    /// Which version of it this is.
    pub version: ModelName,
    /// Digest of the file `model.onnx`.
    pub sha256: Sha256Digest,
    /// What it tells apart.
    pub labels: Labels,
    /// What it takes.
    pub input: InputSize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_path_and_no_sentence() {
        for text in [
            "",
            ".",
            "..",
            ".a",
            "-a",
            "a/b",
            "a b",
            "a@b",
            "ä",
            &"a".repeat(65),
        ] {
            assert_eq!(ModelName::parse(text), None, "{text:?}");
        }
        for text in ["eyes", "eyes-demo_2", "1.0.3", "_"] {
            assert_eq!(ModelName::parse(text).expect("a name").as_str(), text);
        }
    }

    #[test]
    fn versions_are_ordered_as_people_count_them() {
        let version = |text| ModelName::parse(text).expect("a version");
        for (earlier, later) in [
            ("1", "2"),
            ("1.9", "1.10"),
            ("1", "1.0"),
            ("beta", "1"),
            ("2026-1", "2026-02"),
        ] {
            assert_eq!(version(earlier).cmp_versions(&version(later)), Ordering::Less);
        }
    }

    #[test]
    fn a_reference_is_read_as_it_is_written() {
        for text in ["eyes", "eyes@1.2"] {
            let reference = ModelReference::parse(text).expect("a reference");
            assert_eq!(reference.to_string(), text);
        }
        for text in ["@1", "eyes@", "eyes@1@2"] {
            assert_eq!(ModelReference::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn labels_are_clean_and_distinct_and_at_least_two() {
        let label = |text: &str| Label::parse(text).expect("a label");
        for text in ["", " a", "a\n", "a\u{7f}", &"é".repeat(65)] {
            assert_eq!(Label::parse(text), None, "{text:?}");
        }
        assert!(Labels::new(vec![label("diabetic retinopathy"), label("normal")]).is_some());
        assert_eq!(Labels::new(vec![label("normal")]), None);
        assert_eq!(Labels::new(vec![label("normal"), label("normal")]), None);
    }
}
