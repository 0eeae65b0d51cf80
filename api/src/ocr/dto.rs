//! What requests and answers of text look like.

mod examples;

use crate::fields::{FieldErrors, RawField};
use application::Error;
use domain::ocr::{Language, LanguageSet, Text, TextPage, Word};
use poem::http::{HeaderMap, header};
use poem_openapi::{Enum, Object};
use uuid::Uuid;

/// How a text is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case", rename = "TextFormat")]
pub enum Format {
    /// With pages, words, boxes and confidences.
    Json,
    /// The text alone.
    Plain,
}

/// Parses what a request for a text says: its languages, if any, and the format.
pub fn parse(
    languages: Option<RawField<String>>,
    format: Option<RawField<Format>>,
    headers: &HeaderMap,
) -> Result<(Option<LanguageSet>, Format), Error> {
    let mut fields = FieldErrors::default();
    let languages = fields.optional("languages", languages, |text| language_set(&text), LANGUAGES_RULE);
    let format = fields.optional("format", format, Some, "must be json or plain");
    fields.finish()?;
    Ok((languages, format.unwrap_or_else(|| preferred(headers))))
}

/// What the languages of a query must be.
const LANGUAGES_RULE: &str = "must be one or more language codes, separated by commas";

/// Parses the languages of a request that names nothing else.
pub fn parse_languages(languages: Option<RawField<String>>) -> Result<Option<LanguageSet>, Error> {
    let mut fields = FieldErrors::default();
    let languages = fields.optional("languages", languages, |text| language_set(&text), LANGUAGES_RULE);
    fields.finish()?;
    Ok(languages)
}

fn language_set(text: &str) -> Option<LanguageSet> {
    let codes = text.split(',').map(str::trim);
    LanguageSet::new(codes.map(Language::parse).collect::<Option<Vec<_>>>()?)
}

/// The format that `Accept` prefers (RFC 9110, 12.5.1); JSON when it is content with that or names neither.
fn preferred(headers: &HeaderMap) -> Format {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let weight = |ranges: [&str; 3]| {
        let named = ranges.into_iter().find_map(|range| {
            accept
                .split(',')
                .map(|item| item.split(';'))
                .find_map(|mut item| {
                    let is_range = item
                        .next()
                        .is_some_and(|media| media.trim().eq_ignore_ascii_case(range));
                    let quality =
                        item.find_map(|parameter| parameter.trim().strip_prefix("q=")?.parse().ok());
                    is_range.then(|| quality.unwrap_or(1.0_f32))
                })
        });
        named.unwrap_or(0.0)
    };
    let plain = weight(["text/plain", "text/*", "*/*"]);
    let json = weight(["application/json", "application/*", "*/*"]);
    if plain > json { Format::Plain } else { Format::Json }
}

/// What was read from an image.
#[derive(Object)]
#[oai(rename = "Text", example = true)]
pub struct TextDto {
    /// The image.
    image_id: Uuid,
    /// The languages it was read in, in the order of their weight.
    languages: Vec<String>,
    /// The text of all pages, with line breaks.
    text: String,
    /// Whether anything was read.
    has_text: bool,
    /// The mean confidence of all words, 0 to 100; 0 without words.
    mean_confidence: f64,
    /// The pages, in order.
    pages: Vec<PageDto>,
    /// The engine that read it.
    engine: String,
    /// Milliseconds that reading took.
    duration_ms: u64,
}

/// A page of an image.
#[derive(Object)]
#[oai(rename = "TextPage")]
pub struct PageDto {
    /// Counted from 1.
    number: u32,
    /// Pixels, as a person sees the page.
    width: u32,
    /// Pixels, as a person sees the page.
    height: u32,
    /// Degrees clockwise by which recognition turned the page to read it.
    rotation: f64,
    /// The words in reading order.
    words: Vec<WordDto>,
}

/// A word on a page.
#[derive(Object)]
#[oai(rename = "Word")]
pub struct WordDto {
    /// Its characters.
    text: String,
    /// How sure the engine is: 0 to 100.
    confidence: f64,
    /// Where it stands.
    #[oai(rename = "box")]
    bounds: BoxDto,
}

/// A rectangle in the pixels of the page as a person sees it.
#[derive(Object)]
#[oai(rename = "Box")]
pub struct BoxDto {
    /// Pixels from the left edge.
    x: u32,
    /// Pixels from the top edge.
    y: u32,
    /// Pixels.
    width: u32,
    /// Pixels.
    height: u32,
}

impl From<Text> for TextDto {
    fn from(text: Text) -> Self {
        Self {
            image_id: text.image_id.0,
            languages: text
                .languages
                .iter()
                .map(|language| language.as_str().to_owned())
                .collect(),
            text: text.plain(),
            has_text: text.has_text(),
            mean_confidence: rounded(text.mean_confidence()),
            engine: text.engine,
            duration_ms: text.duration_ms,
            pages: text.pages.into_iter().map(PageDto::from).collect(),
        }
    }
}

impl From<TextPage> for PageDto {
    fn from(page: TextPage) -> Self {
        Self {
            number: page.number,
            width: page.width,
            height: page.height,
            rotation: rounded(page.rotation),
            words: page.words.into_iter().map(WordDto::from).collect(),
        }
    }
}

impl From<Word> for WordDto {
    fn from(word: Word) -> Self {
        let bounds = word.bounds;
        Self {
            text: word.text,
            confidence: rounded(word.confidence),
            bounds: BoxDto {
                x: bounds.x,
                y: bounds.y,
                width: bounds.width,
                height: bounds.height,
            },
        }
    }
}

/// To two decimals, for the reader.
fn rounded(value: f32) -> f64 {
    (f64::from(value) * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepting(value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, header::HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn accept_chooses_the_format_and_json_is_the_default() {
        for (accept, format) in [
            ("text/plain", Format::Plain),
            ("text/*;q=0.9, application/json;q=0.5", Format::Plain),
            ("text/plain;q=0.5, application/json", Format::Json),
            ("*/*", Format::Json),
            ("image/png", Format::Json),
        ] {
            assert_eq!(preferred(&accepting(accept)), format, "{accept}");
        }
        assert_eq!(preferred(&HeaderMap::new()), Format::Json);
    }

    #[test]
    fn the_query_wins_over_accept() {
        let outcome = parse(None, Some(RawField(Some(Format::Json))), &accepting("text/plain"));
        assert_eq!(outcome.expect("parsed").1, Format::Json);
    }

    #[test]
    fn languages_keep_their_order_and_none_at_all_is_refused() {
        let parsed = |text: &str| parse(Some(RawField(Some(text.to_owned()))), None, &HeaderMap::new());
        let (languages, _) = parsed("spa, eng,spa").expect("parsed");
        assert_eq!(languages.expect("a set").joined(), "spa+eng");
        for text in ["", ",", "eng,", "../eng"] {
            assert_eq!(
                parsed(text).expect_err("refused").code(),
                application::ErrorCode::InvalidRequest,
                "{text:?}"
            );
        }
    }

    #[test]
    fn every_bad_parameter_is_named() {
        let error =
            parse(Some(RawField(None)), Some(RawField(None)), &HeaderMap::new()).expect_err("refused");
        let Error::InvalidRequest(fields) = error else {
            panic!("another error")
        };
        assert_eq!(fields.len(), 2);
    }
}
