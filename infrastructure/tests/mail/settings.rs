//! Settings that no mailer can be made of.

use crate::server::hurried_mailer;
use infrastructure::{
    mail::{MailSettings, MailerError, open},
    system::{SystemClock, UuidV7Generator},
};
use std::sync::Arc;

fn refusal(url: &str) -> MailerError {
    match hurried_mailer(url, 500) {
        Ok(_) => panic!("{url} is taken"),
        Err(error) => error,
    }
}

#[test]
fn a_malformed_address_is_refused() {
    let error = refusal("smtp://ada:hidden@");
    assert!(matches!(error, MailerError::Address(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hidden"), "{error:?}");
}

#[test]
fn a_sender_that_is_no_mailbox_is_refused() {
    let settings = MailSettings::new("log:".into(), "nobody".to_owned());
    let outcome = open(&settings, Arc::new(SystemClock), Arc::new(UuidV7Generator));
    assert!(matches!(outcome, Err(MailerError::Sender)));
}

#[test]
fn authorities_that_cannot_be_read_are_told_by_their_path() {
    let folder = tempfile::TempDir::new().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate here").unwrap();
    let broken = folder.path().join("broken.pem");
    std::fs::write(
        &broken,
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    for path in [folder.path().join("absent.pem"), empty, broken] {
        let error = refusal(&format!("smtp://ada:hidden@localhost?ca={}", path.display()));
        assert!(matches!(error, MailerError::Authorities { .. }), "{error:?}");
        let shown = format!("{error} {error:?}");
        assert!(
            shown.contains(path.to_str().unwrap()) && !shown.contains("hidden"),
            "{shown}"
        );
    }
}
