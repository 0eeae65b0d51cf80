//! Sending the mails that were ordered.

use super::MailSignals;
use crate::Error;
use chrono::TimeDelta;
use domain::{
    accounts::{
        Code, CodePurpose, IssuedCode, Mail, MailContent, MailError, MailOrder, Mailer, PasswordHash,
        PasswordHasher, SecretGenerator, User,
    },
    clock::Clock,
    ids::{CodeId, IdGenerator, UserId},
    store::{Store, Transaction},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// How long an order is left to who took it upon himself: longer than any mailer takes.
const LEASE: TimeDelta = TimeDelta::seconds(90);
/// How soon a mail is sent that another process ordered.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long who could not reach the mail server leaves mails that are due to other processes, which may reach theirs: all of
/// them look within that time.
const YIELD: TimeDelta = TimeDelta::seconds(2);
/// The rest after a failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Carries out the orders of mails. Only here a code is made: it is stored hashed, and then sent. An attempt that fails
/// leaves the order for later, and the next makes another code, so nothing is forgotten when the process or the mail server
/// dies in between; at worst a mail comes twice, and the code of the second counts.
pub struct DeliverMails {
    /// Where orders, users and codes are kept.
    pub store: Arc<dyn Store>,
    /// Hashes codes.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Makes codes.
    pub secrets: Arc<dyn SecretGenerator>,
    /// Sends mails.
    pub mailer: Arc<dyn Mailer>,
    /// What is due.
    pub clock: Arc<dyn Clock>,
    /// Names codes.
    pub ids: Arc<dyn IdGenerator>,
    /// Tells of mails that are ordered in this process, and of its end.
    pub signals: Arc<MailSignals>,
    /// Whether the mail server was out of reach at the latest attempt; false at first.
    pub cut_off: AtomicBool,
}

impl DeliverMails {
    /// Sends one mail after the other until the process ends. Several may run at once.
    pub async fn run(&self) {
        let mut failing = false;
        while self.signals.working() {
            match self.execute().await {
                Ok(()) => failing = false,
                Err(error) => {
                    // Once for each outage.
                    if !failing {
                        tracing::warn!(error = &error as &dyn std::error::Error, "mails wait");
                    }
                    failing = true;
                    tokio::time::sleep(AFTER_FAILURE).await;
                    continue;
                }
            }
            // Either way there may be something to send.
            let _ = tokio::time::timeout(LOOK_EVERY, self.signals.rung()).await;
        }
    }

    /// Sends what is due.
    pub async fn execute(&self) -> Result<(), Error> {
        while self.signals.working()
            && let Some(order) = self.claim().await?
        {
            self.deliver(&order).await?;
        }
        Ok(())
    }

    async fn claim(&self) -> Result<Option<MailOrder>, Error> {
        let now = self.clock.now();
        let due = if self.cut_off.load(Ordering::Relaxed) {
            now + -YIELD
        } else {
            now
        };
        if !self.store.read().mail_orders().any_due(due).await? {
            return Ok(None);
        }
        let unit = self.store.begin().await?;
        let order = unit.mail_orders().claim(due, now + LEASE).await?;
        unit.commit().await?;
        Ok(order)
    }

    async fn deliver(&self, order: &MailOrder) -> Result<(), Error> {
        let (id, purpose, attempt) = (order.id, order.purpose.as_str(), order.attempts);
        let Some(user) = order.user_id else {
            return self.remove(order).await;
        };
        if order.has_expired(self.clock.now()) {
            tracing::error!(order = %id, purpose, attempt, "a mail is given up that could not be sent for a day");
            return self.remove(order).await;
        }
        let Some(mail) = self.write(order, user).await? else {
            return self.remove(order).await;
        };
        let sent = self.mailer.send(&mail).await;
        let cut_off = matches!(sent, Err(MailError::Unavailable(_)));
        self.cut_off.store(cut_off, Ordering::Relaxed);
        match sent {
            Ok(()) => self.remove(order).await,
            Err(MailError::Refused) => {
                tracing::warn!(order = %id, purpose, "a mail is given up that is refused for good");
                self.remove(order).await
            }
            Err(MailError::Unavailable(error)) => {
                let postponed = self.postpone(order).await;
                tracing::warn!(
                    order = %id,
                    purpose,
                    attempt,
                    rest = order.rest().num_seconds(),
                    error = &*error as &dyn std::error::Error,
                    "a mail waits for the mail server"
                );
                postponed
            }
        }
    }

    /// The mail, whose code counts from now on; `None` when nobody needs it any more.
    async fn write(&self, order: &MailOrder, user: UserId) -> Result<Option<Mail>, Error> {
        let code = self.secrets.code();
        let hash = self.hasher.hash((&code).into()).await.map_err(Error::Internal)?;
        let unit = self.store.begin().await?;
        let Some(user) = needing(&*unit, order, user).await? else {
            return Ok(None);
        };
        unit.codes().put(&self.issued(order, &user, hash)).await?;
        unit.commit().await?;
        Ok(Some(mail(order, user, &code)))
    }

    fn issued(&self, order: &MailOrder, user: &User, hash: PasswordHash) -> IssuedCode {
        let id = CodeId(self.ids.next());
        IssuedCode::new(id, user, order.purpose, hash, self.clock.now())
    }

    async fn remove(&self, order: &MailOrder) -> Result<(), Error> {
        let unit = self.store.begin().await?;
        unit.mail_orders().remove(order).await?;
        unit.commit().await?;
        Ok(())
    }

    async fn postpone(&self, order: &MailOrder) -> Result<(), Error> {
        let due_at = self.clock.now() + order.rest();
        let unit = self.store.begin().await?;
        unit.mail_orders().postpone(order, due_at).await?;
        unit.commit().await?;
        Ok(())
    }
}

/// The user, locked, unless the mail is of no use: he is gone or disabled, has shown that the address is his, or gets a
/// later one.
async fn needing(unit: &dyn Transaction, order: &MailOrder, user: UserId) -> Result<Option<User>, Error> {
    let Some(user) = unit.users().lock(user).await? else {
        return Ok(None);
    };
    let verified = order.purpose == CodePurpose::VerifyEmail && user.email_verified;
    let shut = user.disabled_at.is_some();
    let needless = shut || verified || unit.mail_orders().is_superseded(order).await?;
    Ok((!needless).then_some(user))
}

fn mail(order: &MailOrder, user: User, code: &Code) -> Mail {
    let code = code.secret();
    Mail {
        to: user.email,
        username: user.username,
        language: order.language,
        content: match order.purpose {
            CodePurpose::VerifyEmail => MailContent::VerifyEmail { code },
            CodePurpose::RecoverPassword => MailContent::RecoverPassword { code },
        },
    }
}

#[cfg(test)]
#[path = "deliver_mails_tests.rs"]
mod tests;
