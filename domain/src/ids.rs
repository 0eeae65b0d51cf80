//! Identifiers, as a port and as types of their own.

use uuid::Uuid;

/// New identifiers.
#[cfg_attr(feature = "test-support", mockall::automock)]
pub trait IdGenerator: Send + Sync {
    /// A `UUIDv7`: unique, and ordered by the time of its making.
    fn next(&self) -> Uuid;
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(formatter)
            }
        }
    };
}

identifier!(
    /// Names a user for good.
    UserId
);
identifier!(
    /// Names one login of a user.
    SessionId
);
identifier!(
    /// Names an uploaded image.
    ImageId
);
identifier!(
    /// Names what was read from an image in one set of languages.
    TextId
);
identifier!(
    /// Names a task.
    TaskId
);
identifier!(
    /// Names an API key.
    ApiKeyId
);
identifier!(
    /// Names a code that was mailed.
    CodeId
);
identifier!(
    /// Names a mail in the outbox.
    OutgoingMailId
);
identifier!(
    /// Names an enrolled face; those that were enrolled later have greater ones.
    FaceId
);
identifier!(
    /// Names something that happened to an account.
    EventId
);
identifier!(
    /// Names a prediction. That of a task has the id of its task.
    PredictionId
);
identifier!(
    /// Names what a person said of a prediction at one time.
    FeedbackId
);
