//! Ends, asked for and not, and starts that meet each other.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tests::{
    Client, Database, Options, OwnDatabase, RawConnection, Server, User, eventually, on_every_database,
    picture,
};

/// The default of `http.shutdown_timeout`, and a little.
const GRACE: Duration = Duration::from_secs(32);

on_every_database!(
    whatever_was_acknowledged_survives_a_kill,
    a_server_that_is_asked_to_end_finishes_what_it_began,
    two_servers_that_start_at_once_on_one_database_both_come_up,
);

async fn whatever_was_acknowledged_survives_a_kill(database: Database) {
    let mut server = Server::start(Options::on(database));
    let user = server.user().await;
    for round in 0..3 {
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let client = user_at(&server, &user).await;
        let uploaders: Vec<_> = (0..4)
            .map(|uploader| {
                let (client, acknowledged) = (client.clone(), Arc::clone(&acknowledged));
                tokio::spawn(async move {
                    for count in 0.. {
                        let bytes = picture(round * 1_000_000 + uploader * 10_000 + count, 120, 90);
                        let form = reqwest::multipart::Form::new().part(
                            "file",
                            reqwest::multipart::Part::bytes(bytes.clone()).file_name("noise.png"),
                        );
                        // The answer that never came was no acknowledgement.
                        let Ok(answer) = client.post("/images").multipart(form).attempt().await else {
                            return;
                        };
                        assert_eq!(answer.status, 201, "{}", answer.text());
                        let id = answer.json()["id"].as_str().expect("an id").to_owned();
                        acknowledged.lock().expect("no poison").push((id, bytes));
                    }
                })
            })
            .collect();
        let enough = Duration::from_mins(1);
        eventually("twelve uploads", enough, async || {
            acknowledged.lock().expect("no poison").len() >= 12
        })
        .await;
        server.kill();
        for uploader in uploaders {
            uploader.await.expect("an uploader ends with the server");
        }

        server.start_again();
        let client = user_at(&server, &user).await;
        let acknowledged = std::mem::take(&mut *acknowledged.lock().expect("no poison"));
        for (id, bytes) in &acknowledged {
            let content = client.get(&format!("/images/{id}/content")).await.expect(200);
            assert!(
                content.body == *bytes,
                "image {id} came back with {} bytes instead of {}",
                content.body.len(),
                bytes.len()
            );
        }
        let listed = client.listed("/images", 100).await.concat();
        for id in &listed {
            client.get(&format!("/images/{id}/content")).await.expect(200);
        }
    }
}

/// The user's login at a server that may have been started anew since.
async fn user_at(server: &Server, user: &User) -> Client {
    let token = user.client.token().expect("a login");
    server.client().await.with_token(token)
}

async fn a_server_that_is_asked_to_end_finishes_what_it_began(database: Database) {
    let mut server = Server::start(Options::on(database));
    let user = server.user().await;
    let bytes = picture(1, 300, 300);
    let head = "--line\r\nContent-Disposition: form-data; name=\"file\"; filename=\"late.png\"\r\n\r\n";
    let tail = "\r\n--line--\r\n";
    let mut connection = RawConnection::open(server.address()).expect("a connection");
    connection
        .write(format!(
            "POST /images HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
             Content-Type: multipart/form-data; boundary=line\r\nContent-Length: {}\r\n\
             Expect: 100-continue\r\n\r\n",
            server.address(),
            user.client.token().expect("a login"),
            head.len() + bytes.len() + tail.len(),
        ))
        .expect("the server listens");
    // Its asking for the body shows that the request has begun.
    assert!(connection.read_some().starts_with("HTTP/1.1 100"));
    connection.write(head).expect("the server reads");
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    connection.write(first).expect("the server reads");

    server.ask_to_end();
    eventually("the server to take no more", GRACE, async || {
        RawConnection::status_of(server.address(), "/health/live").is_none()
    })
    .await;
    connection.write(rest).expect("the server still reads");
    connection.write(tail).expect("the server still reads");
    let answer = connection.read_to_end();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(server.wait_for_end(GRACE), 0);

    server.start_again();
    let client = user_at(&server, &user).await;
    let ids = client.listed("/images", 10).await.concat();
    let content = client
        .get(&format!("/images/{}/content", ids[0]))
        .await
        .expect(200);
    assert!(content.body == bytes, "the upload arrived whole");
}

async fn two_servers_that_start_at_once_on_one_database_both_come_up(database: Database) {
    let (first, second) = Server::start_two_at_once(&Options::on(database));
    let user = first.user().await;
    // One folder and so one key: a login at one is a login at both.
    let token = user.client.token().expect("a login");
    let elsewhere = second.client().await.with_token(token);
    let own = elsewhere.get("/user").await.expect(200).json();
    assert_eq!(own["id"], user.id);
    let id = elsewhere.uploaded(picture(1, 20, 20)).await;
    user.client.get(&format!("/images/{id}")).await.expect(200);
}

#[tokio::test]
async fn two_servers_with_folders_of_their_own_share_a_database() {
    let database = OwnDatabase::create(Database::Postgres);
    let url = database.url.clone();
    let options = |port: &str| {
        Options::default()
            .setting("OCELLUS__DATABASE__URL", &url)
            .setting("OCELLUS__HTTP__PORT", port)
    };
    let keeper = options("0").keeping(database);
    let (first, second) = (
        std::thread::spawn(move || Server::start(keeper)),
        std::thread::spawn({
            let options = options("0");
            move || Server::start(options)
        }),
    );
    let first = first.join().expect("the first comes up");
    let second = second.join().expect("the second comes up");
    let user = first.user().await;
    second
        .client()
        .await
        .post("/register")
        .json(&json!({"username": user.name, "email": "x@example.org", "password": "another long walk"}))
        .await
        .problem(409, "username_taken");
    drop(second);
    user.client.get("/user").await.expect(200);
}

#[test]
fn a_server_without_work_ends_at_once_when_asked() {
    let mut server = Server::start(Options::on(Database::Sqlite));
    server.ask_to_end();
    assert_eq!(server.wait_for_end(Duration::from_secs(5)), 0);
}
