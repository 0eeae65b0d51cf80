//! Taking calls.

use super::{Place, QueueError, link::Link, outage::Outage, topology};
use async_trait::async_trait;
use domain::tasks::Delivery;
use futures_util::{FutureExt, StreamExt};
use lapin::{
    Acker, Consumer,
    options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions, BasicRejectOptions},
    types::FieldTable,
};
use std::{sync::Arc, time::Duration};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

const PURPOSE: &str = "calls";

/// How long to wait after the first vain attempt to connect; each further one waits twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest wait between attempts, and so the longest that a broker is back without being noticed.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// After so long without a call it is looked whether messages wait all the same. A broker whose queue was deleted and
/// declared anew within a moment may have forgotten its consumers without telling them.
const SUSPICIOUS_SILENCE: Duration = Duration::from_secs(5);

/// How long saying that a call was followed may take. It only has to leave this process.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// The one consumer of this process, which all its workers share.
pub(super) struct NotificationConsumer {
    place: Arc<Place>,
    /// Whoever has it waits for the next delivery and connects anew where that is needed; the others wait for him.
    stream: Mutex<Option<Stream>>,
    outage: Outage,
}

/// The deliveries that a connection brings.
struct Stream {
    consumer: Consumer,
    link: Link,
    /// A permit for each delivery that the broker sends before one is answered.
    room: Arc<Semaphore>,
}

impl Stream {
    /// Whether the broker sends nothing although it has a message, and we have room for one.
    async fn is_forgotten(&self, place: &Place) -> Result<bool, QueueError> {
        let limit = place.settings.connect_timeout;
        let waiting = tokio::time::timeout(limit, topology::waiting(&self.link.channel, place))
            .await
            .unwrap_or_else(|_| Err(QueueError::silent(limit)))?;
        Ok(waiting > 0 && self.room.available_permits() > 0)
    }
}

impl NotificationConsumer {
    /// Without a connection yet.
    pub(super) fn new(place: Arc<Place>) -> Self {
        Self {
            place,
            stream: Mutex::new(None),
            outage: Outage::none(PURPOSE),
        }
    }

    /// Waits for a call. Nothing is lost when the future is dropped.
    pub(super) async fn next(&self) -> RabbitCall {
        let mut kept = self.stream.lock().await;
        loop {
            let stream = match &mut *kept {
                Some(stream) => stream,
                None => kept.insert(self.connect().await),
            };
            let error = match tokio::time::timeout(SUSPICIOUS_SILENCE, stream.consumer.next()).await {
                Ok(Some(Ok(delivery))) => match RabbitCall::new(delivery, &stream.room).await {
                    Some(call) => return call,
                    None => continue,
                },
                Ok(Some(Err(error))) => QueueError::of_using(error),
                // The broker ends a consumer whose queue is deleted.
                Ok(None) => QueueError::closed(),
                Err(_) => match stream.is_forgotten(&self.place).await {
                    Ok(false) => continue,
                    Ok(true) => QueueError::forgotten(),
                    Err(error) => error,
                },
            };
            stream.link.cut();
            *kept = None;
            self.outage.goes_on(&error);
        }
    }

    /// Connects, however often that takes.
    async fn connect(&self) -> Stream {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.try_to_connect().await {
                Ok(stream) => {
                    self.outage.ends();
                    return stream;
                }
                Err(error) => self.outage.goes_on(&error),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn try_to_connect(&self) -> Result<Stream, QueueError> {
        let settings = &self.place.settings;
        let link = Link::open(&self.place, PURPOSE).await?;
        let limit = settings.connect_timeout;
        // For AMQP, 0 would be without bound.
        let prefetch = settings.prefetch.max(1);
        let consumer = tokio::time::timeout(limit, consume(&link, &settings.queue, prefetch))
            .await
            .unwrap_or_else(|_| Err(QueueError::silent(limit)))
            .inspect_err(|_| link.cut())?;
        Ok(Stream {
            consumer,
            link,
            room: Arc::new(Semaphore::new(prefetch.into())),
        })
    }
}

async fn consume(link: &Link, queue: &str, prefetch: u16) -> Result<Consumer, QueueError> {
    let asked = link.channel.basic_qos(prefetch, BasicQosOptions::default());
    asked.await.map_err(QueueError::of_using)?;
    let consuming = link.channel.basic_consume(
        queue.into(),
        "".into(),
        BasicConsumeOptions::default(),
        FieldTable::default(),
    );
    consuming.await.map_err(QueueError::of_using)
}

/// A message that came.
pub(super) struct RabbitCall {
    /// How to answer it, until that is done.
    acker: Option<Acker>,
    /// Held until then.
    _place: Option<OwnedSemaphorePermit>,
}

impl RabbitCall {
    /// `None` when the message is no call, or its connection is gone and it will come again.
    async fn new(delivery: lapin::message::Delivery, room: &Arc<Semaphore>) -> Option<Self> {
        if Uuid::try_parse_ascii(&delivery.data).is_err() {
            // Its content is not logged: it comes from who knows where.
            tracing::warn!(
                bytes = delivery.data.len(),
                "a message that is no task id goes to the dead letters"
            );
            let forever = BasicRejectOptions { requeue: false };
            // Whatever fails here makes it come again.
            let rejecting = delivery.acker.reject(forever);
            let _ = tokio::time::timeout(ANSWER_TIMEOUT, rejecting).await;
            return None;
        }
        let current = delivery.acker.usable();
        current.then_some(Self {
            acker: Some(delivery.acker),
            // The broker keeps to the number of places, so there is one.
            _place: Arc::clone(room).try_acquire_owned().ok(),
        })
    }
}

#[async_trait]
impl Delivery for RabbitCall {
    async fn ack(mut self: Box<Self>) {
        if let Some(acker) = self.acker.take() {
            // Without the connection that it came through there is nothing to answer, and it comes again.
            let answering = acker.ack(BasicAckOptions::default());
            let _ = tokio::time::timeout(ANSWER_TIMEOUT, answering).await;
        }
    }
}

impl Drop for RabbitCall {
    fn drop(&mut self) {
        if let Some(acker) = self.acker.take() {
            // Being asked once is enough for the driver to take note; only waiting until it has sent it would need more.
            let again = BasicRejectOptions { requeue: true };
            let _ = acker.reject(again).now_or_never();
        }
    }
}
