//! A mailer that writes mails to the log.

use super::templates::{RenderedMail, render};
use async_trait::async_trait;
use domain::accounts::{Mail, MailError, Mailer};

/// Writes mails to the log instead of sending them, for trying out the service. No other part may log a code.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogMailer;

#[async_trait]
impl Mailer for LogMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let to = mail.to.as_str();
        let RenderedMail { subject, text, .. } =
            render(mail).map_err(|error| MailError::Unavailable(error.into()))?;
        tracing::info!(
            "No mail server is configured, so this mail to {to} is not sent:\n{subject}\n\n{text}"
        );
        Ok(())
    }
}
