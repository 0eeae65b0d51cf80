//! Mail: over SMTP, or to the log if no server is configured.
//!
//! A mail has a text part and an HTML part with the same sentences. It contains no link and loads nothing.

mod address;
mod error;
mod log;
mod message;
mod session;
mod smtp;
mod templates;

pub use error::MailerError;
pub use log::LogMailer;
pub use smtp::SmtpMailer;

use address::Destination;
use domain::{accounts::Mailer, clock::Clock, ids::IdGenerator};
use secrecy::SecretString;
use std::{sync::Arc, time::Duration};

/// The mail server and the sender.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// `log:` writes mails to the log and sends nothing.
    ///
    /// `smtp://user:password@host:587` upgrades the connection with STARTTLS if the server offers it, and requires that
    /// if there is a password. `smtps://user:password@host:465` begins with TLS. The ports are the defaults. User and
    /// password are optional and percent-encoded: `%40` for `@`. The certificate of the server must be trusted by the
    /// system, or by the authorities in the PEM file of `?ca=/path/to/file.pem`.
    pub url: SecretString,
    /// The sender: `ocellus@example.org`, or with a name, `Ocellus <ocellus@example.org>`.
    pub from: String,
    /// The time limit for connecting and for each response. Three times as long for accepting the message, which many
    /// servers scan first.
    pub timeout: Duration,
}

impl MailSettings {
    /// Settings with a time limit of 10 s per response.
    pub fn new(url: SecretString, from: String) -> Self {
        Self {
            url,
            from,
            timeout: Duration::from_secs(10),
        }
    }
}

/// Opens the mailer of the settings. It reads the certificates and does not connect yet.
///
/// # Errors
///
/// [`MailerError::Address`] if the URL is not one that [`MailSettings`] describes, [`MailerError::Sender`] if the sender
/// is not a mailbox, [`MailerError::Authorities`] if the certificate file cannot be used.
pub fn open(
    settings: &MailSettings,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
) -> Result<Arc<dyn Mailer>, MailerError> {
    let from = message::parse_sender(&settings.from)?;
    Ok(match Destination::parse(&settings.url)? {
        Destination::Log => Arc::new(LogMailer),
        Destination::Server(server) => {
            Arc::new(SmtpMailer::new(&server, from, settings.timeout, clock, ids)?)
        }
    })
}
