//! How values are written. Each parser says what the value must be.

use bytesize::ByteSize;
use domain::ocr::{Language, LanguageSet};
use ipnet::IpNet;
use secrecy::SecretString;
use std::{path::PathBuf, str::FromStr, time::Duration};

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

/// A lease must outlast a few signs of life.
pub(super) fn lease(text: &str) -> Result<Duration, String> {
    let lease = duration(text)?;
    if lease < Duration::from_secs(1) {
        Err("must be at least 1s".into())
    } else {
        Ok(lease)
    }
}

pub(super) fn file_url(text: &str) -> Result<PathBuf, String> {
    let path = text.strip_prefix("file://").filter(|path| !path.is_empty());
    path.map(PathBuf::from)
        .ok_or_else(|| "must be a folder, written file:///folder".into())
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
        assert_eq!(file_url("file:///srv/blobs"), Ok(PathBuf::from("/srv/blobs")));
        assert!(file_url("ftp://host").is_err() && file_url("file://").is_err());
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
