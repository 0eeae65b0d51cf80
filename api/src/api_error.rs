//! The error type of handlers, which documents the statuses of each operation.

use crate::problem::{PROBLEM_JSON, Problem, ProblemDto};
use application::Error;
use poem_openapi::{
    ApiResponse,
    payload::{Json, Payload},
    registry::{MetaHeader, MetaMediaType, MetaResponse, MetaResponses, Registry},
    types::Type,
};

/// 400: a field, a parameter or the body is malformed.
pub const BAD_REQUEST: u16 = 1;
/// 401: no valid token.
pub const UNAUTHORIZED: u16 = 1 << 1;
/// 404: absent, or another user's.
pub const NOT_FOUND: u16 = 1 << 2;
/// 409: taken, or in conflict with the current state.
pub const CONFLICT: u16 = 1 << 3;
/// 413: the body or the file is too large.
pub const TOO_LARGE: u16 = 1 << 4;
/// 415: the wrong content type, or an unsupported image.
pub const UNSUPPORTED: u16 = 1 << 5;
/// 422: well-formed, but cannot be processed.
pub const UNPROCESSABLE: u16 = 1 << 6;
/// 429: a rate limit or a quota.
pub const TOO_MANY: u16 = 1 << 7;
/// 403: not allowed, or not before the e-mail address is verified.
pub const FORBIDDEN: u16 = 1 << 8;
/// The statuses of every operation with a JSON body.
pub const JSON_BODY: u16 = BAD_REQUEST | TOO_LARGE | UNSUPPORTED;

const DECLARED: [(u16, u16, &str); 9] = [
    (
        BAD_REQUEST,
        400,
        "The request is malformed (`invalid_request`); `errors` names every bad field.",
    ),
    (
        UNAUTHORIZED,
        401,
        "No valid token (`unauthenticated`, `invalid_credentials`, `invalid_token`).",
    ),
    (
        FORBIDDEN,
        403,
        "Not allowed with an API key or without the admin role (`forbidden`), or not before the e-mail address is verified (`email_not_verified`).",
    ),
    (NOT_FOUND, 404, "Absent, or another user's (`not_found`)."),
    (
        CONFLICT,
        409,
        "Taken (`username_taken`, `email_taken`), in conflict with the current state (`conflict`), or an idempotency key of another request (`idempotency_conflict`).",
    ),
    (
        TOO_LARGE,
        413,
        "The file or the body is too large (`image_too_large`, `request_too_large`).",
    ),
    (
        UNSUPPORTED,
        415,
        "Wrong content type (`unsupported_media_type`) or unsupported image (`unsupported_image`).",
    ),
    (
        UNPROCESSABLE,
        422,
        "Well-formed, but cannot be processed (`image_corrupt`, `image_dimensions`, `too_many_pages`, `unsupported_language`, `unknown_model`, `no_face`, `several_faces`, `face_mismatch`).",
    ),
    (
        TOO_MANY,
        429,
        "A quota is used up (`quota_exceeded`) or a rate limit was reached (`too_many_attempts`).",
    ),
];

/// The error of a handler. The specification lists the statuses in `STATUSES`, and 500 and 503.
#[derive(Debug)]
pub struct ApiError<const STATUSES: u16>(Problem);

impl<const STATUSES: u16> From<Error> for ApiError<STATUSES> {
    fn from(error: Error) -> Self {
        Self(Problem::from_error(error))
    }
}

impl<const STATUSES: u16> From<Problem> for ApiError<STATUSES> {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl<const STATUSES: u16> From<ApiError<STATUSES>> for poem::Error {
    fn from(error: ApiError<STATUSES>) -> Self {
        error.0.into()
    }
}

impl<const STATUSES: u16> ApiResponse for ApiError<STATUSES> {
    fn meta() -> MetaResponses {
        let declared = DECLARED.iter().filter(|(bit, ..)| STATUSES & bit != 0);
        let declared = declared.map(|(_, status, description)| (*status, *description));
        let always = [
            (500, "A defect (`internal`)."),
            (
                503,
                "A part of the service is down, or the work ran past its time limit (`unavailable`, `timeout`, `model_not_loaded`).",
            ),
        ];
        let response = |(status, description): (u16, &'static str)| MetaResponse {
            description,
            status: Some(status),
            status_range: None,
            content: vec![MetaMediaType {
                content_type: PROBLEM_JSON,
                schema: Json::<ProblemDto>::schema_ref(),
            }],
            headers: headers_of(status),
        };
        MetaResponses {
            responses: declared.chain(always).map(response).collect(),
        }
    }

    fn register(registry: &mut Registry) {
        ProblemDto::register(registry);
    }
}

fn headers_of(status: u16) -> Vec<MetaHeader> {
    let (name, description) = match status {
        401 => ("WWW-Authenticate", "The scheme to authenticate with: Bearer."),
        429 | 503 => ("Retry-After", "Seconds after which trying again may help."),
        _ => return vec![],
    };
    vec![MetaHeader {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        required: true,
        deprecated: false,
        schema: String::schema_ref(),
    }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_declared_statuses_are_documented() {
        let meta = ApiError::<{ NOT_FOUND | CONFLICT }>::meta();
        let statuses: Vec<_> = meta
            .responses
            .iter()
            .filter_map(|response| response.status)
            .collect();
        assert_eq!(statuses, [404, 409, 500, 503]);
    }
}
