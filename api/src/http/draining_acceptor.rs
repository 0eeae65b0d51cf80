//! The end of listening, at which nobody is turned away who was let in.

use futures_util::{FutureExt, future::BoxFuture};
use poem::{
    http::uri::Scheme,
    listener::Acceptor,
    web::{LocalAddr, RemoteAddr},
};
use std::{collections::VecDeque, future::pending, io, net::SocketAddr};
use tokio::{
    net::{TcpListener, TcpStream},
    select,
    sync::oneshot,
};

/// Takes connections until it is told to stop. The kernel makes connections by itself, and a listener that is closed
/// resets those that nobody took yet, perhaps with a request in them that nobody may send twice. So what is there at the
/// end is taken, and served like the rest; whoever comes later is refused before he has sent anything.
pub struct DrainingAcceptor {
    listener: Option<TcpListener>,
    address: SocketAddr,
    stop: BoxFuture<'static, ()>,
    last: VecDeque<(TcpStream, SocketAddr)>,
    drained: Option<oneshot::Sender<()>>,
}

impl DrainingAcceptor {
    /// Listens until `stop` is done; the receiver hears when the last connection was handed out.
    pub fn new(
        listener: TcpListener,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<(Self, oneshot::Receiver<()>)> {
        let (drained, hears) = oneshot::channel();
        let acceptor = Self {
            address: listener.local_addr()?,
            listener: Some(listener),
            stop: stop.boxed(),
            last: VecDeque::new(),
            drained: Some(drained),
        };
        Ok((acceptor, hears))
    }

    /// The next connection; none any more once all are handed out.
    async fn next(&mut self) -> io::Result<Option<(TcpStream, SocketAddr)>> {
        if let Some(listener) = &self.listener {
            select! {
                accepted = listener.accept() => return accepted.map(Some),
                () = &mut self.stop => {}
            }
            if let Some(listener) = self.listener.take() {
                self.last = all_connected(listener)?;
            }
        }
        Ok(self.last.pop_front())
    }
}

/// Whoever is connected and waits to be taken. The listener is closed when there is nobody, with nothing done in between:
/// tokio would first have to hear from the kernel that there is somebody, so it is not asked.
fn all_connected(listener: TcpListener) -> io::Result<VecDeque<(TcpStream, SocketAddr)>> {
    let listener = listener.into_std()?;
    let mut taken = Vec::new();
    loop {
        match listener.accept() {
            Ok(connection) => taken.push(connection),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            // Gone again before it was taken, or the call was interrupted.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
                ) => {}
            Err(_) => break,
        }
    }
    drop(listener);
    let connections = taken.into_iter().map(|(stream, address)| {
        stream.set_nonblocking(true)?;
        Ok((TcpStream::from_std(stream)?, address))
    });
    connections.collect()
}

impl Acceptor for DrainingAcceptor {
    type Io = TcpStream;

    fn local_addr(&self) -> Vec<LocalAddr> {
        vec![LocalAddr(self.address.into())]
    }

    async fn accept(&mut self) -> io::Result<(TcpStream, LocalAddr, RemoteAddr, Scheme)> {
        let Some((stream, client)) = self.next().await? else {
            if let Some(drained) = self.drained.take() {
                // Who waits for it may have gone.
                let _ = drained.send(());
            }
            return pending().await;
        };
        let address = LocalAddr(self.address.into());
        Ok((stream, address, RemoteAddr(client.into()), Scheme::HTTP))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::ready, io::ErrorKind};

    async fn listening(
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> (DrainingAcceptor, oneshot::Receiver<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        DrainingAcceptor::new(listener, stop).expect("an address")
    }

    #[tokio::test]
    async fn whoever_is_connected_when_it_stops_is_taken_and_whoever_comes_later_is_refused() {
        let (told, stop) = oneshot::channel::<()>();
        let (mut acceptor, drained) = listening(async { stop.await.unwrap_or_default() }).await;
        let address = acceptor.address;
        // Connected by the kernel, without anybody taking them.
        let waiting = [(); 3].map(|()| std::net::TcpStream::connect(address).expect("a listener"));
        told.send(()).expect("it listens");

        for _ in &waiting {
            acceptor.accept().await.expect("a connection");
        }
        assert!(acceptor.accept().now_or_never().is_none(), "there are no more");
        drained.await.expect("it says that all are handed out");
        let late = std::net::TcpStream::connect(address).expect_err("nobody listens");
        assert_eq!(late.kind(), ErrorKind::ConnectionRefused);
    }

    #[tokio::test]
    async fn nobody_is_turned_away_before() {
        let (mut acceptor, mut drained) = listening(pending()).await;
        let _client = std::net::TcpStream::connect(acceptor.address).expect("a listener");
        acceptor.accept().await.expect("a connection");
        assert!(acceptor.accept().now_or_never().is_none(), "nobody else came");
        assert!(drained.try_recv().is_err(), "it still listens");
    }

    #[tokio::test]
    async fn it_ends_where_nobody_is_connected() {
        let (mut acceptor, drained) = listening(ready(())).await;
        assert!(acceptor.accept().now_or_never().is_none(), "nobody came");
        drained.await.expect("it says that all are handed out");
    }
}
