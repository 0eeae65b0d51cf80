//! Parameters and answers of lists.

use crate::fields::{FieldErrors, RawField};
use application::Error;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::page::{PageLimit, PageRequest};
use uuid::Uuid;

/// Parses the parameters that every list takes.
pub fn page_request(
    limit: Option<RawField<u16>>,
    cursor: Option<RawField<String>>,
) -> Result<PageRequest, Error> {
    let mut fields = FieldErrors::default();
    let limit = fields.optional("limit", limit, PageLimit::new, "must be a number from 1 to 100");
    let after = fields.optional(
        "cursor",
        cursor,
        |text| read_cursor(&text),
        "must be a next_cursor of this list",
    );
    fields.finish()?;
    Ok(PageRequest {
        limit: limit.unwrap_or_default(),
        after,
    })
}

/// Where the next page starts, as an opaque word.
pub fn write_cursor(after: Uuid) -> String {
    URL_SAFE_NO_PAD.encode(after.as_bytes())
}

fn read_cursor(text: &str) -> Option<Uuid> {
    Uuid::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_where_the_page_ended() {
        let id = Uuid::from_u128(42);
        let page = page_request(None, Some(RawField(Some(write_cursor(id))))).expect("a valid request");
        assert_eq!(
            page,
            PageRequest {
                limit: PageLimit::default(),
                after: Some(id)
            }
        );
    }

    #[test]
    fn every_bad_parameter_is_named() {
        let error =
            page_request(Some(RawField(None)), Some(RawField(Some("?".into())))).expect_err("refused");
        let Error::InvalidRequest(fields) = error else {
            panic!("another error")
        };
        assert_eq!(
            fields
                .iter()
                .map(|field| field.field.as_str())
                .collect::<Vec<_>>(),
            ["limit", "cursor"]
        );
    }
}
