//! The OpenID provider of one test.

use crate::keys::SigningKey;
use chrono::DateTime;
use domain::{
    accounts::{IdTokenError, IdTokenVerifier, IdentityClaims},
    clock::Timestamp,
};
use infrastructure::security::{OpenIdProvider, OpenIdTokenVerifier};
use serde_json::{Value, json};
use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

/// When the tokens here are issued.
pub(crate) const NOW: i64 = 1_800_000_000;
/// Whom the tokens here are for.
pub(crate) const AUDIENCE: &str = "ocellus";

pub(crate) const DISCOVERY: &str = "/.well-known/openid-configuration";
pub(crate) const KEYS: &str = "/keys";

/// So many seconds after the tokens here are issued.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::new(DateTime::from_timestamp(NOW + seconds, 0).expect("a moment"))
}

/// How the provider answers at one path.
#[derive(Clone)]
pub(crate) enum Reply {
    /// With a status line, headers and a body.
    Whole(String, Vec<u8>),
    /// Not at all.
    Silence,
    /// With a body that does not end.
    Stalled,
}

impl Reply {
    pub(crate) fn document(content: &Value) -> Self {
        Self::with_headers(content, "")
    }

    /// With header lines, each with its end.
    pub(crate) fn with_headers(content: &Value, headers: &str) -> Self {
        Self::Whole(format!("200 OK\r\n{headers}"), content.to_string().into_bytes())
    }

    pub(crate) fn status(head: &str) -> Self {
        Self::Whole(format!("{head}\r\n"), vec![])
    }
}

#[derive(Default)]
struct State {
    replies: Mutex<HashMap<String, Reply>>,
    asked: Mutex<Vec<String>>,
    closed: AtomicBool,
}

/// A provider on this machine that runs until it is dropped.
pub(crate) struct Provider {
    address: SocketAddr,
    state: Arc<State>,
    listener: Option<JoinHandle<()>>,
}

impl Provider {
    /// Starts a provider that publishes these keys.
    pub(crate) fn start(keys: &[&SigningKey]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let state = Arc::new(State::default());
        let provider = Self {
            address: listener.local_addr().expect("an address"),
            state: state.clone(),
            listener: Some(std::thread::spawn(move || listen(&listener, &state))),
        };
        provider.reply(DISCOVERY, Reply::document(&provider.description()));
        provider.publish(keys);
        provider
    }

    pub(crate) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.issuer())
    }

    /// What the discovery document says.
    pub(crate) fn description(&self) -> Value {
        json!({"issuer": self.issuer(), "jwks_uri": self.url(KEYS)})
    }

    /// Answers so at this path from now on.
    pub(crate) fn reply(&self, path: &str, reply: Reply) {
        locked(&self.state.replies).insert(path.to_owned(), reply);
    }

    /// Publishes these keys from now on.
    pub(crate) fn publish(&self, keys: &[&SigningKey]) {
        self.reply(KEYS, Reply::document(&key_set(keys)));
    }

    /// How often this path was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        locked(&self.state.asked)
            .iter()
            .filter(|asked| *asked == path)
            .count()
    }

    /// The claims of a token for Ada, valid for an hour, with some of them replaced; `null` leaves one out.
    pub(crate) fn claims(&self, changes: Value) -> Value {
        let mut claims = json!({
            "iss": self.issuer(), "aud": AUDIENCE, "sub": "248289761001", "iat": NOW, "exp": NOW + 3600,
            "email": "ada@example.org", "email_verified": true, "name": "Ada Lovelace",
        });
        let Value::Object(changes) = changes else {
            panic!("changes are an object")
        };
        let claims_map = claims.as_object_mut().expect("an object");
        claims_map.extend(changes);
        claims_map.retain(|_, value| !value.is_null());
        claims
    }

    /// A good token.
    pub(crate) fn token(&self, key: &SigningKey) -> String {
        key.token(&key.header(), &self.claims(json!({})))
    }

    /// A verifier that knows this provider alone.
    pub(crate) fn verifier(&self) -> OpenIdTokenVerifier {
        verifier(&[(&self.issuer(), AUDIENCE)])
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.state.closed.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
        let _ = self.listener.take().map(JoinHandle::join);
    }
}

/// A verifier of these issuers and audiences.
pub(crate) fn verifier(providers: &[(&str, &str)]) -> OpenIdTokenVerifier {
    let provider = |(issuer, audience): &(&str, &str)| OpenIdProvider::discovered(issuer, audience);
    let providers: Result<_, _> = providers.iter().map(provider).collect();
    OpenIdTokenVerifier::new(providers.expect("issuers on this machine"))
}

/// What the verifier makes of a token so many seconds after [`NOW`].
pub(crate) async fn verify(
    verifier: &OpenIdTokenVerifier,
    token: &str,
    seconds: i64,
) -> Result<IdentityClaims, IdTokenError> {
    verifier.verify(&token.to_owned().into(), at(seconds)).await
}

pub(crate) fn key_set(keys: &[&SigningKey]) -> Value {
    let keys: Vec<_> = keys.iter().map(|key| key.public()).collect();
    json!({ "keys": keys })
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no panic")
}

fn listen(listener: &TcpListener, state: &Arc<State>) {
    for stream in listener.incoming() {
        if state.closed.load(Ordering::SeqCst) {
            return;
        }
        let state = state.clone();
        // Whoever asked may have gone.
        std::thread::spawn(move || stream.and_then(|stream| answer(stream, &state)));
    }
}

fn answer(mut stream: TcpStream, state: &State) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    locked(&state.asked).push(path.clone());
    let reply = locked(&state.replies).get(&path).cloned();
    match reply.unwrap_or_else(|| Reply::status("404 Not Found")) {
        Reply::Whole(head, body) => {
            let length = body.len();
            let end = format!("Content-Length: {length}\r\nConnection: close\r\n\r\n");
            stream.write_all(format!("HTTP/1.1 {head}{end}").as_bytes())?;
            stream.write_all(&body)
        }
        Reply::Silence => until_the_client_goes(stream),
        Reply::Stalled => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"issuer\":")?;
            until_the_client_goes(stream)
        }
    }
}

fn until_the_client_goes(mut stream: TcpStream) -> std::io::Result<()> {
    stream.read_to_end(&mut Vec::new())?;
    Ok(())
}
