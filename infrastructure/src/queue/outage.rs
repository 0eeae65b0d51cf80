//! Telling of lost connections once.

use super::QueueError;
use std::{
    mem::{Discriminant, discriminant},
    sync::{Mutex, PoisonError},
};

/// What was told of the outage that a connection is in.
pub(super) struct Outage {
    /// What the connection is for.
    purpose: &'static str,
    /// The last kind of trouble that was told; `None` while all is well.
    told: Mutex<Option<Discriminant<QueueError>>>,
}

impl Outage {
    /// All is well with a connection that serves this purpose.
    pub(super) fn none(purpose: &'static str) -> Self {
        Self {
            purpose,
            told: Mutex::new(None),
        }
    }

    /// The connection is lost or could not be made. Logged at the beginning of an outage, and again only when the broker
    /// is there but refuses us: then somebody has to do something.
    pub(super) fn goes_on(&self, error: &QueueError) {
        let kind = discriminant(error);
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let purpose = self.purpose;
        if told.is_none() {
            tracing::warn!(purpose, %error, "the message broker is lost; it is tried again until it is back");
        } else if *told != Some(kind) && !matches!(error, QueueError::Unreachable(_)) {
            tracing::warn!(purpose, %error, "the message broker refuses; it is tried again until it does not");
        } else {
            return;
        }
        *told = Some(kind);
    }

    /// The connection is there. Logged when it had been lost.
    pub(super) fn ends(&self) {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner).take();
        if told.is_some() {
            tracing::info!(purpose = self.purpose, "the message broker is back");
        }
    }
}
