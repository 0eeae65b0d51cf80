//! The message broker: `RabbitMQ` carries calls to workers on any machine.
//!
//! A message holds the id of a task as text and nothing else; the task's row in the database stays the truth. Messages
//! lie in a durable quorum queue. One that comes back too often, or that is no id, goes to the queue of the same name
//! with `.dead` behind it, for people to look at.

mod address;
mod calls;
mod error;
mod link;
mod outage;
mod publisher;
mod topology;

pub use error::QueueError;

use address::Address;
use async_trait::async_trait;
use calls::NotificationConsumer;
use domain::{
    BoxError,
    ids::TaskId,
    operations::HealthProbe,
    tasks::{Delivery, TaskNotifications, TaskPublisher},
};
use publisher::Publisher;
use secrecy::SecretString;
use std::{sync::Arc, time::Duration};

/// How long a health probe waits for an answer.
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);

/// Which broker, and how it is used.
#[derive(Debug, Clone)]
pub struct RabbitSettings {
    /// `amqp://user:password@host:port/virtual-host`, or `amqps://` for TLS. Without a path it is the virtual host `/`.
    pub url: SecretString,
    /// The queue's name; the dead letters lie in `<queue>.dead`. At most 250 bytes.
    pub queue: String,
    /// How many unanswered calls this process holds at once: as many as it has workers. 0 counts as 1.
    pub prefetch: u16,
    /// How often a call may come back unanswered before it is a dead letter. It is part of what the broker keeps of a
    /// queue: a queue that exists with another number is refused.
    pub delivery_limit: u32,
    /// The most dead letters that are kept; the oldest go first. Part of what the broker keeps, too.
    pub dead_letters: u32,
    /// How long the broker may take to let us in.
    pub connect_timeout: Duration,
    /// How long publishing may take in all, with connecting anew where that is needed.
    pub publish_timeout: Duration,
}

impl RabbitSettings {
    /// The queue `ocellus.tasks`, for so many workers.
    pub fn new(url: SecretString, workers: u16) -> Self {
        Self {
            url,
            queue: "ocellus.tasks".to_owned(),
            prefetch: workers,
            delivery_limit: 20,
            dead_letters: 10_000,
            connect_timeout: Duration::from_secs(5),
            publish_timeout: Duration::from_secs(5),
        }
    }
}

/// The queue of this process: it publishes, and it takes calls from the first [`TaskNotifications::next`] on. Each has a
/// connection of its own, since a broker short of memory stops reading from connections that publish, and answers to
/// calls must still get through. Both are made anew when they break, for as long as it takes.
pub struct RabbitTaskQueue {
    publisher: Publisher,
    calls: NotificationConsumer,
}

impl RabbitTaskQueue {
    /// Connects to a broker that must be there now and declares the queues; a broker that goes away later is found
    /// again by itself.
    ///
    /// # Errors
    ///
    /// [`QueueError::Settings`] when the address or the queue's name is not valid, [`QueueError::Unreachable`] when
    /// nothing answers in time, [`QueueError::LoginRefused`] and [`QueueError::VirtualHostRefused`] when the broker
    /// does not let us in, [`QueueError::DeclaredOtherwise`] when a queue of that name is there with other arguments.
    pub async fn connect(settings: RabbitSettings) -> Result<Self, QueueError> {
        let address = Address::parse(&settings.url)?;
        topology::check_name(&settings.queue)?;
        let place = Arc::new(Place { address, settings });
        let publisher = Publisher::new(Arc::clone(&place));
        publisher.connect().await?;
        Ok(Self {
            publisher,
            calls: NotificationConsumer::new(place),
        })
    }
}

#[async_trait]
impl TaskPublisher for RabbitTaskQueue {
    async fn publish(&self, tasks: &[TaskId]) -> Result<(), BoxError> {
        Ok(self.publisher.publish(tasks).await?)
    }
}

#[async_trait]
impl TaskNotifications for RabbitTaskQueue {
    async fn next(&self) -> Box<dyn Delivery> {
        Box::new(self.calls.next().await)
    }
}

#[async_trait]
impl HealthProbe for RabbitTaskQueue {
    async fn probe(&self) -> Result<(), BoxError> {
        tokio::time::timeout(PROBE_TIMEOUT, self.publisher.probe()).await??;
        Ok(())
    }
}

/// A broker and a queue on it. Never shown: the address holds the password.
struct Place {
    address: Address,
    settings: RabbitSettings,
}
