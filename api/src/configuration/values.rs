//! How values are written.

#[cfg(test)]
mod tests;

use bytesize::ByteSize;
use domain::ocr::{Language, LanguageSet};
use ipnet::IpNet;
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error};
use std::{borrow::Cow, path::PathBuf, time::Duration};
use url::{Host, Url};

/// Declares types of values that are written as text: what they hold, the words that complete "must be", and a function
/// from the text to an `Option`. The words are the title of the schema; no message shows the text, which may be a secret.
macro_rules! text_values {
    ($($(#[$doc:meta])* $name:ident($inner:ty) $(or $other:literal)?: $form:literal, $parse:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub struct $name(pub $inner);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let parse: fn(&str) -> Option<$inner> = $parse;
                let value = parse(&String::deserialize(deserializer)?);
                value.map(Self).ok_or_else(|| D::Error::custom(concat!("must be ", $form)))
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({"title": $form, "type": ["string" $(, $other)?]})
            }
        }
    )*};
}

text_values! {
    /// A text.
    Text(String): "a text that is not empty", not_empty;
    /// A text that `Debug` does not show.
    Secret(SecretString): "a secret that is not empty", not_empty;
    /// A path, relative to the working folder unless it is absolute.
    FilePath(PathBuf): "a path", not_empty;
    /// A time, longer than none.
    HumanDuration(Duration): "a time such as 60s, 15m or 30d",
        |text| humantime::parse_duration(text).ok().filter(|duration| !duration.is_zero());
    /// A number of bytes.
    HumanSize(u64) or "integer": "a size such as 20MiB, or a number of bytes",
        |text| text.parse().ok().map(|size: ByteSize| size.as_u64());
    /// A database, with the password of its user.
    DatabaseUrl(SecretString): "a URL of sqlite://, postgres:// or mysql://",
        |text| with_scheme(text, &["sqlite://", "postgres://", "postgresql://", "mysql://"]);
    /// A broker, with the password of its user; `None` is the database.
    QueueUrl(Option<SecretString>): "database:, or a URL of amqp:// or amqps://",
        |text| if text == "database:" { Some(None) } else { with_scheme(text, &["amqp://", "amqps://"]).map(Some) };
    /// A mail server, with the password of its user; `None` is the log.
    MailUrl(Option<SecretString>): "log:, or a URL of smtp:// or smtps://",
        |text| if text == "log:" { Some(None) } else { with_scheme(text, &["smtp://", "smtps://"]).map(Some) };
    /// Where image files are kept.
    StorageUrl(Storage): "a folder such as file:///srv/images, or a bucket such as s3://bucket or s3://bucket/prefix",
        storage;
    /// An S3 server, without a slash at the end.
    Endpoint(String): "the address of an S3 server such as https://s3.example.org:9000", endpoint;
    /// A region of an object store.
    Region(String): "a region such as eu-central-1",
        |text| not_empty(text).filter(|_| text.bytes().all(|byte| is_lowercase_or_digit(byte) || byte == b'-'));
    /// How an object store encrypts objects.
    ObjectEncryption(Encryption): "AES256, aws:kms, or aws:kms= and the id of a key", encryption;
    /// Certificates of authorities, in PEM.
    Certificates(String): "certificates in PEM, or a file of them named by the variable with _FILE behind it",
        certificates;
    /// A language as Tesseract names it.
    LanguageCode(Language): "a language code such as eng", Language::parse;
    /// A folder or archive of a model, without a login: wherever the model is named, its URL is shown.
    ModelUrl(Url): "a model such as file:///srv/models/eyes or s3://bucket/models/eyes", model;
    /// A scheme and a host, without a path.
    Origin(String): "an origin such as https://app.example.org", origin;
    /// A network in CIDR notation.
    Network(IpNet): "a network such as 10.0.0.0/8", |text| text.parse().ok();
    /// The id of a project of Firebase Authentication.
    FirebaseProject(String): "the id of a project: 6 to 30 small letters, digits and hyphens", firebase_project;
    /// An OpenID provider, written `issuer=audience`.
    OidcProvider(Provider): "an issuer and an audience such as https://issuer.example=audience", provider;
}

/// One or more languages.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(try_from = "Vec<LanguageCode>")]
#[schemars(title = "a list of one or more language codes such as eng")]
pub struct Languages(#[schemars(with = "Vec<LanguageCode>")] pub LanguageSet);

impl TryFrom<Vec<LanguageCode>> for Languages {
    type Error = &'static str;

    fn try_from(codes: Vec<LanguageCode>) -> Result<Self, Self::Error> {
        let languages = codes.into_iter().map(|code| code.0);
        LanguageSet::new(languages)
            .map(Self)
            .ok_or("must name a language")
    }
}

/// A number where 0 means that there is no limit.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
pub struct Limit(u64);

impl Limit {
    /// The limit; `None` where there is none.
    pub fn get(self) -> Option<u64> {
        (self.0 > 0).then_some(self.0)
    }
}

/// How a connection to a database is protected, in the words of `PostgreSQL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TlsMode {
    /// Never by TLS.
    Disable,
    /// By TLS if the server offers it.
    Prefer,
    /// By TLS, with any certificate.
    Require,
    /// By TLS, with a certificate of a trusted authority.
    VerifyCa,
    /// By TLS, with a certificate of a trusted authority for this host.
    VerifyFull,
}

/// A place for files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket.
    Bucket {
        /// Its name.
        bucket: String,
        /// What the names of all objects begin with, without a slash at its ends; may be empty.
        prefix: String,
    },
}

/// The key with which objects are encrypted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Encryption {
    /// A key of the object store.
    Managed,
    /// A key of the key management service.
    Kms {
        /// The key; `None` is the service's own key for buckets.
        key_id: Option<String>,
    },
}

/// An OpenID provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provider {
    /// The `iss` of its tokens: where it describes itself.
    pub issuer: String,
    /// The `aud` of the tokens that are meant for this service.
    pub audience: String,
}

fn not_empty<T: for<'a> From<&'a str>>(text: &str) -> Option<T> {
    (!text.is_empty()).then(|| text.into())
}

fn with_scheme(text: &str, schemes: &[&str]) -> Option<SecretString> {
    let has_scheme = schemes.iter().any(|scheme| text.starts_with(scheme));
    has_scheme.then(|| text.into())
}

fn has_no_login(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

fn is_lowercase_or_digit(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn storage(text: &str) -> Option<Storage> {
    if let Some(folder) = text.strip_prefix("file://") {
        return not_empty(folder).map(Storage::Folder);
    }
    let location = text.strip_prefix("s3://")?;
    let (bucket, prefix) = location.split_once('/').unwrap_or((location, ""));
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let is_bucket = (3..=63).contains(&bucket.len())
        && bucket
            .bytes()
            .all(|byte| is_lowercase_or_digit(byte) || b"-.".contains(&byte))
        && !bucket.starts_with(['-', '.'])
        && !bucket.ends_with(['-', '.'])
        && !bucket.contains("..");
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_folder = |part: &str| !["", ".", ".."].contains(&part) && part.bytes().all(is_plain);
    let is_prefix = prefix.is_empty() || prefix.split('/').all(is_folder);
    (is_bucket && is_prefix).then(|| Storage::Bucket {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
    })
}

fn endpoint(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_server = ["http", "https"].contains(&url.scheme())
        && url.has_host()
        && has_no_login(&url)
        && url.query().is_none()
        && url.fragment().is_none();
    is_server.then(|| url.as_str().trim_end_matches('/').to_owned())
}

fn encryption(text: &str) -> Option<Encryption> {
    match text {
        "AES256" => Some(Encryption::Managed),
        "aws:kms" => Some(Encryption::Kms { key_id: None }),
        _ => {
            let key = text.strip_prefix("aws:kms=")?;
            let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic());
            is_key.then(|| Encryption::Kms {
                key_id: Some(key.to_owned()),
            })
        }
    }
}

fn certificates(text: &str) -> Option<String> {
    let mut trusted = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(text.as_bytes()) {
        trusted.add(certificate.ok()?).ok()?;
    }
    (!trusted.is_empty()).then(|| text.to_owned())
}

fn model(text: &str) -> Option<Url> {
    Url::parse(text).ok().filter(|url| match url.scheme() {
        "file" => url.host().is_none() && url.path().len() > 1,
        "s3" => url.host().is_some() && has_no_login(url),
        _ => false,
    })
}

fn origin(text: &str) -> Option<String> {
    let host = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"))?;
    (!host.is_empty() && !host.contains(['/', ' '])).then(|| text.to_owned())
}

fn firebase_project(text: &str) -> Option<String> {
    let is_id = (6..=30).contains(&text.len())
        && text
            .bytes()
            .all(|byte| is_lowercase_or_digit(byte) || byte == b'-');
    is_id.then(|| text.to_owned())
}

fn provider(text: &str) -> Option<Provider> {
    let (issuer, audience) = text.split_once('=')?;
    let (issuer, audience) = (issuer.trim(), audience.trim());
    (is_issuer(issuer) && !audience.is_empty()).then(|| Provider {
        issuer: issuer.to_owned(),
        audience: audience.to_owned(),
    })
}

/// Whether a text is an https address without query and fragment, or an http address of this machine.
fn is_issuer(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    let is_loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let is_plain = has_no_login(&url) && !text.contains(['?', '#']);
    let fits = text.len() <= 255 && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain && fits && (url.scheme() == "https" || (url.scheme() == "http" && is_loopback))
}
