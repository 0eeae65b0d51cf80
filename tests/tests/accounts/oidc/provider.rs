//! An OpenID provider on this machine.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, get_current_timestamp};
use serde_json::{Value, json};

/// Whom its tokens are for.
pub(super) const AUDIENCE: &str = "ocellus-tests";

/// The setting of a server that trusts it.
pub(super) const SETTING: &str = "OCELLUS__OIDC__PROVIDERS";

/// A key with its name. The provider signs with the newest and publishes the newest only.
struct Key {
    id: String,
    signs: EncodingKey,
    public: Value,
}

/// A provider that answers until the process ends.
pub(super) struct Provider {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

struct State {
    key: Key,
    out: bool,
}

impl Key {
    fn new(id: &str) -> Self {
        let pair = Ed25519KeyPair::generate().expect("a key");
        let private = pair.to_pkcs8().expect("a key can be written");
        let x = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key());
        Self {
            id: id.to_owned(),
            signs: EncodingKey::from_ed_der(private.as_ref()),
            public: json!({"kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": id, "x": x}),
        }
    }
}

impl Provider {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let key = Key::new("first");
        let state = Arc::new(Mutex::new(State { key, out: false }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // Whoever asked may have gone.
                let _ = stream.and_then(|stream| answer(stream, address, &shared));
            }
        });
        Self { address, state }
    }

    /// What a server that trusts it is configured with.
    pub(super) fn setting(&self) -> String {
        format!("{}={AUDIENCE}", issuer(self.address))
    }

    /// Signs with a new key from now on, and publishes no other.
    pub(super) fn rotate(&self, id: &str) {
        self.state().key = Key::new(id);
    }

    /// Answers nothing but errors, or does no more.
    pub(super) fn go_out(&self, out: bool) {
        self.state().out = out;
    }

    /// A token for somebody with a verified address, valid for an hour, with some claims replaced; `null` leaves one
    /// out.
    pub(super) fn token(&self, subject: &str, email: &str, changes: Value) -> String {
        let now = get_current_timestamp();
        let mut claims = json!({
            "iss": issuer(self.address), "aud": AUDIENCE, "sub": subject, "iat": now, "exp": now + 3600,
            "email": email, "email_verified": true,
        });
        let Value::Object(changes) = changes else {
            panic!("changes are an object")
        };
        let members = claims.as_object_mut().expect("an object");
        members.extend(changes);
        members.retain(|_, value| !value.is_null());
        let state = self.state();
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(state.key.id.clone());
        encode(&header, &claims, &state.key.signs).expect("a token")
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn issuer(address: SocketAddr) -> String {
    format!("http://{address}")
}

fn answer(mut stream: TcpStream, address: SocketAddr, state: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let issuer = issuer(address);
    let (status, body) = match request.split(' ').nth(1) {
        _ if state.out => ("503 Service Unavailable", Value::Null),
        Some("/.well-known/openid-configuration") => (
            "200 OK",
            json!({"issuer": issuer, "jwks_uri": format!("{issuer}/keys")}),
        ),
        Some("/keys") => ("200 OK", json!({"keys": [state.key.public]})),
        _ => ("404 Not Found", Value::Null),
    };
    let body = body.to_string();
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(answer.as_bytes())
}
