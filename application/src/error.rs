//! The error taxonomy of the service. The API crate alone maps a code to an HTTP status.

use chrono::TimeDelta;
use domain::{
    BoxError,
    accounts::IdTokenError,
    faces::FaceError,
    images::{BlobError, ImageError, SourceError},
    ocr::{Language, OcrError},
    predictions::ClassificationError,
    store::{Conflict, StoreError, TransactionError},
};

/// A malformed field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The name of the field in the request.
    pub field: String,
    /// The rule that the value breaks, such as `must be an e-mail address`.
    pub message: String,
}

impl FieldError {
    /// Creates the error of one field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// The stable code of a problem, for programs to act on. Its spelling is the variant in `snake_case`.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    strum::Display,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum ErrorCode {
    /// A body, a parameter or a field is malformed.
    InvalidRequest,
    /// The request carries no valid token.
    Unauthenticated,
    /// The login failed.
    InvalidCredentials,
    /// A token or code is unknown, expired or used.
    InvalidToken,
    /// The caller is not allowed to do this.
    Forbidden,
    /// The e-mail address of the caller is not verified.
    EmailNotVerified,
    /// The resource does not exist, or another user owns it.
    NotFound,
    /// The resource does not support the HTTP method.
    MethodNotAllowed,
    /// Another user has the user name.
    UsernameTaken,
    /// Another user has the e-mail address.
    EmailTaken,
    /// The current state rules the request out.
    Conflict,
    /// The idempotency key belongs to another request.
    IdempotencyConflict,
    /// The file is over the limit.
    ImageTooLarge,
    /// The body is over the limit.
    RequestTooLarge,
    /// The file has no supported image type.
    UnsupportedImage,
    /// The request has a content type that the operation does not take.
    UnsupportedMediaType,
    /// The image is damaged.
    ImageCorrupt,
    /// A page has no pixels, or too many.
    ImageDimensions,
    /// The image has more pages than the limit.
    TooManyPages,
    /// A language is not installed or not allowed.
    UnsupportedLanguage,
    /// No model has the given name.
    UnknownModel,
    /// A photo shows no face.
    NoFace,
    /// A photo shows several faces.
    SeveralFaces,
    /// The photos show different faces.
    FaceMismatch,
    /// A rate limit was reached.
    TooManyAttempts,
    /// A quota is used up.
    QuotaExceeded,
    /// A defect of the service.
    Internal,
    /// A part of the service is down, busy or switched off.
    Unavailable,
    /// A model that the request needs is not loaded.
    ModelNotLoaded,
    /// The work ran past its deadline.
    Timeout,
}

impl ErrorCode {
    /// Every code, in the order of its status.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The spelling, such as `not_found`.
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

/// The reason why a use case failed. Its text may be sent to the client; its source is logged and never sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields of the request are malformed.
    #[error("The request is malformed. See errors.")]
    InvalidRequest(Vec<FieldError>),
    /// The body ended before its announced end.
    #[error("The request body ended before the file was complete.")]
    InterruptedUpload,
    /// The request carries no valid token.
    #[error("A valid access token is required.")]
    Unauthenticated,
    /// The user is unknown, or the password is wrong.
    #[error("The user name or the password is wrong.")]
    InvalidCredentials,
    /// The face matches no enrolled user, or not the named one.
    #[error("The face was not recognized.")]
    FaceNotRecognized,
    /// A token is unknown, expired or used.
    #[error("The token is invalid or has expired. Log in again.")]
    InvalidToken,
    /// A code is wrong, expired or used.
    #[error("The code is wrong or has expired. Request a new code.")]
    InvalidCode,
    /// The user has not verified the e-mail address yet.
    #[error("The e-mail address is not verified. Enter the code from the verification e-mail first.")]
    EmailNotVerified,
    /// An API key may not do this.
    #[error("API keys cannot do this. Log in instead.")]
    Forbidden,
    /// Only admins may do this.
    #[error("Only admins can do this.")]
    AdminsOnly,
    /// The issuer of an ID token has not verified the e-mail address, so a first login proves no identity.
    #[error("The identity provider has not verified your e-mail address. Verify it there, then try again.")]
    IssuerEmailUnverified,
    /// The resource does not exist, or another user owns it.
    #[error("Not found.")]
    NotFound,
    /// Another user has the user name.
    #[error("The user name is taken.")]
    UsernameTaken,
    /// Another user has the e-mail address.
    #[error("The e-mail address is taken.")]
    EmailTaken,
    /// A finished task cannot be cancelled.
    #[error("The task has already finished.")]
    TaskFinished,
    /// Admins cannot disable or delete their own account here, so that they do not lock themselves out.
    #[error("Admins cannot disable or delete their own account here.")]
    OwnAccount,
    /// The idempotency key was used for another request, or a repetition of this request took it over.
    #[error(
        "The idempotency key was used for another request, or a repetition of this request took it over."
    )]
    IdempotencyConflict,
    /// A request with the same idempotency key is in progress.
    #[error("A request with this idempotency key is in progress. Try again in a moment.")]
    StillPending,
    /// The file is over the limit.
    #[error("The file is larger than the limit of {}.", format_bytes(*.limit))]
    ImageTooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The bytes are not an image of a supported type.
    #[error("The file is not a PNG, JPEG, WebP, TIFF, BMP or GIF image.")]
    UnsupportedImage,
    /// The image cannot be decoded.
    #[error("The image is damaged or incomplete.")]
    ImageCorrupt,
    /// A page has no pixels or too many.
    #[error("A page must have between 1 and {max_pixels} pixels and fit into the memory for decoding.")]
    ImageDimensions {
        /// The limit of pixels per page.
        max_pixels: u64,
    },
    /// The image has more pages than the limit.
    #[error("The image has more than {limit} pages.")]
    TooManyPages {
        /// The limit of pages.
        limit: u32,
    },
    /// A photo shows no face that is large and clear enough.
    #[error("No face found. Take the photo upright, facing the camera, in good light.")]
    NoFace,
    /// A photo shows several faces.
    #[error("Several faces found. Take a photo that shows only one person.")]
    SeveralFaces,
    /// The photos show different people.
    #[error("The photos do not clearly show the same face. Take them again.")]
    FaceMismatch,
    /// One of several photos cannot be used.
    #[error("Photo {number}: {source}")]
    Photo {
        /// The position of the photo, from 1.
        number: u32,
        /// The reason.
        source: Box<Error>,
    },
    /// The face is too similar to the enrolled face of another user to be identified without a user name.
    #[error("The face is too similar to the face of another user, so it cannot be used to log in here.")]
    FaceTaken,
    /// Face login is switched off.
    #[error("Face login is switched off.")]
    FacesDisabled,
    /// The face models are not installed.
    #[error("The face models are not installed.")]
    FaceModelsMissing,
    /// A language is not installed or not allowed.
    #[error("The language {unknown} is not available. Available languages: {available}.")]
    UnsupportedLanguage {
        /// The first such language.
        unknown: Language,
        /// The available languages, separated by commas.
        available: String,
    },
    /// No model has the given name.
    #[error("No model has this name. GET /models lists the loaded models.")]
    UnknownModel,
    /// No issuer of ID tokens is configured.
    #[error("Login with an ID token is not configured.")]
    NoIssuer,
    /// No model is loaded, or not the required one.
    #[error("The required model is not loaded.")]
    ModelNotLoaded,
    /// The output of a model cannot be turned into probabilities.
    #[error("The model gave no usable result for this image.")]
    UnusableOutput,
    /// The user has reached the limit of unfinished tasks.
    #[error("The limit of {limit} unfinished tasks is reached. Wait until some have finished.")]
    TooManyTasks {
        /// The limit of unfinished tasks.
        limit: u64,
    },
    /// The user has reached the limit of API keys.
    #[error("The limit of {limit} API keys is reached. Delete some first.")]
    TooManyApiKeys {
        /// The limit of keys.
        limit: u64,
    },
    /// A rate limit was reached.
    #[error("Too many attempts. Try again later.")]
    TooManyAttempts {
        /// The time until the next attempt is accepted.
        retry_after: TimeDelta,
    },
    /// The user has used up the storage quota.
    #[error("The storage quota is used up. Delete images to make room.")]
    QuotaExceeded,
    /// The work ran past its deadline.
    #[error("The work took longer than its time limit.")]
    Timeout,
    /// The transaction conflicted with others at every attempt; a later attempt may succeed.
    #[error("A part of the service is temporarily unavailable. Try again later.")]
    SerializationFailure(#[source] BoxError),
    /// A part of the service is down or busy; a later attempt may succeed.
    #[error("A part of the service is temporarily unavailable. Try again later.")]
    Unavailable(#[source] BoxError),
    /// A defect of the service.
    #[error("The service failed unexpectedly.")]
    Internal(#[source] BoxError),
}

/// Writes a number of bytes in the largest binary unit that divides it, such as `20 MiB`.
pub fn format_bytes(bytes: u64) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units
        .into_iter()
        .find(|(size, _)| bytes >= *size && bytes.is_multiple_of(*size));
    let (size, name) = unit.unwrap_or((1, "bytes"));
    format!("{} {name}", bytes / size)
}

impl Error {
    /// Returns the stable code that clients act on.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::InvalidRequest(_) | Self::InterruptedUpload => ErrorCode::InvalidRequest,
            Self::Unauthenticated => ErrorCode::Unauthenticated,
            Self::InvalidCredentials | Self::FaceNotRecognized => ErrorCode::InvalidCredentials,
            Self::InvalidToken | Self::InvalidCode => ErrorCode::InvalidToken,
            Self::EmailNotVerified | Self::IssuerEmailUnverified => ErrorCode::EmailNotVerified,
            Self::Forbidden | Self::AdminsOnly => ErrorCode::Forbidden,
            Self::NotFound => ErrorCode::NotFound,
            Self::UsernameTaken => ErrorCode::UsernameTaken,
            Self::EmailTaken => ErrorCode::EmailTaken,
            Self::ImageTooLarge { .. } => ErrorCode::ImageTooLarge,
            Self::UnsupportedImage => ErrorCode::UnsupportedImage,
            Self::ImageCorrupt => ErrorCode::ImageCorrupt,
            Self::ImageDimensions { .. } => ErrorCode::ImageDimensions,
            Self::TooManyPages { .. } => ErrorCode::TooManyPages,
            Self::UnsupportedLanguage { .. } => ErrorCode::UnsupportedLanguage,
            Self::NoFace => ErrorCode::NoFace,
            Self::SeveralFaces => ErrorCode::SeveralFaces,
            Self::FaceMismatch => ErrorCode::FaceMismatch,
            Self::Photo { source, .. } => source.code(),
            Self::TaskFinished | Self::OwnAccount | Self::FaceTaken => ErrorCode::Conflict,
            Self::IdempotencyConflict => ErrorCode::IdempotencyConflict,
            Self::UnknownModel => ErrorCode::UnknownModel,
            Self::ModelNotLoaded | Self::FaceModelsMissing => ErrorCode::ModelNotLoaded,
            Self::QuotaExceeded | Self::TooManyTasks { .. } | Self::TooManyApiKeys { .. } => {
                ErrorCode::QuotaExceeded
            }
            Self::TooManyAttempts { .. } => ErrorCode::TooManyAttempts,
            Self::Timeout => ErrorCode::Timeout,
            Self::StillPending
            | Self::NoIssuer
            | Self::FacesDisabled
            | Self::UnusableOutput
            | Self::SerializationFailure(_)
            | Self::Unavailable(_) => ErrorCode::Unavailable,
            Self::Internal(_) => ErrorCode::Internal,
        }
    }

    /// Attributes the error to one photo of several, if the photo caused it.
    pub(crate) fn in_photo(self, number: u32) -> Self {
        match self {
            Self::Unavailable(_) | Self::Internal(_) | Self::FacesDisabled | Self::FaceModelsMissing => self,
            own => Self::Photo {
                number,
                source: Box::new(own),
            },
        }
    }
}

impl TransactionError for Error {
    fn is_serialization_failure(&self) -> bool {
        matches!(self, Self::SerializationFailure(_))
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(Conflict::Username) => Self::UsernameTaken,
            StoreError::Conflict(Conflict::Email) => Self::EmailTaken,
            StoreError::OwnerDeleted => Self::NotFound,
            StoreError::SerializationFailure(source) => Self::SerializationFailure(source),
            StoreError::Unavailable(source) => Self::Unavailable(source),
            StoreError::Conflict(Conflict::Text | Conflict::IdempotencyKey | Conflict::Identity) => {
                Self::Internal(error.into())
            }
        }
    }
}

impl From<IdTokenError> for Error {
    fn from(error: IdTokenError) -> Self {
        match error {
            IdTokenError::Invalid => Self::InvalidToken,
            IdTokenError::NoIssuer => Self::NoIssuer,
            IdTokenError::Unavailable(source) => Self::Unavailable(source),
        }
    }
}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Source(SourceError::Interrupted) => Self::InterruptedUpload,
            BlobError::Source(SourceError::TooLarge { limit }) => Self::ImageTooLarge { limit },
            BlobError::Source(SourceError::Unsupported) => Self::UnsupportedImage,
            BlobError::Source(SourceError::Unavailable(source)) | BlobError::Unavailable(source) => {
                Self::Unavailable(source)
            }
        }
    }
}

impl From<ImageError> for Error {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Corrupt => Self::ImageCorrupt,
            ImageError::Dimensions { max_pixels } => Self::ImageDimensions { max_pixels },
            ImageError::TooManyPages { limit } => Self::TooManyPages { limit },
            ImageError::Unavailable(source) => Self::Unavailable(source),
        }
    }
}

impl From<FaceError> for Error {
    fn from(error: FaceError) -> Self {
        match error {
            FaceError::Image(error) => error.into(),
            FaceError::NoFace => Self::NoFace,
            FaceError::SeveralFaces => Self::SeveralFaces,
            FaceError::Disabled => Self::FacesDisabled,
            FaceError::NotLoaded => Self::FaceModelsMissing,
            FaceError::Busy => Self::Unavailable(error.into()),
            FaceError::Unavailable(source) => Self::Unavailable(source),
        }
    }
}

impl From<OcrError> for Error {
    fn from(error: OcrError) -> Self {
        match error {
            OcrError::Image(error) => error.into(),
            OcrError::Timeout => Self::Timeout,
            OcrError::Busy => Self::Unavailable(error.into()),
            OcrError::Unavailable(source) => Self::Unavailable(source),
        }
    }
}

impl From<ClassificationError> for Error {
    fn from(error: ClassificationError) -> Self {
        match error {
            ClassificationError::Image(error) => error.into(),
            ClassificationError::UnusableOutput => Self::UnusableOutput,
            ClassificationError::Timeout => Self::Timeout,
            ClassificationError::Busy => Self::Unavailable(error.into()),
            ClassificationError::Unavailable(source) => Self::Unavailable(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_parsed_from_its_own_spelling_only() {
        for code in ErrorCode::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert_eq!(code.to_string(), code.as_str());
        }
        assert!("NotFound".parse::<ErrorCode>().is_err() && "".parse::<ErrorCode>().is_err());
    }

    #[test]
    fn a_size_is_written_in_the_largest_unit_that_divides_it() {
        let sizes = [
            (20 << 20, "20 MiB"),
            (3 << 29, "1536 MiB"),
            (2 << 30, "2 GiB"),
            (1536, "1536 bytes"),
            (0, "0 bytes"),
        ];
        for (bytes, expected) in sizes {
            assert_eq!(format_bytes(bytes), expected);
        }
    }
}
