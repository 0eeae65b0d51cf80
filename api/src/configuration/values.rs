//! How values are written. Each parser says what the value must be.

use super::ProviderSettings;
use bytesize::ByteSize;
use domain::ocr::{Language, LanguageSet};
use ipnet::IpNet;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use secrecy::SecretString;
use std::{path::PathBuf, str::FromStr, time::Duration};
use url::{Host, Url};

pub(super) fn text(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("must not be empty".into())
    } else {
        Ok(text.to_owned())
    }
}

pub(super) fn secret(value: &str) -> Result<SecretString, String> {
    text(value).map(SecretString::from)
}

/// Certificates as PEM, which come from a file where the key ends with `_FILE`.
pub(super) fn certificates(text: &str) -> Result<String, String> {
    let mut trusted = RootCertStore::empty();
    let readable = CertificateDer::pem_slice_iter(text.as_bytes())
        .all(|certificate| certificate.is_ok_and(|certificate| trusted.add(certificate).is_ok()));
    if readable && !trusted.is_empty() {
        Ok(text.to_owned())
    } else {
        Err("must be certificates as PEM; a file of them is named by the key with _FILE behind it".into())
    }
}

pub(super) fn path(value: &str) -> Result<PathBuf, String> {
    text(value).map(PathBuf::from)
}

pub(super) fn number<T: FromStr>(text: &str) -> Result<T, String> {
    let digits = text.replace('_', "");
    digits
        .parse()
        .map_err(|_| "must be a whole number within its range".into())
}

pub(super) fn count(text: &str) -> Result<u64, String> {
    match number(text)? {
        0 => Err("must be at least 1".into()),
        count => Ok(count),
    }
}

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "must be true or false".into())
}

/// A Euclidean distance between faces; those of the same person are at most 0.6 apart.
pub(super) fn distance(text: &str) -> Result<f32, String> {
    let parsed = text.parse().ok();
    let parsed = parsed.filter(|distance| (0.01..=0.6).contains(distance));
    parsed.ok_or_else(|| "must be a distance from 0.01 to 0.6".into())
}

/// Several secrets.
pub(super) fn secrets(text: &str) -> Result<Vec<SecretString>, String> {
    items(text).map(secret).collect()
}

/// `15m`, `60s`, `30d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = humantime::parse_duration(text)
        .ok()
        .filter(|duration| !duration.is_zero());
    parsed.ok_or_else(|| "must be a time such as 60s, 15m or 30d".into())
}

/// `20MiB`, or bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let parsed = ByteSize::from_str(text);
    parsed
        .map(|size| size.as_u64())
        .map_err(|_| "must be a size such as 20MiB, or a number of bytes".into())
}

/// 0 is no limit.
pub(super) fn limit(value: u64) -> Option<u64> {
    (value > 0).then_some(value)
}

pub(super) fn database_url(text: &str) -> Result<SecretString, String> {
    let known = ["sqlite://", "postgres://", "postgresql://", "mysql://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    if known {
        Ok(text.to_owned().into())
    } else {
        Err("must start with sqlite://, postgres:// or mysql://".into())
    }
}

/// `None` is the database itself.
pub(super) fn queue_url(text: &str) -> Result<Option<SecretString>, String> {
    if text == "database:" {
        Ok(None)
    } else if text.starts_with("amqp://") || text.starts_with("amqps://") {
        Ok(Some(text.to_owned().into()))
    } else {
        Err("must be database:, or start with amqp:// or amqps://".into())
    }
}

/// `None` is the log.
pub(super) fn mail_url(text: &str) -> Result<Option<SecretString>, String> {
    if text == "log:" {
        Ok(None)
    } else if text.starts_with("smtp://") || text.starts_with("smtps://") {
        Ok(Some(text.to_owned().into()))
    } else {
        Err("must be log:, or start with smtp:// or smtps://".into())
    }
}

/// A lease must outlast a few signs of life.
pub(super) fn lease(text: &str) -> Result<Duration, String> {
    let lease = duration(text)?;
    if lease < Duration::from_secs(1) {
        Err("must be at least 1s".into())
    } else {
        Ok(lease)
    }
}

/// Folders or archives of models; without a secret, which would be shown wherever a model is named.
pub(super) fn model_urls(text: &str) -> Result<Vec<Url>, String> {
    let is_place = |url: &Url| match url.scheme() {
        "file" => url.host().is_none() && url.path().len() > 1,
        "s3" => url.host().is_some() && url.username().is_empty() && url.password().is_none(),
        _ => false,
    };
    let urls = items(text).map(|item| Url::parse(item).ok().filter(is_place));
    let urls: Option<Vec<_>> = urls.collect();
    urls.ok_or_else(|| "must be models such as file:///srv/models/eyes or s3://bucket/models/eyes".into())
}

pub(super) fn languages(text: &str) -> Result<Vec<Language>, String> {
    let parsed: Option<Vec<_>> = items(text).map(Language::parse).collect();
    let parsed = parsed.filter(|languages| !languages.is_empty());
    parsed.ok_or_else(|| "must be language codes such as eng,spa".into())
}

pub(super) fn language_set(text: &str) -> Result<LanguageSet, String> {
    LanguageSet::new(languages(text)?).ok_or_else(|| "must be language codes such as eng,spa".into())
}

pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    let is_origin = |origin: &&str| {
        let host = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"));
        host.is_some_and(|host| !host.is_empty() && !host.contains(['/', ' ']))
    };
    if items(text).all(|origin| is_origin(&origin)) {
        Ok(items(text).map(str::to_owned).collect())
    } else {
        Err("must be origins such as https://app.example.org".into())
    }
}

pub(super) fn networks(text: &str) -> Result<Vec<IpNet>, String> {
    let parsed: Result<_, _> = items(text).map(str::parse).collect();
    parsed.map_err(|_| "must be networks such as 10.0.0.0/8".into())
}

pub(super) fn firebase_project(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (6..=30).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("must be the id of a project: 6 to 30 small letters, digits and hyphens".into())
    }
}

/// `https://issuer.example=audience`; every one that is wrong is named.
pub(super) fn providers(text: &str) -> Result<Vec<ProviderSettings>, String> {
    let (right, wrong): (Vec<_>, Vec<_>) = items(text)
        .map(|item| provider(item).ok_or_else(|| format!("{item:?}")))
        .partition(Result::is_ok);
    if wrong.is_empty() {
        return Ok(right.into_iter().flatten().collect());
    }
    let wrong: Vec<_> = wrong.into_iter().filter_map(Result::err).collect();
    Err(format!(
        "must be issuers and audiences such as https://issuer.example=audience, which {} is not",
        wrong.join(", ")
    ))
}

fn provider(text: &str) -> Option<ProviderSettings> {
    let (issuer, audience) = text.split_once('=')?;
    let (issuer, audience) = (issuer.trim(), audience.trim());
    (is_issuer(issuer) && !audience.is_empty()).then(|| ProviderSettings {
        issuer: issuer.to_owned(),
        audience: audience.to_owned(),
    })
}

/// An address without query and fragment, over https, or on this machine for development.
fn is_issuer(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let plain = url.username().is_empty() && url.password().is_none() && !text.contains(['?', '#']);
    let fits = text.len() <= 255 && text.bytes().all(|byte| byte.is_ascii_graphic());
    plain && fits && (url.scheme() == "https" || (url.scheme() == "http" && loopback))
}

fn items(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_written_as_people_write_them() {
        assert_eq!(duration("15m"), Ok(Duration::from_mins(15)));
        assert_eq!(duration("30d"), Ok(Duration::from_hours(30 * 24)));
        assert_eq!(size("20MiB"), Ok(20 << 20));
        assert_eq!(size("1000"), Ok(1000));
        assert!(duration("0s").is_err() && duration("15").is_err() && size("much").is_err());
    }

    #[test]
    fn only_stores_that_there_are_can_be_named() {
        assert!(database_url("postgres://host/db").is_ok() && database_url("mysql://host/db").is_ok());
        assert!(database_url("redis://host").is_err());
        assert!(mail_url("log:").is_ok() && mail_url("smtps://host").is_ok());
        assert!(mail_url("log:loudly").is_err() && mail_url("http://host").is_err());
    }

    #[test]
    fn a_model_lies_in_a_folder_or_a_bucket() {
        let urls = model_urls("file:///srv/models/eyes, s3://bucket/models/eyes").expect("right");
        assert_eq!(urls.len(), 2);
        assert_eq!(model_urls(""), Ok(vec![]));
        for wrong in [
            "/srv/models/eyes",
            "file://host/eyes",
            "file:///",
            "s3:///eyes",
            "s3://key:secret@bucket/eyes",
            "https://host/eyes",
        ] {
            assert!(model_urls(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_provider_is_an_https_issuer_and_an_audience() {
        let read = providers("https://a.example/realm/=one=1, http://127.0.0.1:9=two").expect("right");
        let read: Vec<_> = read
            .iter()
            .map(|provider| (&*provider.issuer, &*provider.audience))
            .collect();
        assert_eq!(
            read,
            [
                ("https://a.example/realm/", "one=1"),
                ("http://127.0.0.1:9", "two")
            ]
        );
        assert_eq!(providers(""), Ok(vec![]));
        for wrong in [
            "https://a.example",
            "https://a.example=",
            "=audience",
            "a.example=audience",
            "http://a.example=audience",
            "https://user:secret@a.example=audience",
            "https://a.example?tenant=audience",
            "https://a.example/#top=audience",
            "https://ä.example=audience",
            "ftp://localhost=audience",
        ] {
            assert!(providers(wrong).is_err(), "{wrong}");
        }
        let mistakes = providers("https://a.example=b, http://b.example=b, c").expect_err("mistakes");
        assert!(mistakes.contains("\"http://b.example=b\", \"c\"") && !mistakes.contains("a.example"));
    }

    #[test]
    fn a_project_of_firebase_is_named_by_its_id() {
        assert!(firebase_project("eyes-1234").is_ok());
        for wrong in ["", "eyes", "Eyes-1234", "eyes/1234", &"e".repeat(31)] {
            assert!(firebase_project(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_origin_has_a_scheme_and_no_path() {
        assert_eq!(
            origins("https://a.example, http://localhost:3000")
                .expect("right")
                .len(),
            2
        );
        assert!(
            origins("a.example").is_err() && origins("https://a.example/").is_err() && origins("*").is_err()
        );
    }
}
