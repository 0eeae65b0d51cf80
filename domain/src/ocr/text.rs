//! What was read.

use super::LanguageSet;
use crate::{
    clock::Timestamp,
    ids::{ImageId, TextId},
};

/// A rectangle in the pixels of a page as a person sees it, from the top left corner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Pixels from the left edge.
    pub x: u32,
    /// Pixels from the top edge.
    pub y: u32,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

/// A word on a page.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// Its characters.
    pub text: String,
    /// How sure the engine is: 0 to 100.
    pub confidence: f32,
    /// Where it stands.
    pub bounds: Bounds,
}

/// What was read from one page.
#[derive(Debug, Clone, PartialEq)]
pub struct TextPage {
    /// Counted from 1.
    pub number: u32,
    /// Pixels, as a person sees the page.
    pub width: u32,
    /// Pixels, as a person sees the page.
    pub height: u32,
    /// Degrees clockwise, 0 up to 360, by which recognition turned the page to read it: quarter turns and skew.
    pub rotation: f32,
    /// The text with its line and paragraph breaks, trimmed.
    pub text: String,
    /// The words in reading order.
    pub words: Vec<Word>,
}

/// What was read from an image in one set of languages.
#[derive(Debug, Clone, PartialEq)]
pub struct Text {
    /// Names the text.
    pub id: TextId,
    /// The image.
    pub image_id: ImageId,
    /// The languages it was read in.
    pub languages: LanguageSet,
    /// The pages, in order.
    pub pages: Vec<TextPage>,
    /// Name and version of the engine.
    pub engine: String,
    /// Milliseconds that recognition took.
    pub duration_ms: u64,
    /// When it was read.
    pub created_at: Timestamp,
}

impl Text {
    /// The text of all pages that have any, with an empty line between pages.
    pub fn plain(&self) -> String {
        let pages = self.pages.iter().map(|page| page.text.as_str());
        pages
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join("\n\n")
    }

    /// Whether anything was read.
    pub fn has_text(&self) -> bool {
        self.pages.iter().any(|page| !page.text.is_empty())
    }

    /// The mean confidence of all words, 0 to 100; 0 without words.
    pub fn mean_confidence(&self) -> f32 {
        let (sum, count) = self
            .pages
            .iter()
            .flat_map(|page| &page.words)
            .fold((0.0, 0.0), |(sum, count), word| {
                (sum + word.confidence, count + 1.0)
            });
        if count > 0.0 { sum / count } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn page(number: u32, words: &[(&str, f32)]) -> TextPage {
        let bounds = Bounds {
            x: 0,
            y: 0,
            width: 1,
            height: 1,
        };
        let words: Vec<Word> = words
            .iter()
            .map(|(text, confidence)| Word {
                text: (*text).to_owned(),
                confidence: *confidence,
                bounds,
            })
            .collect();
        let text = words
            .iter()
            .map(|word| word.text.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        TextPage {
            number,
            width: 1,
            height: 1,
            rotation: 0.0,
            text,
            words,
        }
    }

    fn text(pages: Vec<TextPage>) -> Text {
        Text {
            id: TextId(Uuid::nil()),
            image_id: ImageId(Uuid::nil()),
            languages: LanguageSet::from_joined("eng").expect("a valid set"),
            pages,
            engine: "engine 1".into(),
            duration_ms: 1,
            created_at: Timestamp::new(chrono::DateTime::UNIX_EPOCH),
        }
    }

    #[test]
    fn pages_without_text_leave_no_gap_and_no_confidence() {
        let text = text(vec![
            page(1, &[("one", 90.0)]),
            page(2, &[]),
            page(3, &[("two", 70.0), ("three", 80.0)]),
        ]);
        assert_eq!(text.plain(), "one\n\ntwo three");
        assert!((text.mean_confidence() - 80.0).abs() < 1e-4);
        assert!(text.has_text());
    }

    #[test]
    fn an_image_without_words_has_no_text_and_confidence_zero() {
        let text = text(vec![page(1, &[])]);
        assert!(!text.has_text());
        assert_eq!(text.plain(), "");
        assert!(text.mean_confidence().abs() < f32::EPSILON);
    }
}
