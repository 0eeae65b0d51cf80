//! Mails that arrive.

use crate::server::{CODE, MailServer, PASSWORD, PASSWORD_IN_URL, mail, mailer};
use domain::accounts::MailLanguage;
use serde_json::{Value, json};

fn with_login(tls: &str) -> Value {
    json!({"tls": tls, "login": {"user": "ada@eyes.example", "password": PASSWORD}})
}

fn login() -> String {
    format!("ada%40eyes.example:{PASSWORD_IN_URL}@")
}

#[tokio::test]
async fn a_mail_arrives_after_starttls_and_login_whole_and_readable() {
    let Some(server) = MailServer::start(with_login("starttls")) else {
        return;
    };
    let mailer = mailer(&server.url("smtp", &login(), "localhost"));
    let sent = mail("zoe@example.org", MailLanguage::Spanish);
    mailer.send(&sent).await.unwrap();
    mailer
        .send(&mail("Ada@Example.org", MailLanguage::English))
        .await
        .unwrap();
    let told = server.finish();
    let mails = told.mails();
    let [first, second] = &mails[..] else {
        panic!("{mails:#?}");
    };
    assert_eq!(first["from"], "ocellus@eyes.example");
    assert_eq!(first["to"], json!(["zoe@example.org"]));
    assert_eq!(
        (&first["secure"], &first["authenticated"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(first["defects"], json!([]));
    assert!(first["longest_line"].as_u64() <= Some(998), "{first}");
    let headers = &first["headers"];
    assert_eq!(headers["From"], "Ocellus <ocellus@eyes.example>");
    assert_eq!(headers["To"], "zoe@example.org");
    assert_eq!(headers["Subject"], "Ocellus: elige una contraseña nueva");
    assert_eq!(headers["Auto-Submitted"], "auto-generated");
    assert_eq!(headers["Content-Language"], "es");
    assert!(headers["Date"].as_str().unwrap().ends_with(" +0000"), "{headers}");
    assert_eq!(first["type"], "multipart/alternative");
    let [text, html] = &first["parts"].as_array().unwrap()[..] else {
        panic!("{first}");
    };
    assert_eq!(
        (&text["type"], &html["type"]),
        (&json!("text/plain"), &json!("text/html"))
    );
    let text = text["content"].as_str().unwrap();
    assert!(
        text.contains("Hola, Zoë:") && text.lines().any(|line| line.trim() == CODE),
        "{text}"
    );
    let html = html["content"].as_str().unwrap();
    assert!(
        html.contains("Hola, Zoë:") && html.contains(">3141</span>"),
        "{html}"
    );

    assert_eq!(second["to"], json!(["Ada@Example.org"]));
    assert_eq!(second["headers"]["Subject"], "Ocellus: choose a new password");
    assert_ne!(headers["Message-ID"], second["headers"]["Message-ID"]);
    let open = told.heard_in_the_open();
    assert!(
        open.contains("STARTTLS") && !open.contains("AUTH") && !open.contains("MAIL"),
        "{open}"
    );
    assert!(told.heard().ends_with("QUIT\r\n"), "{}", told.heard());
}

#[tokio::test]
async fn a_mail_arrives_where_the_connection_begins_with_tls() {
    let Some(server) = MailServer::start(with_login("wrapped")) else {
        return;
    };
    let mailer = mailer(&server.url("smtps", &login(), "127.0.0.1"));
    mailer
        .send(&mail("zoe@example.org", MailLanguage::English))
        .await
        .unwrap();
    let told = server.finish();
    let [mail] = told.mails()[..] else {
        panic!("not one mail");
    };
    assert_eq!(
        (&mail["secure"], &mail["authenticated"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(told.heard_in_the_open(), "");
}

#[tokio::test]
async fn a_mail_arrives_in_the_open_where_there_is_neither_tls_nor_login() {
    let Some(server) = MailServer::start(json!({})) else {
        return;
    };
    let mailer = mailer(&server.bare_url("smtp", "", "localhost"));
    mailer
        .send(&mail("zoe@example.org", MailLanguage::English))
        .await
        .unwrap();
    let told = server.finish();
    let [mail] = told.mails()[..] else {
        panic!("not one mail");
    };
    assert_eq!(
        (&mail["secure"], &mail["authenticated"]),
        (&json!(false), &json!(false))
    );
}

#[tokio::test]
async fn tls_is_used_where_it_is_offered_without_a_login_too() {
    let Some(server) = MailServer::start(json!({"tls": "starttls"})) else {
        return;
    };
    let mailer = mailer(&server.url("smtp", "", "localhost"));
    mailer
        .send(&mail("zoe@example.org", MailLanguage::English))
        .await
        .unwrap();
    let told = server.finish();
    assert_eq!(told.mails()[0]["secure"], true);
    assert!(
        !told.heard_in_the_open().contains("MAIL"),
        "{}",
        told.heard_in_the_open()
    );
}

#[tokio::test]
async fn addresses_of_other_scripts_are_reached_where_the_server_knows_them() {
    let Some(server) = MailServer::start(json!({"smtputf8": true})) else {
        return;
    };
    let mailer = mailer(&server.bare_url("smtp", "", "localhost"));
    for to in ["zoë@example.org", "zoe@bücher.example"] {
        mailer.send(&mail(to, MailLanguage::English)).await.unwrap();
    }
    let told = server.finish();
    let mails = told.mails();
    assert_eq!(mails[0]["to"], json!(["zoë@example.org"]));
    assert_eq!(mails[1]["to"], json!(["zoe@xn--bcher-kva.example"]));
}

#[tokio::test]
async fn mails_that_are_sent_at_once_all_arrive() {
    let Some(server) = MailServer::start(with_login("starttls")) else {
        return;
    };
    let mailer = mailer(&server.url("smtp", &login(), "localhost"));
    let sending = (0..20).map(|number| {
        let mailer = mailer.clone();
        tokio::spawn(async move {
            let mail = mail(&format!("zoe{number}@example.org"), MailLanguage::English);
            mailer.send(&mail).await.unwrap();
        })
    });
    for sent in sending.collect::<Vec<_>>() {
        sent.await.unwrap();
    }
    assert_eq!(server.finish().mails().len(), 20);
}
