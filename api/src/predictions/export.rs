//! Predictions as a table for spreadsheets (RFC 4180).

use crate::use_cases::UseCases;
use application::{
    Error,
    predictions::{ExportPage, ExportedPrediction},
};
use bytes::Bytes;
use domain::{ids::UserId, predictions::HistoryQuery};
use futures_util::stream;
use poem::Body;
use std::{io, sync::Arc};

const NAMES: &str = "id,created_at,filename,model,label,confidence,correct,corrected_label,comment\r\n";

/// The table of what the query names, fetched part by part while it is sent. The first part is fetched at once, so that a
/// store that is out is told as such.
pub async fn table(use_cases: Arc<UseCases>, owner: UserId, query: HistoryQuery) -> Result<Body, Error> {
    let first = use_cases
        .predictions
        .export_history
        .execute(owner, &query)
        .await?;
    let rest = stream::try_unfold(
        (use_cases, query, Some((NAMES, first))),
        move |state| async move {
            let (use_cases, mut query, ready) = state;
            let (names, part) = match ready {
                Some(ready) => ready,
                None if query.after.is_none() => return Ok(None),
                None => {
                    let part = use_cases.predictions.export_history.execute(owner, &query).await;
                    ("", part.map_err(io::Error::other)?)
                }
            };
            query.after = part.next;
            let text = names.to_owned() + &lines(&part);
            Ok::<_, io::Error>(Some((Bytes::from(text), (use_cases, query, None))))
        },
    );
    Ok(Body::from_bytes_stream(rest))
}

fn lines(part: &ExportPage) -> String {
    part.items.iter().map(line).collect()
}

fn line(item: &ExportedPrediction) -> String {
    let prediction = &item.prediction;
    let feedback = prediction.feedback.as_ref();
    let cells = [
        prediction.id.to_string(),
        prediction.created_at.to_utc().to_rfc3339(),
        item.filename
            .as_ref()
            .map(|name| name.as_str().to_owned())
            .unwrap_or_default(),
        prediction.model.name.to_string(),
        prediction.label.as_str().to_owned(),
        prediction.confidence().to_string(),
        feedback
            .map(|feedback| feedback.correct.to_string())
            .unwrap_or_default(),
        feedback
            .and_then(|feedback| feedback.label.as_ref())
            .map(|label| label.as_str().to_owned())
            .unwrap_or_default(),
        feedback
            .and_then(|feedback| feedback.comment.as_ref())
            .map(|comment| comment.as_str().to_owned())
            .unwrap_or_default(),
    ];
    cells.map(|text| cell(&text)).join(",") + "\r\n"
}

/// A cell; what a spreadsheet would take for a formula begins with an apostrophe ("CSV Injection", OWASP).
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = if formula {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if formula || text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be_and_formulas_are_none() {
        for (text, expected) in [
            ("eye.png", "eye.png"),
            ("a, b", "\"a, b\""),
            ("the \"left\" eye", "\"the \"\"left\"\" eye\""),
            ("two\nlines", "\"two\nlines\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+1", "\"'+1\""),
            ("-1", "\"'-1\""),
            ("@SUM(A1)", "\"'@SUM(A1)\""),
            ("", ""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
