//! Mails that the service writes.

use std::time::Duration;

use serde_json::Value;

use crate::log::Log;
use crate::server::Server;
use crate::waiting::eventually;

/// How long a mail may take on a busy machine.
pub(crate) const DELIVERY: Duration = Duration::from_mins(1);

/// A mail to one address.
#[derive(Debug, Clone)]
pub struct Mail {
    /// What it is about.
    pub subject: String,
    /// What it says, as plain text.
    pub text: String,
}

impl Mail {
    /// The code, which stands alone in its line.
    #[track_caller]
    pub fn code(&self) -> String {
        let mut lines = self.text.lines().map(str::trim);
        let code = lines.find(|line| line.len() == 8 && line.bytes().all(|byte| byte.is_ascii_digit()));
        let code = code.unwrap_or_else(|| panic!("there is no code in {}", self.text));
        code.to_owned()
    }
}

impl Log {
    /// The mails to an address that were written here instead of being sent.
    pub fn mails_to(&self, address: &str) -> Vec<Mail> {
        let beginning = format!("No mail server is configured, so this mail to {address} is not sent:\n");
        let lines = self.lines().into_iter();
        let messages = lines.filter_map(|line| {
            let entry: Value = serde_json::from_str(&line).ok()?;
            Some(entry.get("message")?.as_str()?.to_owned())
        });
        let mails = messages.filter_map(|message| {
            let (subject, text) = message.strip_prefix(&beginning)?.split_once("\n\n")?;
            Some(Mail {
                subject: subject.to_owned(),
                text: text.to_owned(),
            })
        });
        mails.collect()
    }
}

impl Server {
    /// Waits until so many mails went to an address, and gives the latest.
    pub async fn mail_to(&self, address: &str, count: usize) -> Mail {
        eventually(&format!("mail {count} to {address}"), DELIVERY, async || {
            self.log().mails_to(address).len() >= count
        })
        .await;
        let mut mails = self.log().mails_to(address);
        assert_eq!(mails.len(), count, "{mails:?}");
        mails.remove(count - 1)
    }
}
