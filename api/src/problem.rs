//! Problem details (RFC 9457): the only place where an error is mapped to an HTTP status.

use application::{Error, ErrorCode, FieldError, error::format_bytes};
use domain::tasks::TaskFailure;
use poem::{
    IntoResponse, Response,
    error::CorsError,
    http::{HeaderValue, StatusCode, header},
};
use poem_openapi::{
    Object,
    error::ContentTypeError,
    types::{ParseFromJSON, ToJSON},
};

/// The media type of every problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// `Retry-After` in seconds, where the error does not say better.
const RETRY_AFTER_SECONDS: i64 = 5;

/// A problem response: the status, the body and the headers that go with them.
#[derive(Debug)]
pub struct Problem {
    status: StatusCode,
    body: Box<ProblemDto>,
    /// The value of `Retry-After` in seconds, sent with 429 and 503.
    retry_after: i64,
}

/// What went wrong, for people (`title`, `detail`) and for programs (`code`).
#[derive(Debug, Object)]
#[oai(rename = "Problem")]
pub struct ProblemDto {
    /// A name for the kind of problem: `urn:ocellus:problem:` and the code.
    #[oai(rename = "type")]
    kind: String,
    /// The kind of problem in a few words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// What is wrong with this request.
    detail: String,
    /// A stable word for programs to act on.
    code: String,
    /// Every field of the request that is malformed.
    #[oai(skip_serializing_if_is_none)]
    errors: Option<Vec<FieldProblem>>,
}

/// A malformed field.
#[derive(Debug, Object)]
pub struct FieldProblem {
    /// The field, as the request names it.
    field: String,
    /// What it must be.
    message: String,
}

impl From<FieldError> for FieldProblem {
    fn from(error: FieldError) -> Self {
        Self {
            field: error.field,
            message: error.message,
        }
    }
}

impl ProblemDto {
    /// Creates the body of a problem without field errors.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:ocellus:problem:{code}"),
            title: title_of(code).to_owned(),
            status: status_of(code).as_u16(),
            detail: detail.into(),
            code: code.to_string(),
            errors: None,
        }
    }

    /// Creates the problem of a failed task. A stored code that this version does not know is shown as `internal`.
    pub fn from_task_failure(failure: &TaskFailure) -> Self {
        let code = failure.code.parse().unwrap_or_else(|_| {
            tracing::error!(
                code = failure.code,
                "the code of a stored task failure is unknown"
            );
            ErrorCode::Internal
        });
        Self::new(code, failure.detail.as_str())
    }
}

impl Problem {
    /// Creates a problem without field errors.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            status: status_of(code),
            body: Box::new(ProblemDto::new(code, detail)),
            retry_after: RETRY_AFTER_SECONDS,
        }
    }

    /// Converts the error of a use case. Its source is logged here and nowhere else.
    pub fn from_error(error: Error) -> Self {
        match &error {
            Error::Internal(source) => tracing::error!(error = &**source as &dyn std::error::Error, "failed"),
            Error::Unavailable(source) | Error::SerializationFailure(source) => {
                tracing::warn!(error = &**source as &dyn std::error::Error, "unavailable");
            }
            _ => {}
        }
        let mut problem = Self::new(error.code(), error.to_string());
        match error {
            Error::InvalidRequest(fields) => {
                problem.body.errors = Some(fields.into_iter().map(FieldProblem::from).collect());
            }
            // Rounded up to whole seconds.
            Error::TooManyAttempts { retry_after } => problem.retry_after = retry_after.num_seconds() + 1,
            _ => {}
        }
        problem
    }

    /// Converts an error of the framework. The framework's own messages name Rust types, so they are not sent.
    pub fn from_framework(error: &poem::Error) -> Self {
        if let Some(content_type) = error.downcast_ref::<ContentTypeError>() {
            let detail = match content_type {
                ContentTypeError::NotSupported { .. } => {
                    "This operation does not accept the content type of the request."
                }
                ContentTypeError::ExpectContentType => "The request has no Content-Type.",
            };
            return Self::new(ErrorCode::UnsupportedMediaType, detail);
        }
        if error.is::<CorsError>() {
            return Self::new(
                ErrorCode::Forbidden,
                "This service does not accept this request from pages of this origin.",
            );
        }
        match error.status() {
            StatusCode::UNAUTHORIZED => Self::from_error(Error::Unauthenticated),
            // Bodies are parsed elsewhere and query parameters are `RawField`s, so a bad request here is a malformed path,
            // and no resource has such a path.
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => Self::from_error(Error::NotFound),
            StatusCode::METHOD_NOT_ALLOWED => Self::new(
                ErrorCode::MethodNotAllowed,
                "This resource does not support this method. The Allow header lists those that it does.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => Self::request_too_large(),
            status if status.is_client_error() => Self::from_error(Error::InvalidRequest(vec![])),
            _ => Self::from_error(Error::Internal(error.to_string().into())),
        }
    }

    /// The body is larger than the limit of the operation.
    pub fn request_too_large() -> Self {
        Self::new(ErrorCode::RequestTooLarge, "The request body is too large.")
    }

    /// The announced size of an upload is over the limit for its files, in bytes.
    pub fn upload_too_large(limit: u64) -> Self {
        let detail = format!("The upload is larger than the limit of {}.", format_bytes(limit));
        Self::new(ErrorCode::ImageTooLarge, detail)
    }

    /// The multipart body lacks a part.
    pub fn missing_part(name: &str) -> Self {
        Self::from_error(Error::InvalidRequest(vec![FieldError::new(name, "is missing")]))
    }

    /// The body is not what its content type says.
    pub fn malformed_body(detail: &str) -> Self {
        Self::new(ErrorCode::InvalidRequest, detail)
    }
}

/// Maps a code to its HTTP status.
fn status_of(code: ErrorCode) -> StatusCode {
    use ErrorCode as Code;
    match code {
        Code::InvalidRequest => StatusCode::BAD_REQUEST,
        Code::Unauthenticated | Code::InvalidCredentials | Code::InvalidToken => StatusCode::UNAUTHORIZED,
        Code::Forbidden | Code::EmailNotVerified => StatusCode::FORBIDDEN,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::UsernameTaken | Code::EmailTaken | Code::Conflict | Code::IdempotencyConflict => {
            StatusCode::CONFLICT
        }
        Code::ImageTooLarge | Code::RequestTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UnsupportedImage | Code::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Code::ImageCorrupt
        | Code::ImageDimensions
        | Code::TooManyPages
        | Code::UnsupportedLanguage
        | Code::UnknownModel
        | Code::NoFace
        | Code::SeveralFaces
        | Code::FaceMismatch => StatusCode::UNPROCESSABLE_ENTITY,
        Code::TooManyAttempts | Code::QuotaExceeded => StatusCode::TOO_MANY_REQUESTS,
        Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        Code::Unavailable | Code::ModelNotLoaded | Code::Timeout => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Maps a code to its title.
fn title_of(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::InvalidRequest => "Malformed request",
        ErrorCode::Unauthenticated => "Not logged in",
        ErrorCode::InvalidCredentials => "Wrong credentials",
        ErrorCode::InvalidToken => "Invalid token",
        ErrorCode::Forbidden => "Not allowed",
        ErrorCode::EmailNotVerified => "E-mail address not verified",
        ErrorCode::NotFound => "Not found",
        ErrorCode::MethodNotAllowed => "Method not allowed",
        ErrorCode::UsernameTaken => "User name taken",
        ErrorCode::EmailTaken => "E-mail address taken",
        ErrorCode::Conflict => "Conflict with the current state",
        ErrorCode::IdempotencyConflict => "Idempotency key already used",
        ErrorCode::ImageTooLarge => "Image too large",
        ErrorCode::RequestTooLarge => "Request too large",
        ErrorCode::UnsupportedImage => "Unsupported image",
        ErrorCode::UnsupportedMediaType => "Unsupported content type",
        ErrorCode::ImageCorrupt => "Damaged image",
        ErrorCode::ImageDimensions => "Image dimensions out of range",
        ErrorCode::TooManyPages => "Too many pages",
        ErrorCode::UnsupportedLanguage => "Language not available",
        ErrorCode::UnknownModel => "Unknown model",
        ErrorCode::NoFace => "No face found",
        ErrorCode::SeveralFaces => "Several faces found",
        ErrorCode::FaceMismatch => "Different faces",
        ErrorCode::TooManyAttempts => "Too many attempts",
        ErrorCode::QuotaExceeded => "Quota exceeded",
        ErrorCode::Internal => "Internal error",
        ErrorCode::Unavailable => "Temporarily unavailable",
        ErrorCode::ModelNotLoaded => "Model not loaded",
        ErrorCode::Timeout => "Timed out",
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = Response::builder()
            .status(self.status)
            .content_type(PROBLEM_JSON)
            .body(self.body.to_json_string());
        let header = match self.status {
            StatusCode::UNAUTHORIZED => Some((
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Bearer realm=\"ocellus\""),
            )),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                Some((header::RETRY_AFTER, self.retry_after.into()))
            }
            _ => None,
        };
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<Problem> for poem::Error {
    fn from(problem: Problem) -> Self {
        Self::from_response(problem.into_response())
    }
}

impl Problem {
    /// Reads a stored problem. `None` if it is not a problem, or one with a code that this version does not know.
    pub fn from_kept(body: &str) -> Option<Self> {
        let body = ProblemDto::parse_from_json_string(body).ok()?;
        let code = body.code.parse().ok()?;
        Some(Self {
            status: status_of(code),
            body: Box::new(body),
            retry_after: RETRY_AFTER_SECONDS,
        })
    }

    /// The status, and the body to store.
    pub fn to_kept(&self) -> (u16, String) {
        (self.status.as_u16(), self.body.to_json_string())
    }

    /// Whether the same request is expected to fail the same way again.
    pub fn lasts(&self) -> bool {
        let passes = [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS];
        self.status.is_client_error() && !passes.contains(&self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// The codes of the HTTP contract, by status.
    const CONTRACT: [(u16, &str); 12] = [
        (400, "invalid_request"),
        (401, "unauthenticated invalid_credentials invalid_token"),
        (403, "forbidden email_not_verified"),
        (404, "not_found"),
        (405, "method_not_allowed"),
        (409, "username_taken email_taken conflict idempotency_conflict"),
        (413, "image_too_large request_too_large"),
        (415, "unsupported_image unsupported_media_type"),
        (
            422,
            "image_corrupt image_dimensions too_many_pages unsupported_language unknown_model no_face several_faces face_mismatch",
        ),
        (429, "too_many_attempts quota_exceeded"),
        (500, "internal"),
        (503, "unavailable model_not_loaded timeout"),
    ];

    #[test]
    fn every_code_has_the_status_of_the_contract_and_a_title_of_its_own() {
        let contract = CONTRACT
            .iter()
            .flat_map(|(status, codes)| codes.split(' ').map(|code| (code, *status)));
        let mapped = ErrorCode::ALL
            .iter()
            .map(|code| (code.as_str(), status_of(*code).as_u16()));
        assert_eq!(
            mapped.collect::<BTreeMap<_, _>>(),
            contract.collect::<BTreeMap<_, _>>()
        );
        let titles: BTreeSet<_> = ErrorCode::ALL.iter().map(|code| title_of(*code)).collect();
        assert!(titles.len() == ErrorCode::ALL.len() && !titles.contains(""));
    }

    #[test]
    fn a_stored_failure_keeps_its_code_and_an_unknown_code_becomes_internal() {
        let failure = |code: &str| {
            let detail = "The work took longer than its time limit.".to_owned();
            ProblemDto::from_task_failure(&TaskFailure {
                code: code.to_owned(),
                detail,
            })
        };
        let (known, unknown) = (failure("timeout"), failure("of_another_version"));
        assert_eq!((known.code.as_str(), known.status), ("timeout", 503));
        assert_eq!((unknown.code.as_str(), unknown.status), ("internal", 500));
    }

    #[test]
    fn a_stored_problem_is_read_only_with_a_known_code() {
        let (status, body) = Problem::from_error(Error::NotFound).to_kept();
        let read = Problem::from_kept(&body).expect("a problem");
        assert_eq!((status, read.to_kept()), (404, (404, body.clone())));
        assert!(Problem::from_kept(&body.replace("\"not_found\"", "\"of_another_version\"")).is_none());
        assert!(Problem::from_kept("{}").is_none());
    }

    #[tokio::test]
    async fn a_problem_carries_its_code_and_every_bad_field() {
        let fields = vec![
            FieldError::new("username", "is taken"),
            FieldError::new("email", "is no address"),
        ];
        let response = Problem::from_error(Error::InvalidRequest(fields)).into_response();
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
        assert_eq!(response.content_type(), Some(PROBLEM_JSON));
        let body = response.into_body().into_string().await.expect("a body");
        let body: serde_json::Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(body["code"], "invalid_request");
        assert_eq!(body["type"], "urn:ocellus:problem:invalid_request");
        assert_eq!(body["errors"][1]["field"], "email");
    }

    #[test]
    fn a_client_is_told_how_to_authenticate_and_when_to_try_again() {
        let refused = Problem::from_error(Error::Unauthenticated).into_response();
        assert_eq!(
            refused.header("WWW-Authenticate"),
            Some("Bearer realm=\"ocellus\"")
        );
        let busy = Problem::from_error(Error::Timeout).into_response();
        assert_eq!(
            (busy.status(), busy.header("Retry-After")),
            (StatusCode::SERVICE_UNAVAILABLE, Some("5"))
        );
    }

    #[tokio::test]
    async fn the_source_of_a_failure_is_never_sent() {
        let source = application::Error::Unavailable("table users is gone".into());
        let body = Problem::from_error(source)
            .into_response()
            .into_body()
            .into_string()
            .await;
        assert!(!body.expect("a body").contains("users"));
    }
}
