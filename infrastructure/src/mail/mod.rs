//! Mail: over SMTP, or into the log where nothing is configured.
//!
//! A mail has a text part and an HTML part that say the same. It names no address on the web and loads nothing.

mod address;
mod error;
mod html;
mod log;
mod message;
mod session;
mod smtp;
mod wording;

pub use error::MailerError;
pub use log::LogMailer;
pub use smtp::SmtpMailer;

use address::Destination;
use domain::{accounts::Mailer, clock::Clock, ids::IdGenerator};
use secrecy::SecretString;
use std::{sync::Arc, time::Duration};

/// Where mails go, and whom they are from.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// `log:` writes mails into the log and sends nothing.
    ///
    /// `smtp://user:password@host:587` speaks to a server that turns to TLS when asked (STARTTLS). It is asked wherever
    /// it offers that, and must offer it where there is a password. `smtps://user:password@host:465` begins with TLS.
    /// The ports are these where none is given; user and password may be absent, and their special characters are
    /// written as in any URL: `%40` for `@`. The server's certificate must be one that this system trusts, or come from
    /// the authorities in the PEM file that `?ca=/path/to/file.pem` names.
    pub url: SecretString,
    /// The sender: `ocellus@example.org`, or with a name, `Ocellus <ocellus@example.org>`.
    pub from: String,
    /// How long a server may take to let us in, and then for each answer. To take the whole mail, three times as long:
    /// many look into it meanwhile.
    pub timeout: Duration,
}

impl MailSettings {
    /// With 10 s for each answer.
    pub fn new(url: SecretString, from: String) -> Self {
        Self {
            url,
            from,
            timeout: Duration::from_secs(10),
        }
    }
}

/// The mailer that the settings ask for. Nothing is sent or connected yet; only the certificates are read.
///
/// # Errors
///
/// [`MailerError::Address`] when the URL is none of those that [`MailSettings`] describes, [`MailerError::Sender`] when
/// the sender is no mailbox, [`MailerError::Authorities`] when the file of certificates cannot be used.
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
