//! One connection to the broker, with one channel on which the queues are declared.

use super::{Place, QueueError, topology};
use lapin::{
    AsyncTcpStream, Channel, Connection, ConnectionProperties,
    tcp::{AMQPUriTcpExt, TLSConfig},
    uri::AMQPScheme,
};
use std::{
    io,
    net::{Shutdown, TcpStream},
    os::fd::AsFd,
    sync::{Arc, Mutex, PoisonError},
};

/// A connection that was made. Dropping it closes it politely.
pub(super) struct Link {
    pub(super) channel: Channel,
    connection: Connection,
    socket: Socket,
}

impl Link {
    /// Connects and declares the queues, within the time that the settings allow.
    pub(super) async fn open(place: &Place, purpose: &str) -> Result<Self, QueueError> {
        let mut attempt = Attempt::default();
        let limit = place.settings.connect_timeout;
        let opening = Self::open_unhurried(place, purpose, attempt.socket.clone());
        let opened = tokio::time::timeout(limit, opening)
            .await
            .map_err(|_| QueueError::silent(limit))?;
        attempt.answered = true;
        opened
    }

    async fn open_unhurried(place: &Place, purpose: &str, socket: Socket) -> Result<Self, QueueError> {
        let connection = connect(place, purpose, socket.clone())
            .await
            .map_err(QueueError::of_connecting)?;
        let channel = connection.create_channel().await.map_err(QueueError::of_using)?;
        topology::declare(&channel, place).await?;
        Ok(Self {
            channel,
            connection,
            socket,
        })
    }

    /// Whether nothing is known to be wrong.
    pub(super) fn alive(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }

    /// Ends the connection at once, without a farewell that a broken one would never answer.
    pub(super) fn cut(&self) {
        self.socket.cut();
    }
}

/// An attempt to connect. When it is given up, its socket is shut: the driver works in a thread of its own, and would wait
/// there for as long as a broker that accepts connections but says nothing keeps it waiting.
#[derive(Default)]
struct Attempt {
    socket: Socket,
    answered: bool,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if !self.answered {
            self.socket.cut();
        }
    }
}

/// The socket that the driver talks through.
#[derive(Clone, Default)]
struct Socket(Arc<Mutex<State>>);

#[derive(Default)]
enum State {
    #[default]
    Awaited,
    Open(TcpStream),
    Cut,
}

impl Socket {
    /// Keeps a second handle of the socket; fails when it came too late.
    fn keep(&self, handle: TcpStream) -> io::Result<()> {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(*state, State::Cut) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        *state = State::Open(handle);
        Ok(())
    }

    fn cut(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let State::Open(handle) = &*state {
            // It fails where the other side was faster.
            let _ = handle.shutdown(Shutdown::Both);
        }
        *state = State::Cut;
    }
}

async fn connect(place: &Place, purpose: &str, socket: Socket) -> Result<Connection, lapin::Error> {
    let properties =
        ConnectionProperties::default().with_connection_name(format!("ocellus {purpose}").into());
    let limit = place.settings.connect_timeout;
    Connection::connector(
        place.address.uri(),
        lapin::runtime::default_runtime()?,
        async move |uri, runtime| {
            let mut plain = uri.clone();
            plain.scheme = AMQPScheme::AMQP;
            // Bounded here, too: the driver waits in a thread that nobody can stop.
            let attempt = tokio::time::timeout(limit, plain.connect_async(&runtime));
            let stream = attempt.await.map_err(io::Error::from)??;
            let AsyncTcpStream::Plain(tcp) = &stream else {
                return Err(io::Error::other("a connection of an unknown kind").into());
            };
            socket.keep(tcp.get_ref().as_fd().try_clone_to_owned()?.into())?;
            if uri.scheme == AMQPScheme::AMQP {
                return Ok(stream);
            }
            let attempt = stream.into_tls(&uri.authority.host, TLSConfig::default());
            Ok(tokio::time::timeout(limit, attempt)
                .await
                .map_err(io::Error::from)??)
        },
        properties,
    )
    .await
}
