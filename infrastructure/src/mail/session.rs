//! What is said to a mail server, step by step, so that an answer means what its step makes of it.

use super::smtp::Place;
use base64::{Engine, prelude::BASE64_STANDARD};
use lettre::{
    Address, Message,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Rcpt},
        extension::{Extension, MailBodyParameter, MailParameter},
        response::Category,
    },
};
use secrecy::{ExposeSecret, SecretString};
use std::{error::Error as _, future::Future, time::Duration};

/// How long the server may take to say goodbye, which changes nothing any more.
const FAREWELL: Duration = Duration::from_secs(1);

/// The most characters of an answer that are repeated.
const LONGEST_ANSWER: usize = 300;

/// Why a mail was not delivered. No message holds a code or the password.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("no connection to the mail server: {0}")]
    Unreachable(String),
    #[error("the mail server did not answer within {after:?} when {step}")]
    Silent { step: &'static str, after: Duration },
    #[error(
        "the mail server offers no STARTTLS, without which the password is not sent to it; where it begins with TLS, \
         the address begins with smtps://"
    )]
    Unprotected,
    #[error("the mail server's STARTTLS failed: {0}")]
    Upgrade(String),
    #[error("the mail server refuses the login: {0}")]
    Login(String),
    #[error("the mail server refuses the sender: {0}")]
    Sender(String),
    #[error("the mail server does not take the mail now: {0}")]
    Deferred(String),
    #[error("the mail server refuses the mail for good: {0}")]
    Refused(String),
}

/// Hands a message over. The code is what the message holds and no error may.
pub(super) async fn deliver(place: &Place, message: &Message, code: &SecretString) -> Result<(), Failure> {
    let dialogue = Dialogue { place, code };
    let mut connection = dialogue.enter().await?;
    let outcome = dialogue.hand_over(&mut connection, message).await;
    if !matches!(outcome, Err(Failure::Silent { .. })) {
        // Whatever comes of it, the mail is taken or not.
        let _ = tokio::time::timeout(FAREWELL, connection.abort()).await;
    }
    outcome
}

struct Dialogue<'mail> {
    place: &'mail Place,
    code: &'mail SecretString,
}

impl Dialogue<'_> {
    /// Connects, makes it secure and logs in.
    async fn enter(&self) -> Result<AsyncSmtpConnection, Failure> {
        let Place {
            host,
            port,
            wrapped,
            tls,
            login,
            hello,
            timeout,
        } = self.place;
        let opening = AsyncSmtpConnection::connect_tokio1(
            (host.as_str(), *port),
            // For each address of the name: where the first leads nowhere, there is time left for another.
            Some(*timeout / 3),
            hello,
            wrapped.then(|| tls.clone()),
            None,
        );
        let opened = bounded("connecting", *timeout, opening).await?;
        let mut connection = opened.map_err(|error| Failure::Unreachable(self.reason(&error)))?;
        if !wrapped {
            if connection.can_starttls() {
                let upgrade = connection.starttls(tls.clone(), hello);
                let upgraded = bounded("turning to TLS", *timeout, upgrade).await?;
                upgraded.map_err(|error| Failure::Upgrade(self.reason(&error)))?;
            } else if login.is_some() {
                return Err(Failure::Unprotected);
            }
        }
        if let Some(login) = login {
            let password = login.password.expose_secret().to_owned();
            let credentials = Credentials::new(login.user.clone(), password);
            let attempt = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials);
            let attempted = bounded("logging in", *timeout, attempt).await?;
            attempted.map_err(|error| Failure::Login(self.reason(&error)))?;
        }
        Ok(connection)
    }

    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        message: &Message,
    ) -> Result<(), Failure> {
        let timeout = self.place.timeout;
        let envelope = message.envelope();
        let options = options(connection, envelope.to())?;
        let naming = connection.command(Mail::new(envelope.from().cloned(), options));
        let named = bounded("naming the sender", timeout, naming).await?;
        named.map_err(|error| {
            let reason = self.reason(&error);
            if error.is_permanent() {
                // No fault of this mail: it concerns every other, until somebody changes the settings.
                Failure::Sender(reason)
            } else {
                Failure::Deferred(reason)
            }
        })?;
        for to in envelope.to() {
            let naming = connection.command(Rcpt::new(to.clone(), Vec::new()));
            let named = bounded("naming the recipient", timeout, naming).await?;
            named.map_err(|error| self.judged(&error))?;
        }
        let announcing = connection.command(Data);
        let announced = bounded("announcing the mail", timeout, announcing).await?;
        announced.map_err(|error| self.judged(&error))?;
        let message = message.formatted();
        let sending = connection.message(&message);
        let sent = bounded("taking the mail", 3 * timeout, sending).await?;
        sent.map_err(|error| self.judged(&error))?;
        Ok(())
    }

    /// What an answer to the recipient or to the mail means: 55x is about them (RFC 5321, 4.2.1) and final. Another final
    /// answer is about the dialogue, such as a login that is missing, so the next attempt may find it otherwise.
    fn judged(&self, error: &Error) -> Failure {
        let about_the_mail = error
            .status()
            .is_some_and(|code| code.category == Category::MailSystem);
        if error.is_permanent() && about_the_mail {
            Failure::Refused(self.reason(error))
        } else {
            Failure::Deferred(self.reason(error))
        }
    }

    /// The innermost cause, in one line, without anything that is secret. Servers repeat what they like.
    fn reason(&self, error: &Error) -> String {
        let mut cause = error.source();
        while let Some(inner) = cause.and_then(|cause| cause.source()) {
            cause = Some(inner);
        }
        let text = cause.map_or_else(|| error.to_string(), ToString::to_string);
        let text = match error.status() {
            Some(code) => format!("{code} {text}"),
            None => text,
        };
        let text = self.without_secrets(text);
        let words: Vec<&str> = text
            .split(|character: char| character.is_control() || character.is_whitespace())
            .filter(|word| !word.is_empty())
            .collect();
        words.join(" ").chars().take(LONGEST_ANSWER).collect()
    }

    fn without_secrets(&self, text: String) -> String {
        let mut secrets = vec![self.code.expose_secret().to_owned()];
        if let Some(login) = &self.place.login {
            let (user, password) = (&login.user, login.password.expose_secret());
            secrets.push(BASE64_STANDARD.encode(format!("\0{user}\0{password}")));
            secrets.push(BASE64_STANDARD.encode(password));
            secrets.push(password.to_owned());
        }
        let hide = |text: String, secret: &String| text.replace(secret, "[hidden]");
        secrets
            .iter()
            .filter(|secret| !secret.is_empty())
            .fold(text, hide)
    }
}

/// What has to be said beside the sender: whether an address is in letters that only newer servers know.
fn options(connection: &AsyncSmtpConnection, to: &[Address]) -> Result<Vec<MailParameter>, Failure> {
    if to.iter().all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
        return Ok(Vec::new());
    }
    if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
        let answer = "it knows only addresses of Latin letters (no SMTPUTF8)";
        return Err(Failure::Refused(answer.to_owned()));
    }
    // RFC 6531, 3.1: who offers the one offers the other.
    Ok(vec![
        MailParameter::SmtpUtfEight,
        MailParameter::Body(MailBodyParameter::EightBitMime),
    ])
}

/// Waits for a step no longer than this.
async fn bounded<T>(
    step: &'static str,
    after: Duration,
    work: impl Future<Output = T>,
) -> Result<T, Failure> {
    let outcome = tokio::time::timeout(after, work).await;
    outcome.map_err(|_| Failure::Silent { step, after })
}
