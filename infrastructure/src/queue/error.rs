//! What goes wrong with a message broker.

use domain::BoxError;
use lapin::{ErrorKind, protocol::AMQPError};
use std::time::Duration;

/// AMQP's number for a login or an operation that is not allowed to this user.
const ACCESS_REFUSED: u16 = 403;
/// AMQP's number for something that is declared again, but otherwise.
const PRECONDITION_FAILED: u16 = 406;
/// AMQP's number for a virtual host that is absent or closed to this user.
const NOT_ALLOWED: u16 = 530;

/// Why the broker cannot be used. No message holds the address or its password.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The address or the queue's name is not one.
    #[error("the queue settings are not valid: {0}")]
    Settings(String),
    /// Nothing answers there, or not in time, or the connection broke.
    #[error("the message broker cannot be reached: {0}")]
    Unreachable(#[source] BoxError),
    /// The broker does not know the user or the password is wrong.
    #[error("the message broker refuses the login: the user or the password is wrong")]
    LoginRefused,
    /// The virtual host is absent, or the user may not enter it.
    #[error("the message broker refuses the virtual host: {0}")]
    VirtualHostRefused(String),
    /// The user may enter, but not declare or use the queues.
    #[error("the message broker does not let this user use the queue: {0}")]
    Forbidden(String),
    /// A queue of that name is there with other arguments. Delete it, or use another name.
    #[error("the message broker has the queue with other arguments, so it must be deleted or renamed: {0}")]
    DeclaredOtherwise(String),
    /// The broker did not take every message; those that it took come twice when all are sent again.
    #[error("the message broker did not confirm the messages: {0}")]
    Unconfirmed(String),
    /// Something else.
    #[error("the message broker failed: {0}")]
    Failed(#[source] BoxError),
}

impl QueueError {
    /// Nothing came in time.
    pub(super) fn silent(after: Duration) -> Self {
        Self::Unreachable(format!("no answer within {after:?}").into())
    }

    /// The connection was found broken, or the broker ended it without a word.
    pub(super) fn closed() -> Self {
        Self::Unreachable("the connection is closed".into())
    }

    /// The broker holds messages and sends none.
    pub(super) fn forgotten() -> Self {
        Self::Unreachable("it holds messages and sends none of them".into())
    }

    /// Why no connection was made.
    pub(super) fn of_connecting(error: lapin::Error) -> Self {
        match refusal(&error) {
            Some((ACCESS_REFUSED, _)) => Self::LoginRefused,
            Some((NOT_ALLOWED, message)) => Self::VirtualHostRefused(message),
            _ => Self::of_using(error),
        }
    }

    /// Why an operation on a connection failed.
    pub(super) fn of_using(error: lapin::Error) -> Self {
        match refusal(&error) {
            Some((ACCESS_REFUSED, message)) => Self::Forbidden(message),
            Some((PRECONDITION_FAILED, message)) => Self::DeclaredOtherwise(message),
            _ if is_loss(&error) => Self::Unreachable(error.into()),
            _ => Self::Failed(error.into()),
        }
    }
}

/// The number and the words with which the broker refused.
fn refusal(error: &lapin::Error) -> Option<(u16, String)> {
    let ErrorKind::ProtocolError(error) = error.kind() else {
        return None;
    };
    Some((AMQPError::get_id(error), error.get_message().to_string()))
}

/// Whether the connection is gone, rather than used wrongly.
fn is_loss(error: &lapin::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::IOError(_)
            | ErrorKind::MissingHeartbeatError
            | ErrorKind::InvalidConnectionState(_)
            | ErrorKind::InvalidChannelState(..)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(number: u16, message: &str) -> lapin::Error {
        let error = AMQPError::from_id(number, message.into()).unwrap();
        ErrorKind::ProtocolError(error).into()
    }

    #[test]
    fn refusals_are_told_apart_by_their_number_and_by_when_they_come() {
        use QueueError as E;
        let connecting = |number| E::of_connecting(refused(number, "why"));
        assert!(matches!(connecting(ACCESS_REFUSED), E::LoginRefused));
        assert!(matches!(connecting(NOT_ALLOWED), E::VirtualHostRefused(why) if why == "why"));
        let using = |number| E::of_using(refused(number, "why"));
        assert!(matches!(using(ACCESS_REFUSED), E::Forbidden(why) if why == "why"));
        assert!(matches!(using(PRECONDITION_FAILED), E::DeclaredOtherwise(why) if why == "why"));
        assert!(matches!(using(404), E::Failed(_)));
        let broken = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert!(matches!(E::of_using(broken.into()), E::Unreachable(_)));
    }
}
