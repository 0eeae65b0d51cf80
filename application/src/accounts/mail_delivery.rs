//! Sending the mails of the outbox.

use crate::{Context, Error};
use chrono::TimeDelta;
use domain::{
    accounts::{
        Code, CodePurpose, IssuedCode, Mail, MailContent, MailError, Mailer, OutgoingMail, PasswordHash,
        PasswordHasher, SecretGenerator, User,
    },
    ids::{CodeId, UserId},
    store::{StoreError, Transaction},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::{Notify, watch};

/// How long a claimed mail is reserved for its sender: longer than any mailer takes.
const LEASE: TimeDelta = TimeDelta::seconds(90);
/// How often the outbox is polled for mails of other processes.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// How long a process that cannot reach the mail server leaves due mails to others. They all poll within that time.
const YIELD: TimeDelta = TimeDelta::seconds(2);
/// The pause after a failure.
const FAILURE_PAUSE: Duration = Duration::from_secs(1);

/// Tells the senders of a process that a mail was added, or that the process ends. Senders poll for missed signals.
pub struct MailSignals {
    added: Notify,
    running: watch::Sender<bool>,
}

impl Default for MailSignals {
    fn default() -> Self {
        Self {
            added: Notify::new(),
            running: watch::Sender::new(true),
        }
    }
}

impl MailSignals {
    /// Signals that a mail was committed to the outbox. The signal is kept for the next waiting sender.
    pub(crate) fn notify(&self) {
        self.added.notify_one();
    }

    /// Waits until a mail is added or the process ends.
    pub(crate) async fn notified(&self) {
        let mut running = self.running.subscribe();
        tokio::select! {
            () = self.added.notified() => {}
            // It cannot fail, because `self` keeps the sender of the channel.
            _ = running.wait_for(|running| !running) => {}
        }
    }

    /// Signals that no further mail is to be sent.
    pub fn stop(&self) {
        self.running.send_replace(false);
    }

    fn is_running(&self) -> bool {
        *self.running.borrow()
    }
}

/// Sends the mails of the outbox.
///
/// A code is generated for each attempt: it is stored as a hash, then mailed. After a failure the mail stays in the outbox,
/// so none is lost. At worst a mail is sent twice, and the code of the second is valid.
pub struct MailDelivery {
    context: Context,
    hasher: Arc<dyn PasswordHasher>,
    secrets: Arc<dyn SecretGenerator>,
    mailer: Arc<dyn Mailer>,
    signals: Arc<MailSignals>,
    /// Whether the mail server was unreachable at the latest attempt.
    server_unreachable: AtomicBool,
}

impl MailDelivery {
    /// Creates the service.
    pub fn new(
        context: Context,
        hasher: Arc<dyn PasswordHasher>,
        secrets: Arc<dyn SecretGenerator>,
        mailer: Arc<dyn Mailer>,
        signals: Arc<MailSignals>,
    ) -> Self {
        Self {
            context,
            hasher,
            secrets,
            mailer,
            signals,
            server_unreachable: AtomicBool::new(false),
        }
    }

    /// Sends mails until the process ends. Several calls may run concurrently.
    pub async fn run(&self) {
        let mut failing = false;
        while self.signals.is_running() {
            match self.send_due().await {
                Ok(()) => failing = false,
                Err(error) => {
                    // Logged once for each outage.
                    if !failing {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "the outbox is unavailable"
                        );
                    }
                    failing = true;
                    tokio::time::sleep(FAILURE_PAUSE).await;
                    continue;
                }
            }
            // After a timeout the outbox is polled.
            let _ = tokio::time::timeout(POLL_INTERVAL, self.signals.notified()).await;
        }
    }

    /// Sends the mails that are due.
    pub async fn send_due(&self) -> Result<(), Error> {
        while self.signals.is_running()
            && let Some(outgoing) = self.claim().await?
        {
            self.send(&outgoing).await?;
        }
        Ok(())
    }

    async fn claim(&self) -> Result<Option<OutgoingMail>, Error> {
        let now = self.context.now();
        let due = if self.server_unreachable.load(Ordering::Relaxed) {
            now + -YIELD
        } else {
            now
        };
        if !self.context.read().outgoing_mails().any_due(due).await? {
            return Ok(None);
        }
        self.context
            .transact(|tx| Box::pin(async move { Ok(tx.outgoing_mails().claim(due, now + LEASE).await?) }))
            .await
    }

    async fn send(&self, outgoing: &OutgoingMail) -> Result<(), Error> {
        let (id, purpose, attempt) = (outgoing.id, outgoing.purpose.as_str(), outgoing.attempts);
        let Some(user) = outgoing.user_id else {
            return self.remove(outgoing).await;
        };
        if outgoing.has_expired(self.context.now()) {
            tracing::error!(mail = %id, purpose, attempt, "dropped a mail that could not be sent for a day");
            return self.remove(outgoing).await;
        }
        let Some(mail) = self.compose(outgoing, user).await? else {
            return self.remove(outgoing).await;
        };
        let sent = self.mailer.send(&mail).await;
        let unreachable = matches!(sent, Err(MailError::Unavailable(_)));
        self.server_unreachable.store(unreachable, Ordering::Relaxed);
        match sent {
            Ok(()) => self.remove(outgoing).await,
            Err(MailError::Refused) => {
                tracing::warn!(mail = %id, purpose, "dropped a mail that the server rejected permanently");
                self.remove(outgoing).await
            }
            Err(MailError::Unavailable(error)) => {
                let delay = outgoing.retry_delay();
                let postponed = self.postpone(outgoing, delay).await;
                tracing::warn!(
                    mail = %id,
                    purpose,
                    attempt,
                    retry_in_s = delay.num_seconds(),
                    error = &*error as &dyn std::error::Error,
                    "a mail could not be sent"
                );
                postponed
            }
        }
    }

    /// Generates and stores the code, and returns the mail; `None` if the mail is not needed any more.
    async fn compose(&self, outgoing: &OutgoingMail, user: UserId) -> Result<Option<Mail>, Error> {
        let code = self.secrets.code();
        let hash = &self.hasher.hash((&code).into()).await.map_err(Error::Internal)?;
        let recipient = self
            .context
            .transact(|tx| Box::pin(self.issue_code(tx, outgoing, user, hash)))
            .await?;
        Ok(recipient.map(|user| mail(outgoing, user, &code)))
    }

    async fn issue_code(
        &self,
        tx: &dyn Transaction,
        outgoing: &OutgoingMail,
        user: UserId,
        hash: &PasswordHash,
    ) -> Result<Option<User>, StoreError> {
        let Some(user) = lock_recipient(tx, outgoing, user).await? else {
            return Ok(None);
        };
        let id = CodeId(self.context.new_id());
        let code = IssuedCode::new(id, &user, outgoing.purpose, hash.clone(), self.context.now());
        tx.codes().put(&code).await?;
        Ok(Some(user))
    }

    async fn remove(&self, outgoing: &OutgoingMail) -> Result<(), Error> {
        self.context
            .transact(|tx| Box::pin(async move { Ok(tx.outgoing_mails().remove(outgoing).await?) }))
            .await
    }

    async fn postpone(&self, outgoing: &OutgoingMail, delay: TimeDelta) -> Result<(), Error> {
        let due_at = self.context.now() + delay;
        self.context
            .transact(|tx| Box::pin(async move { Ok(tx.outgoing_mails().postpone(outgoing, due_at).await?) }))
            .await
    }
}

/// Locks and returns the user, or `None` if the mail is not needed: the user was deleted or is disabled, the address is
/// verified already, or a later mail supersedes this one.
async fn lock_recipient(
    tx: &dyn Transaction,
    outgoing: &OutgoingMail,
    user: UserId,
) -> Result<Option<User>, StoreError> {
    let Some(user) = tx.users().lock(user).await? else {
        return Ok(None);
    };
    let verified = outgoing.purpose == CodePurpose::VerifyEmail && user.email_verified;
    let disabled = user.disabled_at.is_some();
    let needless = disabled || verified || tx.outgoing_mails().is_superseded(outgoing).await?;
    Ok((!needless).then_some(user))
}

fn mail(outgoing: &OutgoingMail, user: User, code: &Code) -> Mail {
    let code = code.secret();
    Mail {
        to: user.email,
        username: user.username,
        language: outgoing.language,
        content: match outgoing.purpose {
            CodePurpose::VerifyEmail => MailContent::VerifyEmail { code },
            CodePurpose::RecoverPassword => MailContent::RecoverPassword { code },
        },
    }
}
