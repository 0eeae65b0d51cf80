//! What those who order mails tell those who send them inside one process. What is missed, or ordered by another process, is
//! found in the store a little later.

use tokio::sync::{Notify, watch};

/// Signals of mails.
pub struct MailSignals {
    ordered: Notify,
    working: watch::Sender<bool>,
}

impl Default for MailSignals {
    fn default() -> Self {
        Self {
            ordered: Notify::new(),
            working: watch::Sender::new(true),
        }
    }
}

impl MailSignals {
    /// A mail was ordered.
    pub(crate) fn ring(&self) {
        self.ordered.notify_one();
    }

    /// Waits until a mail may have been ordered, or no more are to be sent.
    pub(crate) async fn rung(&self) {
        let mut working = self.working.subscribe();
        tokio::select! {
            () = self.ordered.notified() => {}
            // The sender lives as long as this borrow of it.
            _ = working.wait_for(|working| !working) => {}
        }
    }

    /// No mail is begun any more.
    pub fn finish(&self) {
        self.working.send_replace(false);
    }

    /// Whether mails are still to be begun.
    pub(super) fn working(&self) -> bool {
        *self.working.borrow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn a_ring_that_nobody_waits_for_is_kept_for_the_next_who_waits() {
        let signals = MailSignals::default();
        assert!(signals.rung().now_or_never().is_none());
        signals.ring();
        assert!(signals.rung().now_or_never().is_some());
        assert!(signals.rung().now_or_never().is_none());
    }

    #[test]
    fn the_end_lets_everybody_go() {
        let signals = MailSignals::default();
        assert!(signals.working());
        signals.finish();
        assert!(!signals.working());
        for _ in 0..2 {
            assert!(signals.rung().now_or_never().is_some());
        }
    }
}
