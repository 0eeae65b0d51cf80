//! Problem details (RFC 9457): the only place where an error becomes a status.

use application::{Error, FieldError};
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

/// Seconds after which a client may try again, where nothing is known.
const RETRY_AFTER_SECONDS: i64 = 5;

/// What went wrong, on its way to the client.
#[derive(Debug)]
pub struct Problem {
    body: Box<ProblemDto>,
    /// Seconds after which the client may try again, for those that may.
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
    /// What to say about a code.
    pub fn new(code: &str, detail: impl Into<String>) -> Self {
        let (status, title) = kind(code);
        Self {
            kind: format!("urn:ocellus:problem:{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            code: code.to_owned(),
            errors: None,
        }
    }
}

impl Problem {
    /// The problem of this code.
    pub fn new(code: &str, detail: impl Into<String>) -> Self {
        Self {
            body: Box::new(ProblemDto::new(code, detail)),
            retry_after: RETRY_AFTER_SECONDS,
        }
    }

    /// The problem that an error of a use case is. Internal detail is logged here, and nowhere else.
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
            // Whole seconds, and none too few.
            Error::TooManyAttempts { retry_after } => problem.retry_after = retry_after.num_seconds() + 1,
            _ => {}
        }
        problem
    }

    /// The problem that an error of the framework is, in our words: its own name Rust types.
    pub fn from_framework(error: &poem::Error) -> Self {
        if let Some(content_type) = error.downcast_ref::<ContentTypeError>() {
            let detail = match content_type {
                ContentTypeError::NotSupported { .. } => {
                    "The content type of the request is not the one this operation takes."
                }
                ContentTypeError::ExpectContentType => "The request needs a Content-Type.",
            };
            return Self::new("unsupported_media_type", detail);
        }
        if error.is::<CorsError>() {
            return Self::new(
                "forbidden",
                "This service does not take this request from pages of this origin.",
            );
        }
        match error.status() {
            StatusCode::UNAUTHORIZED => Self::from_error(Error::Unauthenticated),
            // Bodies have problems of their own and parameters of the query are `Given`: what is left to be malformed is
            // the path, and such a path names nothing.
            StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => Self::from_error(Error::NotFound),
            StatusCode::METHOD_NOT_ALLOWED => Self::new(
                "method_not_allowed",
                "This resource does not take this method; see Allow.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => Self::request_too_large(),
            status if status.is_client_error() => Self::from_error(Error::InvalidRequest(vec![])),
            _ => Self::from_error(Error::Internal(error.to_string().into())),
        }
    }

    /// The body is larger than the operation takes.
    pub fn request_too_large() -> Self {
        Self::new("request_too_large", "The request body is too large.")
    }

    /// The file that is announced is larger than any may be.
    pub fn image_too_large() -> Self {
        Self::new("image_too_large", "The file is larger than it may be.")
    }

    /// The multipart body lacks a part.
    pub fn missing_part(name: &str) -> Self {
        Self::from_error(Error::InvalidRequest(vec![FieldError::new(name, "is missing")]))
    }

    /// The body is not what its content type says.
    pub fn malformed_body(detail: &str) -> Self {
        Self::new("invalid_request", detail)
    }
}

/// Every code with its status and its title.
const KINDS: [(&str, u16, &str); 30] = [
    ("invalid_request", 400, "The request is malformed"),
    ("unauthenticated", 401, "Not logged in"),
    ("invalid_credentials", 401, "Wrong credentials"),
    ("invalid_token", 401, "Token not valid"),
    ("forbidden", 403, "Not allowed"),
    ("email_not_verified", 403, "E-mail not verified"),
    ("not_found", 404, "Not found"),
    ("method_not_allowed", 405, "Method not allowed"),
    ("username_taken", 409, "User name taken"),
    ("email_taken", 409, "E-mail taken"),
    ("conflict", 409, "Not possible in this state"),
    ("idempotency_conflict", 409, "Idempotency key used otherwise"),
    ("image_too_large", 413, "Image too large"),
    ("request_too_large", 413, "Request too large"),
    ("unsupported_image", 415, "Not a supported image"),
    ("unsupported_media_type", 415, "Unsupported content type"),
    ("image_corrupt", 422, "Image corrupt"),
    ("image_dimensions", 422, "Image dimensions out of range"),
    ("too_many_pages", 422, "Too many pages"),
    ("unsupported_language", 422, "Language not available"),
    ("unknown_model", 422, "Unknown model"),
    ("no_face", 422, "No face"),
    ("several_faces", 422, "Several faces"),
    ("face_mismatch", 422, "Different faces"),
    ("too_many_attempts", 429, "Too many attempts"),
    ("quota_exceeded", 429, "Quota exceeded"),
    ("internal", 500, INTERNAL_TITLE),
    ("unavailable", 503, "Temporarily unavailable"),
    ("model_not_loaded", 503, "Model not loaded"),
    ("timeout", 503, "Timed out"),
];

/// The title of a defect.
const INTERNAL_TITLE: &str = "Internal error";

/// The status and the title of a code; a code that is not known is a defect.
fn kind(code: &str) -> (StatusCode, &'static str) {
    let found = KINDS.iter().find(|(known, ..)| *known == code);
    let (status, title) = found.map_or((500, INTERNAL_TITLE), |(_, status, title)| (*status, *title));
    (
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        title,
    )
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = Response::builder()
            .status(status)
            .content_type(PROBLEM_JSON)
            .body(self.body.to_json_string());
        let header = match status {
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
    /// A problem that was kept; `None` when that is no problem.
    pub fn from_kept(body: &str) -> Option<Self> {
        let body = ProblemDto::parse_from_json_string(body).ok()?;
        Some(Self {
            body: Box::new(body),
            retry_after: RETRY_AFTER_SECONDS,
        })
    }

    /// The status, and the body to keep.
    pub fn to_kept(&self) -> (u16, String) {
        (self.body.status, self.body.to_json_string())
    }

    /// Whether the same request would be answered with the same again, as far as anyone can know.
    pub fn lasts(&self) -> bool {
        (400..500).contains(&self.body.status) && !matches!(self.body.status, 401 | 429)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
