//! The checks of the configuration that need adapters, made before any of them is started.

use super::start_oidc;
use crate::configuration::{FaceSettings, MailSettings, Mistakes, OcrSettings, Settings};
use infrastructure::{
    mail, ocr,
    security::{AesEmbeddingCipher, Ed25519AccessTokens},
    system::{SystemClock, UuidV7Generator},
};
use secrecy::SecretString;
use std::sync::Arc;

/// Checks the parts of the configuration that `ocellus serve` uses. Nothing is created or connected.
pub fn check_server(settings: &Settings, mistakes: &mut Mistakes) {
    check_languages(&settings.ocr, mistakes);
    check_mail(&settings.mail, mistakes);
    if let Some(key) = &settings.auth.signing_key
        && let Err(error) = Ed25519AccessTokens::from_pem(&key.0)
    {
        mistakes.note("auth.signing_key", error.to_string());
    }
    check_face_keys(&settings.faces, mistakes);
    if cfg!(not(feature = "faces")) && settings.faces.enabled == Some(true) {
        mistakes.note("faces.enabled", "this program was built without faces");
    }
    if let Err(error) = start_oidc(&settings.oidc) {
        mistakes.note(error.key, error.source.to_string());
    }
}

/// Checks the parts of the configuration that `ocellus worker` uses. Nothing is created or connected.
pub fn check_worker(settings: &Settings, mistakes: &mut Mistakes) {
    check_languages(&settings.ocr, mistakes);
    check_mail(&settings.mail, mistakes);
    if settings.workers.count() == 0 {
        mistakes.note("workers.count", "must be at least 1 for a worker");
    }
}

/// Checks that every allowed language is installed, and that every default language is allowed.
fn check_languages(settings: &OcrSettings, mistakes: &mut Mistakes) {
    let installed = match ocr::OcrSettings::new(1).installed() {
        Ok(installed) => installed,
        Err(error) => return mistakes.note("ocr.languages", error.to_string()),
    };
    let allowed = settings.allowed();
    for language in allowed
        .iter()
        .flatten()
        .filter(|language| !installed.contains(language))
    {
        mistakes.note(
            "ocr.languages",
            format!("the language {language} is not installed"),
        );
    }
    let allowed = allowed.unwrap_or(installed);
    for language in settings
        .default_languages
        .0
        .iter()
        .filter(|language| !allowed.contains(language))
    {
        let message = format!("the language {language} is not installed or not among ocr.languages");
        mistakes.note("ocr.default_languages", message);
    }
}

/// Checks the server and the sender apart, so that both are named.
fn check_mail(settings: &MailSettings, mistakes: &mut Mistakes) {
    let open = |url: SecretString, from: &str| {
        let settings = mail::MailSettings::new(url, from.to_owned());
        mail::open(&settings, Arc::new(SystemClock), Arc::new(UuidV7Generator)).err()
    };
    if let Some(url) = &settings.url.0
        && let Some(error) = open(url.clone(), "ocellus@localhost")
    {
        mistakes.note("mail.url", error.to_string());
    }
    if let Some(error) = open("log:".into(), &settings.from.0) {
        mistakes.note("mail.from", error.to_string());
    }
}

fn check_face_keys(settings: &FaceSettings, mistakes: &mut Mistakes) {
    let current = settings
        .encryption_key
        .iter()
        .map(|key| ("faces.encryption_key", key.0.clone()));
    let previous = settings.previous_encryption_keys().into_iter();
    let previous = previous.map(|key| ("faces.previous_encryption_keys", key));
    for (name, key) in current.chain(previous) {
        if let Err(error) = AesEmbeddingCipher::new(&key, &[]) {
            mistakes.note(name, error.to_string());
        }
    }
}
