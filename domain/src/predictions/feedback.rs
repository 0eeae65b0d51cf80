//! What a person says of a prediction.

use super::Label;
use crate::{clock::Timestamp, ids::FeedbackId};

/// A remark: 1 to 2000 characters, no control characters but line breaks and tabs, no blanks around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment(String);

impl Comment {
    /// The most characters.
    pub const MAX_CHARACTERS: usize = 2000;

    /// Cuts blanks around the text off; `None` when what is left is no such remark.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let odd = |character: char| character.is_control() && !matches!(character, '\n' | '\r' | '\t');
        let fits = (1..=Self::MAX_CHARACTERS).contains(&text.chars().count());
        (fits && !text.chars().any(odd)).then(|| Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What the owner of a prediction said of it at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// Names what was said.
    pub id: FeedbackId,
    /// Whether the predicted label is the right one.
    pub correct: bool,
    /// The right label, where another one is and it is known.
    pub label: Option<Label>,
    /// A remark.
    pub comment: Option<Comment>,
    /// When it was said.
    pub given_at: Timestamp,
}

/// What is said of a prediction, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// Nothing yet.
    None,
    /// It is right.
    Correct,
    /// It is wrong.
    Incorrect,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::None, Self::Correct, Self::Incorrect];
}

/// What a prediction counts as in statistics.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcome {
    /// The label that was predicted.
    pub predicted: Label,
    /// What was said of it.
    pub verdict: Verdict,
    /// The label that is right, as far as that was said.
    pub actual: Option<Label>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_has_lines_but_nothing_unseen_and_an_end() {
        let comment = Comment::parse("  clear lens,\n\tno opacity \n").expect("a comment");
        assert_eq!(comment.as_str(), "clear lens,\n\tno opacity");
        for text in ["", " \n ", "a\0b", "\u{1b}[31m", &"é".repeat(2001)] {
            assert_eq!(Comment::parse(text), None, "{text:?}");
        }
    }
}
