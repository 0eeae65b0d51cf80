//! Servers that are not there, or hang.

use crate::server::{hurried_mailer, mail, unavailable};
use domain::accounts::MailLanguage;
use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    time::{Duration, Instant},
};

/// Sends a mail with half a second for each answer, and gives the failure's text and how long it took.
async fn attempt(scheme: &str, address: SocketAddr) -> (String, Duration) {
    let mailer = hurried_mailer(&format!("{scheme}://{address}"), 500).expect("valid settings");
    let before = Instant::now();
    let outcome = mailer.send(&mail("zoe@example.org", MailLanguage::English)).await;
    (unavailable(outcome), before.elapsed())
}

/// A listener that gives each connection to the function, in a thread that ends with the process.
fn serving(serve: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a connection");
    let address = listener.local_addr().expect("a connection");
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            serve(connection.expect("a connection"));
        }
    });
    address
}

/// A server that answers each line so, and says nothing more when the answers are used up.
fn answering(answers: &'static [&'static str]) -> SocketAddr {
    serving(move |mut connection| {
        let mut lines = BufReader::new(connection.try_clone().expect("a connection"));
        connection.write_all(b"220 mail.test\r\n").expect("a connection");
        for answer in answers {
            lines.read_line(&mut String::new()).expect("a connection");
            connection.write_all(answer.as_bytes()).expect("a connection");
        }
        // Until the client gives up. What it says now may be TLS, and so no text.
        let _ = std::io::copy(&mut lines, &mut std::io::sink());
    })
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told_at_once() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for scheme in ["smtp", "smtps"] {
        let (text, _) = attempt(scheme, free).await;
        assert!(text.contains("no connection"), "{text}");
    }
}

#[tokio::test]
async fn a_name_that_nobody_has_is_told() {
    let mailer = hurried_mailer("smtp://mail.invalid", 5000).unwrap();
    unavailable(mailer.send(&mail("zoe@example.org", MailLanguage::English)).await);
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    for scheme in ["smtp", "smtps"] {
        let (text, waited) = attempt(scheme, listener.local_addr().unwrap()).await;
        assert!(
            text.contains("did not answer within 500ms when connecting"),
            "{text}"
        );
        assert!(waited < Duration::from_secs(3), "{waited:?}");
    }
}

#[tokio::test]
async fn a_server_that_falls_silent_in_between_is_given_up_in_time() {
    for (answers, step) in [
        (&[] as &[&str], "connecting"),
        (
            &["250-mail.test\r\n250 STARTTLS\r\n", "220 go ahead\r\n"],
            "turning to TLS",
        ),
        (&["250 mail.test\r\n"], "naming the sender"),
        (&["250 mail.test\r\n", "250 OK\r\n"], "naming the recipient"),
        (
            &["250 mail.test\r\n", "250 OK\r\n", "250 OK\r\n"],
            "announcing the mail",
        ),
        (
            &["250 mail.test\r\n", "250 OK\r\n", "250 OK\r\n", "354 go\r\n"],
            "taking the mail",
        ),
    ] {
        let (text, waited) = attempt("smtp", answering(answers)).await;
        assert!(text.contains(&format!("when {step}")), "{text}");
        assert!(waited < Duration::from_secs(4), "{step}: {waited:?}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_something_else_is_no_mail_server() {
    let address = serving(|mut connection| {
        let _ = connection.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    for scheme in ["smtp", "smtps"] {
        let (text, _) = attempt(scheme, address).await;
        assert!(text.contains("no connection"), "{text}");
    }
}

#[tokio::test]
async fn a_server_that_turns_everybody_away_may_be_kinder_later() {
    let address = serving(|mut connection| {
        let _ = connection.write_all(b"554 5.3.2 not today\r\n");
    });
    let (text, _) = attempt("smtp", address).await;
    assert!(text.contains("554 5.3.2 not today"), "{text}");
}

#[tokio::test]
async fn an_answer_fills_one_line_of_the_log_however_long_it_is() {
    let address = serving(|mut connection| {
        let rude = format!("421-\u{1b}[31mred\r\n421 {}\r\n", "x".repeat(400));
        let _ = connection.write_all(rude.as_bytes());
    });
    let (text, _) = attempt("smtp", address).await;
    assert!(
        !text.chars().any(char::is_control) && text.len() < 500,
        "{text:?}"
    );
}
