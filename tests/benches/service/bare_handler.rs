//! The peer of `GET /user`: a poem handler that checks an `EdDSA` token and makes one read from `SQLite`, and nothing else.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use poem::{
    Route, Server, get, handler,
    http::StatusCode,
    listener::{Acceptor, Listener, TcpListener},
    web::{Data, Json},
};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, Statement};
use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

/// What the process is told to become this peer.
pub const ROLE: &str = "bare-handler";

/// The peer, running in a process of its own.
pub struct BareHandler {
    process: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it takes for a token.
    pub token: String,
}

impl BareHandler {
    /// Starts it on a database of its own in the folder.
    pub fn start(folder: &std::path::Path) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut process = Command::new(program)
            .arg(ROLE)
            .arg(folder.join("peer.db"))
            .stdout(Stdio::piped())
            .spawn()
            .expect("the peer starts");
        let output = process.stdout.take().expect("its output");
        let mut lines = BufReader::new(output).lines().map(|line| line.expect("a line"));
        let address = lines.next().expect("the address").parse().expect("an address");
        let token = lines.next().expect("the token");
        Self {
            process,
            address,
            token,
        }
    }
}

impl Drop for BareHandler {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

struct Keys {
    decoding: DecodingKey,
    validation: Validation,
}

#[handler]
async fn user(
    request: &poem::Request,
    keys: Data<&std::sync::Arc<Keys>>,
    database: Data<&DatabaseConnection>,
) -> poem::Result<Json<serde_json::Value>> {
    let unauthorized = || poem::Error::from_status(StatusCode::UNAUTHORIZED);
    let token = request
        .header("authorization")
        .and_then(|value| value.strip_prefix("Bearer "));
    let claims = jsonwebtoken::decode::<serde_json::Value>(
        token.ok_or_else(unauthorized)?,
        &keys.decoding,
        &keys.validation,
    );
    let claims = claims.map_err(|_| unauthorized())?.claims;
    let id = claims["sub"].as_i64().ok_or_else(unauthorized)?;
    let statement = Statement::from_sql_and_values(
        database.get_database_backend(),
        "SELECT id, name, email, created_at FROM users WHERE id = ?",
        [id.into()],
    );
    let row = database
        .query_one_raw(statement)
        .await
        .map_err(poem::error::InternalServerError)?;
    let row = row.ok_or_else(unauthorized)?;
    let text = |column: &str| {
        row.try_get::<String>("", column)
            .map_err(poem::error::InternalServerError)
    };
    Ok(Json(serde_json::json!({
        "id": id, "username": text("name")?, "email": text("email")?, "created_at": text("created_at")?,
    })))
}

/// Serves until it is killed.
pub fn serve(path: &str) {
    super::runtime().block_on(async {
        let url = format!("sqlite://{path}?mode=rwc");
        let database = Database::connect(url).await.expect("a database");
        for statement in [
            "PRAGMA journal_mode = WAL",
            "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, email TEXT, created_at TEXT)",
            "INSERT INTO users VALUES (1, 'ada', 'ada@example.org', '2026-01-01T00:00:00Z')",
        ] {
            database
                .execute_unprepared(statement)
                .await
                .expect("a statement that holds");
        }
        let pair = Ed25519KeyPair::generate().expect("a key");
        let der = pair.to_pkcs8v1().expect("a key in PKCS#8");
        let encoding = EncodingKey::from_ed_der(der.as_ref());
        let claims = serde_json::json!({"sub": 1, "exp": 4_102_444_800_u64, "iss": "bench", "aud": "bench"});
        let token =
            jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &encoding).expect("a token");
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&["bench"]);
        validation.set_audience(&["bench"]);
        let decoding = DecodingKey::from_ed_der(pair.public_key().as_ref());
        let keys = Keys { decoding, validation };
        let acceptor = TcpListener::bind("127.0.0.1:0")
            .into_acceptor()
            .await
            .expect("a port");
        let address = acceptor
            .local_addr()
            .first()
            .and_then(|address| address.as_socket_addr().copied());
        println!("{}\n{token}", address.expect("a TCP address"));
        let route = Route::new().at("/user", get(user));
        let route = poem::EndpointExt::data(
            poem::EndpointExt::data(route, std::sync::Arc::new(keys)),
            database,
        );
        Server::new_with_acceptor(acceptor)
            .run(route)
            .await
            .expect("served");
    });
}
