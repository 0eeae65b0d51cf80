//! Why a bucket cannot be opened.

use std::error::Error;

/// Where the client asks for the role of a machine at Amazon.
const ROLES: &str = "http://169.254.";

/// Which of the settings is to blame. No message holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum S3Error {
    /// The server does not answer, or is not whom it should be.
    #[error("the object store cannot be reached: {0}")]
    Endpoint(String),
    /// There is no such access key.
    #[error("the object store does not know this access key")]
    AccessKey,
    /// No access key is configured, and the machine has none.
    #[error("no access key is set, and neither the environment nor the machine has one")]
    NoKey,
    /// The secret is not that of the access key.
    #[error("the object store finds that this is not the secret of the access key")]
    SecretKey,
    /// There is no such bucket.
    #[error("there is no such bucket")]
    Bucket,
    /// The bucket is elsewhere.
    #[error("the bucket is in another region")]
    Region,
    /// The server refuses for another reason.
    #[error("the object store refuses to list or write the bucket: {0}")]
    Refused(String),
    /// The settings do not fit together.
    #[error("{0}")]
    Settings(String),
}

impl S3Error {
    /// What an error of the client means.
    pub(crate) fn of(error: &object_store::Error) -> Self {
        let told = told(error);
        match element(&told, "Code") {
            Some("InvalidAccessKeyId" | "NotSignedUp") => Self::AccessKey,
            Some("SignatureDoesNotMatch") => Self::SecretKey,
            Some("NoSuchBucket") => Self::Bucket,
            Some(
                "AuthorizationHeaderMalformed" | "PermanentRedirect" | "IllegalLocationConstraintException",
            ) => Self::Region,
            Some(code) => {
                let message = element(&told, "Message").unwrap_or_default();
                Self::Refused(format!("{code} {message}").trim_end().to_owned())
            }
            // What Amazon answers where the bucket is in another region says not even where.
            None if told.contains("without LOCATION") => Self::Region,
            None if told.contains(ROLES) => Self::NoKey,
            None => Self::Endpoint(innermost(error)),
        }
    }
}

/// Everything that an error and its causes say. The client knows statuses; what the server said in its answer, and so the
/// code of S3 in it, is only in the text.
pub(super) fn told(error: &object_store::Error) -> String {
    let told: Vec<_> = causes(error).map(ToString::to_string).collect();
    told.join("; ")
}

fn innermost(error: &object_store::Error) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// An error and its causes, the last of them innermost.
fn causes(error: &object_store::Error) -> impl Iterator<Item = &dyn Error> {
    let first: &dyn Error = error;
    std::iter::successors(Some(first), |&error| error.source())
}

/// The content of the first element of this name.
fn element<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("<{name}>"))?;
    let (content, _) = rest.split_once('<')?;
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(answer: &str) -> S3Error {
        S3Error::of(&object_store::Error::Generic {
            store: "S3",
            source: answer.into(),
        })
    }

    #[test]
    fn the_code_of_an_answer_tells_the_setting() {
        let coded = |code: &str| {
            meaning(&format!(
                "403: <Error><Code>{code}</Code><Message>No.</Message></Error>"
            ))
        };
        assert!(matches!(coded("InvalidAccessKeyId"), S3Error::AccessKey));
        assert!(matches!(coded("SignatureDoesNotMatch"), S3Error::SecretKey));
        assert!(matches!(coded("NoSuchBucket"), S3Error::Bucket));
        assert!(matches!(coded("PermanentRedirect"), S3Error::Region));
        let refused = coded("AccessDenied").to_string();
        assert!(refused.ends_with("AccessDenied No."), "{refused}");
    }

    #[test]
    fn a_machine_without_a_role_lacks_a_key() {
        let answer = "Error performing PUT http://169.254.169.254/latest/api/token in 1s - timed out";
        assert!(matches!(meaning(answer), S3Error::NoKey));
    }

    #[test]
    fn whoever_does_not_answer_in_the_language_of_s3_is_at_the_wrong_address() {
        let error = meaning("invalid peer certificate: UnknownIssuer").to_string();
        assert!(error.contains("UnknownIssuer"), "{error}");
        let redirected = "Received redirect without LOCATION, this normally indicates another region";
        assert!(matches!(meaning(redirected), S3Error::Region));
    }
}
