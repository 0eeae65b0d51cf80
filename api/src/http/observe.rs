//! Every request is named, logged and counted.

use super::Next;
use domain::ids::IdGenerator;
use poem::{
    Endpoint, Request, Response,
    http::{HeaderName, HeaderValue},
};
use poem_openapi::OperationId;
use std::{sync::Arc, time::Instant};
use tracing::Instrument;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Gives the request an id, or keeps the one that a proxy gave it, and logs and counts how it went.
pub async fn observe(next: Next, request: Request, ids: Arc<dyn IdGenerator>) -> poem::Result<Response> {
    let id = request
        .headers()
        .get(REQUEST_ID)
        .filter(|id| is_sane(id))
        .cloned();
    let id = id.unwrap_or_else(|| fresh_id(&*ids));
    let span = tracing::info_span!(
        "request",
        id = id.to_str().unwrap_or_default(),
        method = request.method().as_str(),
        path = request.uri().path(),
    );
    let began = Instant::now();
    let mut response = next.call(request).instrument(span.clone()).await?;
    let duration = began.elapsed();
    let status = response.status().as_u16();
    let operation = response
        .data::<OperationId>()
        .map_or("none", |operation| operation.0);
    let labels = [
        ("operation", operation.to_owned()),
        ("status", status.to_string()),
    ];
    metrics::counter!("ocellus_http_requests_total", &labels).increment(1);
    metrics::histogram!("ocellus_http_request_duration_seconds", &labels).record(duration);
    span.in_scope(|| {
        let milliseconds = duration.as_secs_f64() * 1000.0;
        tracing::info!(operation, status, duration_ms = milliseconds, "answered");
    });
    response.headers_mut().insert(REQUEST_ID, id);
    Ok(response)
}

/// An id that may be repeated in a log: up to 64 letters, digits, `-`, `_` and `.`.
fn is_sane(id: &HeaderValue) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    (1..=64).contains(&id.len()) && id.as_bytes().iter().all(plain)
}

fn fresh_id(ids: &dyn IdGenerator) -> HeaderValue {
    HeaderValue::from_str(&ids.next().to_string()).unwrap_or_else(|_| HeaderValue::from_static("none"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_forge_a_log_line_or_fill_it_is_not_kept() {
        assert!(is_sane(&HeaderValue::from_static("0199-ab_c.d")));
        for id in ["", "a b", "a\"b", "a;b"] {
            assert!(!is_sane(&HeaderValue::from_static(id)), "{id:?}");
        }
        assert!(!is_sane(
            &HeaderValue::from_str(&"a".repeat(65)).expect("a header value")
        ));
    }
}
