//! No body is read without end.

use super::Next;
use crate::problem::Problem;
use poem::{Endpoint, IntoResponse, Request, Response, http::header};

/// Refuses at once what says of itself that it is larger than anything the service takes. What does not say is counted
/// while it is read.
pub async fn limit_body(next: Next, request: Request, max_bytes: u64) -> poem::Result<Response> {
    let length = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok());
    if length
        .and_then(|length| length.parse::<u64>().ok())
        .is_some_and(|length| length > max_bytes)
    {
        let problem = match request.uri().path() {
            "/images" => Problem::image_too_large(),
            _ => Problem::request_too_large(),
        };
        return Ok(problem.into_response());
    }
    next.call(request).await
}
