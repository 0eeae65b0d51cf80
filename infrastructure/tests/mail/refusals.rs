//! Servers that do not take a mail, and why.

use crate::server::{CODE, MailServer, PASSWORD, PASSWORD_IN_URL, mail, mailer, unavailable};
use domain::accounts::{MailError, MailLanguage};
use serde_json::json;

/// Sends a mail to a server that answers a command like this, without TLS or a login.
async fn answered(command: &str, answer: &str) -> Option<Result<(), MailError>> {
    let server = MailServer::start(json!({"answers": {command: answer}}))?;
    let mailer = mailer(&server.bare_url("smtp", "", "localhost"));
    let outcome = mailer.send(&mail("zoe@example.org", MailLanguage::English)).await;
    assert!(server.finish().mails().is_empty());
    Some(outcome)
}

#[tokio::test]
async fn a_recipient_whom_the_server_does_not_know_is_refused_for_good() {
    for answer in [
        "550 5.1.1 no such user",
        "553 5.1.3 no such address",
        "556 5.1.10 no mail there",
    ] {
        let Some(outcome) = answered("RCPT", answer).await else {
            return;
        };
        assert!(
            matches!(outcome, Err(MailError::Refused)),
            "{answer}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_mail_that_the_server_does_not_want_is_refused_for_good() {
    let Some(outcome) = answered("DATA", "554 5.7.1 looks like spam").await else {
        return;
    };
    assert!(matches!(outcome, Err(MailError::Refused)), "{outcome:?}");
}

#[tokio::test]
async fn what_the_server_cannot_take_now_may_be_taken_later() {
    for (command, answer) in [
        ("RCPT", "451 4.3.0 try again"),
        ("RCPT", "450 4.2.0 greylisted"),
        ("DATA", "452 4.3.1 disk full"),
        ("MAIL", "421 4.3.2 closing"),
        // About the dialogue or the sender, and so about every mail alike.
        ("RCPT", "530 5.7.0 log in first"),
        ("MAIL", "553 5.7.1 not your sender"),
    ] {
        let Some(outcome) = answered(command, answer).await else {
            return;
        };
        let text = unavailable(outcome);
        assert!(text.contains(answer), "{text}");
    }
}

#[tokio::test]
async fn a_server_without_starttls_never_hears_the_password() {
    let plan = json!({"login": {"user": "ada", "password": PASSWORD}, "anywhere": true});
    let Some(server) = MailServer::start(plan) else {
        return;
    };
    let mailer = mailer(&server.url("smtp", &format!("ada:{PASSWORD_IN_URL}@"), "localhost"));
    let text = unavailable(mailer.send(&mail("zoe@example.org", MailLanguage::English)).await);
    assert!(text.contains("STARTTLS"), "{text}");
    let told = server.finish();
    let heard = told.heard();
    assert!(
        heard.starts_with("EHLO ") && !heard.contains("AUTH") && !heard.contains("MAIL"),
        "{heard}"
    );
}

#[tokio::test]
async fn a_wrong_password_is_told_and_not_shown() {
    let plan = json!({
        "tls": "starttls",
        "login": {"user": "ada", "password": "another"},
        // As careless as a server can be.
        "answers": {"AUTH": format!("535 5.7.8 not you, ada {PASSWORD} AGFkYQBzZWNyZXQvd0ByZA==")},
    });
    let Some(server) = MailServer::start(plan) else {
        return;
    };
    let mailer = mailer(&server.url("smtp", &format!("ada:{PASSWORD_IN_URL}@"), "localhost"));
    let outcome = mailer.send(&mail("zoe@example.org", MailLanguage::English)).await;
    let text = unavailable(outcome);
    assert!(
        text.contains("refuses the login: 535 5.7.8 not you, ada [hidden] [hidden]"),
        "{text}"
    );
    assert!(server.finish().mails().is_empty());
}

#[tokio::test]
async fn a_server_that_knows_no_login_is_told_apart() {
    let Some(server) = MailServer::start(json!({"tls": "starttls"})) else {
        return;
    };
    let mailer = mailer(&server.url("smtp", &format!("ada:{PASSWORD_IN_URL}@"), "localhost"));
    let text = unavailable(mailer.send(&mail("zoe@example.org", MailLanguage::English)).await);
    assert!(
        text.contains("refuses the login") && text.contains("mechanism"),
        "{text}"
    );
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_ends_it_before_anything_is_said() {
    for (tls, scheme) in [("starttls", "smtp"), ("wrapped", "smtps")] {
        for login in ["", &format!("ada:{PASSWORD_IN_URL}@")] {
            let plan = json!({"tls": tls, "login": {"user": "ada", "password": PASSWORD}});
            let Some(server) = MailServer::start(plan) else {
                return;
            };
            let mailer = mailer(&server.bare_url(scheme, login, "localhost"));
            let text = unavailable(mailer.send(&mail("zoe@example.org", MailLanguage::English)).await);
            assert!(text.contains("certificate"), "{text}");
            let heard = server.finish().heard();
            assert!(!heard.contains("AUTH") && !heard.contains("MAIL"), "{heard}");
        }
    }
}

#[tokio::test]
async fn a_certificate_of_another_name_ends_it() {
    let Some(server) = MailServer::start(json!({"tls": "wrapped"})) else {
        return;
    };
    // The same machine, but not what the certificate says.
    let mailer = mailer(&server.url("smtps", "", "127.0.0.2"));
    let shown = unavailable(mailer.send(&mail("zoe@example.org", MailLanguage::English)).await);
    assert!(!shown.is_empty());
}

#[tokio::test]
async fn an_address_of_another_script_is_refused_where_the_server_does_not_know_them() {
    let Some(server) = MailServer::start(json!({})) else {
        return;
    };
    let mailer = mailer(&server.bare_url("smtp", "", "localhost"));
    let outcome = mailer.send(&mail("zoë@example.org", MailLanguage::English)).await;
    assert!(matches!(outcome, Err(MailError::Refused)), "{outcome:?}");
    assert!(!server.finish().heard().contains(CODE));
}
