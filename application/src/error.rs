//! The one taxonomy of failures. The API alone decides which status each becomes.

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

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field, as the request names it.
    pub field: String,
    /// What it must be.
    pub message: String,
}

impl FieldError {
    /// Says what `field` must be.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

/// Why a use case did not do what was asked. Its text may be shown to the client; the sources never are.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields of the request are malformed.
    #[error("The request is malformed: see errors.")]
    InvalidRequest(Vec<FieldError>),
    /// The body ended before its end.
    #[error("The request body ended before the file was complete.")]
    InterruptedUpload,
    /// No token, or none that is valid.
    #[error("A valid access token is needed.")]
    Unauthenticated,
    /// No such user, or another password.
    #[error("The name or the password is wrong.")]
    InvalidCredentials,
    /// Another face, nobody's name, or a user without a face.
    #[error("The face is not recognized.")]
    FaceNotRecognized,
    /// A token or code that is unknown, has ended or was used before.
    #[error("The token is unknown, has ended or was used before: log in again.")]
    InvalidToken,
    /// A code that is wrong, has ended or was used before.
    #[error("The code is wrong, has ended or was used before: ask for another.")]
    InvalidCode,
    /// The user has not shown yet that the address is his.
    #[error("Confirm your e-mail address first, with the code that was mailed to it.")]
    EmailNotVerified,
    /// Not an API key's to do.
    #[error("This needs the login of a person; an API key may not do it.")]
    Forbidden,
    /// Not for users who are no admins.
    #[error("This is for admins only.")]
    AdminsOnly,
    /// The issuer of an ID token has not verified the address, and without that a first login is of nobody.
    #[error(
        "The issuer of the token does not say that it verified your e-mail address: verify it there first."
    )]
    EmailNotVouchedFor,
    /// Absent, or somebody else's.
    #[error("There is nothing here that is yours.")]
    NotFound,
    /// Another user has the name.
    #[error("This user name is taken.")]
    UsernameTaken,
    /// Another user has the address.
    #[error("This e-mail address is taken.")]
    EmailTaken,
    /// A task that has ended cannot be cancelled.
    #[error("The task has come to its end already.")]
    TaskFinished,
    /// An admin may do this to others only, so that he does not lock himself out.
    #[error("This is your own account: an admin may disable and delete others here.")]
    OwnAccount,
    /// The idempotency key was used for another request, or a repetition took it over.
    #[error("This idempotency key belongs to another request, or a repetition of this one took it over.")]
    IdempotencyConflict,
    /// A request with the same idempotency key is still being worked on.
    #[error("A request with this idempotency key is still being worked on; try again in a moment.")]
    StillPending,
    /// More bytes than allowed.
    #[error("The file is larger than {limit} bytes.")]
    ImageTooLarge {
        /// The most bytes.
        limit: u64,
    },
    /// The bytes are no image of a kind that is read.
    #[error("The file is not a PNG, JPEG, WebP, TIFF, BMP or GIF image.")]
    UnsupportedImage,
    /// The image cannot be decoded.
    #[error("The image is damaged or cut off.")]
    ImageCorrupt,
    /// A page has no pixels or too many.
    #[error(
        "A page must have at least one pixel and at most {max_pixels}, and fit into the memory for decoding."
    )]
    ImageDimensions {
        /// The most pixels of a page.
        max_pixels: u64,
    },
    /// More pages than allowed.
    #[error("The image has more than {limit} pages.")]
    TooManyPages {
        /// The most pages.
        limit: u32,
    },
    /// No face in a photo is large and clear enough.
    #[error(
        "There is no face in the photo that is large and clear enough: look at the camera, in good light, from nearby."
    )]
    NoFace,
    /// More than one face in a photo.
    #[error("There is more than one face in the photo: be alone in it.")]
    SeveralFaces,
    /// Photos of different people.
    #[error("The photos do not show the same face clearly enough: take them again.")]
    FaceMismatch,
    /// One of several photos cannot be used.
    #[error("Photo {number}: {source}")]
    Photo {
        /// Which, counted from 1.
        number: u32,
        /// Why not.
        source: Box<Error>,
    },
    /// Another user's face is so near that the two could not be told apart.
    #[error("This face is too like another that is enrolled: here faces must be told apart without names.")]
    FaceTaken,
    /// Faces are switched off.
    #[error("Faces are switched off in this service.")]
    FacesDisabled,
    /// The models of faces were not installed.
    #[error("The models that recognize faces are not installed.")]
    FaceModelsMissing,
    /// A language that is not installed or not allowed.
    #[error("The language {unknown} is not available; these are: {available}.")]
    UnsupportedLanguage {
        /// The first such language.
        unknown: Language,
        /// Those that may be asked for, joined by commas.
        available: String,
    },
    /// No classifier has this name.
    #[error("There is no model of this name; see GET /models.")]
    UnknownModel,
    /// No issuer of ID tokens is configured.
    #[error("Logging in with an ID token is not set up in this service.")]
    NoIssuer,
    /// No classifier is loaded, or not the one that is needed.
    #[error("The classifier that this needs is not loaded.")]
    ModelNotLoaded,
    /// A classifier answered with what is no probabilities.
    #[error("The classifier gave no usable answer for this image.")]
    UnusableOutput,
    /// The user has as many unfinished tasks as he may.
    #[error("There are {limit} unfinished tasks of yours already: wait until some are done.")]
    TooManyTasks {
        /// The most unfinished tasks.
        limit: u64,
    },
    /// The user has as many API keys as he may.
    #[error("There are {limit} API keys of yours already: withdraw some first.")]
    TooManyApiKeys {
        /// The most keys.
        limit: u64,
    },
    /// Tried too often.
    #[error("There were too many attempts: try again later.")]
    TooManyAttempts {
        /// How long to wait.
        retry_after: TimeDelta,
    },
    /// The user stores as much as he may.
    #[error("The storage quota is used up: delete images to make room.")]
    QuotaExceeded,
    /// The work ran past its limit.
    #[error("The work took longer than it may.")]
    Timeout,
    /// The transaction lost against others too often; trying again later may help.
    #[error("A part of the service is not available at the moment.")]
    SerializationFailure(#[source] BoxError),
    /// A part is down or full; trying again later may help.
    #[error("A part of the service is not available at the moment.")]
    Unavailable(#[source] BoxError),
    /// A defect.
    #[error("The service failed.")]
    Internal(#[source] BoxError),
}

impl Error {
    /// The stable code that clients act on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest(_) | Self::InterruptedUpload => "invalid_request",
            Self::Unauthenticated => "unauthenticated",
            Self::InvalidCredentials | Self::FaceNotRecognized => "invalid_credentials",
            Self::InvalidToken | Self::InvalidCode => "invalid_token",
            Self::EmailNotVerified | Self::EmailNotVouchedFor => "email_not_verified",
            Self::Forbidden | Self::AdminsOnly => "forbidden",
            Self::NotFound => "not_found",
            Self::UsernameTaken => "username_taken",
            Self::EmailTaken => "email_taken",
            Self::ImageTooLarge { .. } => "image_too_large",
            Self::UnsupportedImage => "unsupported_image",
            Self::ImageCorrupt => "image_corrupt",
            Self::ImageDimensions { .. } => "image_dimensions",
            Self::TooManyPages { .. } => "too_many_pages",
            Self::UnsupportedLanguage { .. } => "unsupported_language",
            Self::NoFace => "no_face",
            Self::SeveralFaces => "several_faces",
            Self::FaceMismatch => "face_mismatch",
            Self::Photo { source, .. } => source.code(),
            Self::TaskFinished | Self::OwnAccount | Self::FaceTaken => "conflict",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::UnknownModel => "unknown_model",
            Self::ModelNotLoaded | Self::FaceModelsMissing => "model_not_loaded",
            Self::QuotaExceeded | Self::TooManyTasks { .. } | Self::TooManyApiKeys { .. } => "quota_exceeded",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::Timeout => "timeout",
            Self::StillPending
            | Self::NoIssuer
            | Self::FacesDisabled
            | Self::UnusableOutput
            | Self::SerializationFailure(_)
            | Self::Unavailable(_) => "unavailable",
            Self::Internal(_) => "internal",
        }
    }

    /// The same error, of one photo of several, if it is that photo's.
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
            StoreError::OwnerGone => Self::NotFound,
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
