//! The queues on the broker.

use super::{Place, QueueError};
use lapin::{
    Channel,
    options::QueueDeclareOptions,
    types::{AMQPValue, FieldTable},
};

/// What the name of the dead letters ends with.
const DEAD: &str = ".dead";

/// AMQP's limit in bytes for names, less what is put behind.
const LONGEST_NAME: usize = 255 - DEAD.len();

/// Refuses names that the broker could not take.
pub(super) fn check_name(queue: &str) -> Result<(), QueueError> {
    if queue.is_empty() || queue.len() > LONGEST_NAME {
        let why = format!("the queue's name is not 1 to {LONGEST_NAME} bytes long");
        return Err(QueueError::Settings(why));
    }
    Ok(())
}

/// Declares both queues, which does nothing where they are.
///
/// Dead letters go through the broker's default exchange, which knows every queue by its name: there is nothing to bind
/// that could be unbound, and no exchange that could be missing.
pub(super) async fn declare(channel: &Channel, place: &Place) -> Result<(), QueueError> {
    let settings = &place.settings;
    let dead = format!("{}{DEAD}", settings.queue);
    let limit = (
        "x-max-length",
        AMQPValue::LongLongInt(settings.dead_letters.into()),
    );
    declare_quorum(channel, &dead, vec![limit]).await?;
    let arguments = vec![
        (
            "x-delivery-limit",
            AMQPValue::LongLongInt(settings.delivery_limit.into()),
        ),
        ("x-dead-letter-exchange", text("")),
        ("x-dead-letter-routing-key", text(&dead)),
    ];
    declare_quorum(channel, &settings.queue, arguments).await
}

async fn declare_quorum(
    channel: &Channel,
    name: &str,
    arguments: Vec<(&str, AMQPValue)>,
) -> Result<(), QueueError> {
    let mut table = FieldTable::default();
    table.insert("x-queue-type".into(), text("quorum"));
    for (name, value) in arguments {
        table.insert(name.into(), value);
    }
    let durable = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    let declared = channel.queue_declare(name.into(), durable, table).await;
    declared.map(drop).map_err(QueueError::of_using)
}

/// How many messages wait to be sent to somebody. Fails when the queue does not answer or is not there; the channel is of
/// no use then.
pub(super) async fn waiting(channel: &Channel, place: &Place) -> Result<u32, QueueError> {
    let only_look = QueueDeclareOptions {
        passive: true,
        ..QueueDeclareOptions::default()
    };
    let name = place.settings.queue.as_str().into();
    let found = channel
        .queue_declare(name, only_look, FieldTable::default())
        .await;
    found
        .map(|queue| queue.message_count())
        .map_err(QueueError::of_using)
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leaves_room_for_that_of_the_dead_letters() {
        assert!(check_name(&"q".repeat(250)).is_ok());
        for name in ["", &"q".repeat(251)] {
            assert!(matches!(check_name(name), Err(QueueError::Settings(_))), "{name}");
        }
    }
}
