//! Error responses, handlers that outlive their connection, and the headers of every response.

use super::{AllowedMethods, Next};
use crate::problem::Problem;
use poem::{
    Endpoint, IntoResponse, Request, Response,
    http::{HeaderName, HeaderValue, StatusCode, header},
};
use std::sync::Arc;

/// Converts every error, the framework's included, to a problem.
pub async fn answer_errors(
    next: Next,
    request: Request,
    allowed: Arc<AllowedMethods>,
) -> poem::Result<Response> {
    let path = request.uri().path().to_owned();
    let error = match next.call(request).await {
        Ok(response) => return Ok(response),
        Err(error) => error,
    };
    let operation = error.data::<poem_openapi::OperationId>().copied();
    let mut response = if error.is_from_response() {
        error.into_response()
    } else {
        Problem::from_framework(&error).into_response()
    };
    if let Some(operation) = operation {
        response.set_data(operation);
    }
    if response.status() == StatusCode::METHOD_NOT_ALLOWED {
        let methods = allowed
            .of(&path)
            .unwrap_or_else(|| HeaderValue::from_static("GET"));
        response.headers_mut().insert(header::ALLOW, methods);
    }
    Ok(response)
}

/// Runs the handler in its own task, so that it completes even if the client disconnects. A panic becomes a problem.
pub async fn run_detached(next: Next, request: Request) -> poem::Result<Response> {
    let span = tracing::Span::current();
    let work = async move { next.call(request).await };
    tokio::spawn(tracing::Instrument::instrument(work, span))
        .await
        .unwrap_or_else(|panic| {
            Ok(Problem::from_error(application::Error::Internal(panic.into())).into_response())
        })
}

const NO_CONTENT_OF_ITS_OWN: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";
const DOCUMENTATION: &str = "default-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
     img-src 'self' data:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Adds the headers that keep browsers from sniffing, framing, caching and executing responses.
pub async fn secure(next: Next, request: Request) -> poem::Result<Response> {
    let is_documentation = request.uri().path().starts_with("/docs");
    let mut response = next.call(request).await?;
    let policy = if is_documentation {
        DOCUMENTATION
    } else {
        NO_CONTENT_OF_ITS_OWN
    };
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    Ok(response)
}
