//! Conditional requests: `ETag` and `Cache-Control`.

use poem::http::{HeaderMap, header};

/// `Cache-Control` of responses that the owner's browser may store but must revalidate each time.
pub const CACHE_PRIVATE: &str = "private, no-cache";

/// Whether `If-None-Match` names the tag or `*` (RFC 9110, 13.1.2).
pub fn names_tag(headers: &HeaderMap, tag: &str) -> bool {
    let values = headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_found_among_others_weak_or_by_a_star() {
        let named = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_NONE_MATCH, header::HeaderValue::from_static(value));
            names_tag(&headers, "\"abc\"")
        };
        assert!(named("\"abc\"") && named("\"x\", W/\"abc\"") && named("*"));
        assert!(!named("\"x\"") && !named("abc") && !names_tag(&HeaderMap::new(), "\"abc\""));
    }
}
