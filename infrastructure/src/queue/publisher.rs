//! Sending messages.

use super::{Place, QueueError, link::Link, outage::Outage, topology};
use domain::ids::TaskId;
use futures_util::future::try_join_all;
use lapin::{
    BasicProperties, Channel, Confirmation,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use std::sync::Arc;
use tokio::{sync::Mutex, time::Instant};

const PURPOSE: &str = "publishing";

/// AMQP's number for messages that outlive a restart of the broker.
const PERSISTENT: u8 = 2;

/// The connection that messages go out through, made anew when it is needed and broken.
pub(super) struct Publisher {
    place: Arc<Place>,
    /// Held while connecting, never while sending.
    link: Mutex<Option<Arc<Link>>>,
    outage: Outage,
}

impl Publisher {
    /// Without a connection yet.
    pub(super) fn new(place: Arc<Place>) -> Self {
        Self {
            place,
            link: Mutex::new(None),
            outage: Outage::none(PURPOSE),
        }
    }

    /// Makes the first connection; that it cannot be made is the caller's to tell.
    pub(super) async fn connect(&self) -> Result<(), QueueError> {
        let link = self.open().await?;
        *self.link.lock().await = Some(Arc::new(link));
        Ok(())
    }

    /// Sends a message for each task, all at once, and waits until the broker has every one of them on its disk.
    pub(super) async fn publish(&self, tasks: &[TaskId]) -> Result<(), QueueError> {
        let limit = self.place.settings.publish_timeout;
        let deadline = Instant::now() + limit;
        let link = tokio::time::timeout_at(deadline, self.link())
            .await
            .map_err(|_| QueueError::silent(limit))??;
        let sending = try_join_all(tasks.iter().map(|&task| self.send(&link.channel, task)));
        let outcome = match tokio::time::timeout_at(deadline, sending).await {
            Ok(outcome) => outcome.map(drop),
            Err(_) => Err(QueueError::Unconfirmed(format!("no answer within {limit:?}"))),
        };
        if let Err(error) = &outcome {
            self.discard(&link, error).await;
        }
        outcome
    }

    /// Looks whether the broker has the queue.
    pub(super) async fn probe(&self) -> Result<(), QueueError> {
        let link = self.link().await?;
        let found = topology::waiting(&link.channel, &self.place).await.map(drop);
        if let Err(error) = &found {
            self.discard(&link, error).await;
        }
        found
    }

    async fn send(&self, channel: &Channel, task: TaskId) -> Result<(), QueueError> {
        // Mandatory: what finds no queue comes back instead of being lost.
        let mandatory = BasicPublishOptions {
            mandatory: true,
            ..BasicPublishOptions::default()
        };
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type("text/plain".into());
        let queue = self.place.settings.queue.as_str().into();
        let sent = channel
            .basic_publish(
                "".into(),
                queue,
                mandatory,
                task.0.to_string().as_bytes(),
                properties,
            )
            .await
            .map_err(QueueError::of_using)?;
        match sent.await.map_err(QueueError::of_using)? {
            Confirmation::Ack(None) => Ok(()),
            Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned)) => {
                Err(QueueError::Unconfirmed(returned.reply_text.to_string()))
            }
            Confirmation::Nack(None) => Err(QueueError::Unconfirmed("it refused one".to_owned())),
            Confirmation::NotRequested => Err(QueueError::Unconfirmed("it was not asked to".to_owned())),
        }
    }

    async fn link(&self) -> Result<Arc<Link>, QueueError> {
        let mut kept = self.link.lock().await;
        if let Some(link) = kept.take_if(|link| !link.alive()) {
            link.cut();
            self.outage.goes_on(&QueueError::closed());
        }
        if let Some(link) = &*kept {
            return Ok(Arc::clone(link));
        }
        let link = self
            .open()
            .await
            .inspect_err(|error| self.outage.goes_on(error))?;
        self.outage.ends();
        Ok(Arc::clone(kept.insert(Arc::new(link))))
    }

    async fn open(&self) -> Result<Link, QueueError> {
        let link = Link::open(&self.place, PURPOSE).await?;
        let asked = link.channel.confirm_select(ConfirmSelectOptions::default()).await;
        asked.map_err(QueueError::of_using)?;
        Ok(link)
    }

    /// Lets go of a connection on which something went wrong, so that the next use starts anew, queues included.
    async fn discard(&self, link: &Arc<Link>, error: &QueueError) {
        link.cut();
        self.outage.goes_on(error);
        let mut kept = self.link.lock().await;
        kept.take_if(|kept| Arc::ptr_eq(kept, link));
    }
}
