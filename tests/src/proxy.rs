//! A cable between the service and its database that can be pulled out and put back.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug, Default)]
struct Cable {
    cut: bool,
    connections: Vec<TcpStream>,
}

/// Passes connections on to another port of this machine, until it is cut.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    cable: Arc<Mutex<Cable>>,
}

impl Proxy {
    /// Listens on a free port and passes everything on to `target`, a host with a port. It lives as long as the process.
    #[must_use]
    pub fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let cable = Arc::new(Mutex::new(Cable::default()));
        let (accepting, target) = (Arc::clone(&cable), target.to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                connect(client, &target, &accepting);
            }
        });
        Self { port, cable }
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends every connection, and every later one at once.
    pub fn cut(&self) {
        let mut cable = self.cable.lock().unwrap_or_else(PoisonError::into_inner);
        cable.cut = true;
        for connection in cable.connections.drain(..) {
            // The other side may have closed it already.
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Passes connections on again.
    pub fn restore(&self) {
        self.cable.lock().unwrap_or_else(PoisonError::into_inner).cut = false;
    }
}

fn connect(client: TcpStream, target: &str, cable: &Mutex<Cable>) {
    let mut cable = cable.lock().unwrap_or_else(PoisonError::into_inner);
    if cable.cut {
        return;
    }
    let Ok(server) = TcpStream::connect(target) else {
        return;
    };
    for (from, to) in [(&client, &server), (&server, &client)] {
        let from = from.try_clone().expect("a socket can be shared");
        let to = to.try_clone().expect("a socket can be shared");
        std::thread::spawn(move || pass_on(from, to));
    }
    cable.connections.extend([client, server]);
}

fn pass_on(mut from: TcpStream, mut to: TcpStream) {
    let mut buffer = [0; 16 * 1024];
    while let Ok(read) = from.read(&mut buffer) {
        if read == 0 || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    // The other direction ends with this one; a socket that is closed already stays so.
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
