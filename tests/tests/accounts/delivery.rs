//! Mails through a mail server, whatever ends in between.

use std::time::Duration;

use serde_json::json;
use tests::{
    Client, Database, MailServer, Options, Server, eventually, on_every_database, on_sqlite, unique_name,
};

use crate::unique_email;

on_every_database!(
    a_mail_server_that_is_back_gets_every_mail,
    a_mail_that_was_ordered_before_a_kill_is_sent_after_the_restart,
    a_worker_sends_what_the_server_cannot,
);

on_sqlite!(codes_are_nowhere_but_in_mails,);

fn options(database: Database, mail: &MailServer) -> Options {
    Options::on(database)
        .setting("OCELLUS__MAIL__URL", &mail.url())
        .setting("OCELLUS__MAIL__FROM", "Ocellus <eyes@example.org>")
}

async fn registered(client: &Client) -> String {
    let (name, email) = (unique_name("mailed"), unique_email());
    client
        .post("/register")
        .json(&json!({"username": name, "email": email, "password": "an engine that weaves"}))
        .await
        .expect(201);
    email
}

async fn verify(client: &Client, email: &str, code: &str) {
    let body = json!({"email": email, "code": code});
    client.post("/email/verify").json(&body).await.expect(204);
}

/// Waits until the server has tried in vain to send so many mails.
async fn tried_in_vain(server: &Server, count: usize) {
    eventually("mails that wait", Duration::from_mins(1), async || {
        server.log().text().matches("a mail could not be sent").count() >= count
    })
    .await;
}

async fn codes_are_nowhere_but_in_mails(database: Database) {
    let Some(mail) = MailServer::start() else {
        return;
    };
    let server = Server::start(options(database, &mail));
    let client = server.client().await;
    let email = registered(&client).await;
    let first = mail.mail_to(&email).await;
    assert_eq!(first.subject, "Ocellus: confirm your e-mail address");
    let forgot = client.post("/password/forgot").json(&json!({"email": email}));
    forgot.await.expect(202);
    let both = Duration::from_mins(1);
    eventually("the second mail", both, async || mail.mails_to(&email).len() == 2).await;
    let second = mail.mail_to(&email).await;
    assert_eq!(second.subject, "Ocellus: choose a new password");

    let codes = [first.code(), second.code()];
    let holds = |content: &[u8]| {
        codes.iter().any(|code| {
            let mut parts = content.windows(code.len());
            parts.any(|part| part == code.as_bytes())
        })
    };
    let files = server.stored_files(holds);
    assert!(files.is_empty(), "{files:?}");
    if let Some(rows) = server.database_text() {
        assert!(rows.contains("argon2id") && !holds(rows.as_bytes()), "{rows}");
    }
    let log = server.log().text();
    assert!(
        !holds(log.as_bytes()) && !log.contains("canary") && !log.contains(&email),
        "{log}"
    );
    verify(&client, &email, &codes[0]).await;
}

async fn a_mail_server_that_is_back_gets_every_mail(database: Database) {
    let Some(mail) = MailServer::start() else {
        return;
    };
    let server = Server::start(options(database, &mail));
    let client = server.client().await;
    mail.cut();
    let mut emails = Vec::new();
    for _ in 0..3 {
        emails.push(registered(&client).await);
    }
    tried_in_vain(&server, 3).await;
    mail.restore();
    for email in &emails {
        let code = mail.mail_to(email).await.code();
        verify(&client, email, &code).await;
        assert_eq!(mail.mails_to(email).len(), 1);
    }
}

async fn a_mail_that_was_ordered_before_a_kill_is_sent_after_the_restart(database: Database) {
    let Some(mail) = MailServer::start() else {
        return;
    };
    let mut server = Server::start(options(database, &mail));
    mail.cut();
    let email = registered(&server.client().await).await;
    tried_in_vain(&server, 1).await;
    server.kill();
    mail.restore();
    server.start_again();
    let code = mail.mail_to(&email).await.code();
    verify(&server.client().await, &email, &code).await;
}

async fn a_worker_sends_what_the_server_cannot(database: Database) {
    let (Some(gone), Some(mail)) = (MailServer::start(), MailServer::start()) else {
        return;
    };
    let server = Server::start(options(database, &gone));
    gone.cut();
    let email = registered(&server.client().await).await;
    tried_in_vain(&server, 1).await;
    // One that is told of no mail server sends nothing, and prints no code.
    let silent = server.worker(&[("OCELLUS__MAIL__URL", "log:")]);
    let url = mail.url();
    let _worker = server.worker(&[("OCELLUS__MAIL__URL", &url)]);
    // Either may be the first to find the mail when it is due again, so it may take a few rounds.
    let code = mail.mail_to(&email).await.code();
    verify(&server.client().await, &email, &code).await;
    assert!(silent.log().mails_to(&email).is_empty());
}
