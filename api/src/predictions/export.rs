//! Exports predictions as CSV (RFC 4180).

use crate::services::Services;
use application::{
    Error,
    predictions::{ExportPage, ExportedPrediction},
};
use bytes::Bytes;
use csv::{Terminator, WriterBuilder};
use domain::{ids::UserId, images::Filename, predictions::HistoryQuery};
use futures_util::stream;
use poem::Body;
use std::{borrow::Cow, io, sync::Arc};

/// The columns. The byte order mark in front of the header row tells spreadsheets that the file is UTF-8.
const COLUMNS: [&str; 9] = [
    "id",
    "created_at",
    "filename",
    "model",
    "label",
    "confidence",
    "correct",
    "corrected_label",
    "comment",
];
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Streams the predictions of a query as CSV. The first page is read before the response begins, so that a failing store
/// is answered with a problem.
pub async fn table(services: Arc<Services>, owner: UserId, query: HistoryQuery) -> Result<Body, Error> {
    let first = services.prediction_history.export(owner, &query).await?;
    let rest = stream::try_unfold(
        (services, query, Some(first)),
        move |(services, mut query, first)| async move {
            let (page, header) = match first {
                Some(page) => (page, true),
                None if query.after.is_none() => return Ok(None),
                None => {
                    let page = services.prediction_history.export(owner, &query).await;
                    (page.map_err(io::Error::other)?, false)
                }
            };
            query.after = page.next;
            let rows = write_rows(&page, header).map_err(io::Error::other)?;
            Ok::<_, io::Error>(Some((Bytes::from(rows), (services, query, None))))
        },
    );
    Ok(Body::from_bytes_stream(rest))
}

/// Writes one page of rows, after the header row if `header` is set.
fn write_rows(page: &ExportPage, header: bool) -> csv::Result<Vec<u8>> {
    let start = if header { BYTE_ORDER_MARK.into() } else { vec![] };
    let mut writer = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(start);
    if header {
        writer.write_record(COLUMNS)?;
    }
    for item in &page.items {
        for text in &row(item) {
            writer.write_field(without_formula(text).as_bytes())?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn row(item: &ExportedPrediction) -> [Cow<'_, str>; COLUMNS.len()] {
    let prediction = &item.prediction;
    let feedback = prediction.feedback.as_ref();
    let filename = item.filename.as_ref().map(Filename::as_str);
    let correct = feedback.map(|feedback| if feedback.correct { "true" } else { "false" });
    let label = feedback.and_then(|feedback| feedback.label.as_ref());
    let comment = feedback.and_then(|feedback| feedback.comment.as_ref());
    [
        prediction.id.to_string().into(),
        prediction.created_at.to_utc().to_rfc3339().into(),
        filename.unwrap_or_default().into(),
        prediction.model.name.to_string().into(),
        prediction.label.as_str().into(),
        prediction.confidence().to_string().into(),
        correct.unwrap_or_default().into(),
        label.map_or("", |label| label.as_str()).into(),
        comment.map_or("", |comment| comment.as_str()).into(),
    ]
}

/// Puts an apostrophe in front of a cell that a spreadsheet would run as a formula (OWASP, "CSV Injection").
fn without_formula(text: &str) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_begins_with_a_byte_order_mark_and_the_header_row() {
        let empty = ExportPage {
            items: vec![],
            next: None,
        };
        let bytes = write_rows(&empty, true).expect("a page");
        let expected =
            "\u{feff}id,created_at,filename,model,label,confidence,correct,corrected_label,comment\r\n";
        assert_eq!(String::from_utf8(bytes).expect("UTF-8"), expected);
        assert!(write_rows(&empty, false).expect("a page").is_empty());
    }

    #[test]
    fn a_cell_that_begins_like_a_formula_gets_an_apostrophe() {
        for formula in ["=HYPERLINK(\"x\")", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx"] {
            assert_eq!(without_formula(formula), format!("'{formula}"));
        }
        for text in ["eye.png", "a=b", "'", ""] {
            assert_eq!(without_formula(text), text);
        }
    }
}
