//! Mails into the log.

use super::wording::Wording;
use async_trait::async_trait;
use domain::accounts::{Mail, MailError, Mailer};

/// Writes mails into the log instead of sending them, codes included: for a service that one tries out. Nothing else may
/// log a code.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogMailer;

#[async_trait]
impl Mailer for LogMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let wording = Wording::of(mail);
        let to = mail.to.as_str();
        let (subject, text) = (wording.subject, wording.text());
        tracing::info!(
            "A mail to {to}, which is not sent since no mail server is configured:\n{subject}\n\n{text}"
        );
        Ok(())
    }
}
