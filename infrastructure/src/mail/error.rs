//! What is wrong with the settings of mail.

use domain::BoxError;
use std::path::PathBuf;

/// Why no mailer can be made. No message holds the URL or its password.
#[derive(Debug, thiserror::Error)]
pub enum MailerError {
    /// The URL is not one of a mail server.
    #[error("the address of the mail server is not valid: {0}")]
    Address(String),
    /// The sender is no mailbox.
    #[error(
        "the sender of mails is no mailbox such as `ocellus@example.org` or `Ocellus <ocellus@example.org>`"
    )]
    Sender,
    /// The file of certificates cannot be read, or holds none.
    #[error("the certificate authorities of the mail server in {path} cannot be used: {reason}")]
    Authorities {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        reason: BoxError,
    },
    /// This program cannot do TLS on this machine.
    #[error("no secure connection can be prepared: {0}")]
    Tls(#[source] BoxError),
}
