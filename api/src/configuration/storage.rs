//! Where blobs are kept.

use super::{source::Source, values};
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use url::Url;

/// What `storage.url` names.
#[derive(Debug, PartialEq, Eq)]
pub enum StorageSettings {
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

/// `storage.s3.*`: how buckets are reached.
#[derive(Debug)]
pub struct S3Settings {
    /// The address of the server; `None` is Amazon's.
    pub endpoint: Option<String>,
    /// Whether the server may be spoken to in the open.
    pub allow_http: bool,
    /// The region.
    pub region: Option<String>,
    /// The access key and its secret; `None` is what the machine's environment or its role says.
    pub keys: Option<(String, SecretString)>,
    /// How the server encrypts what it keeps; `None` is as the bucket has it.
    pub encryption: Option<EncryptionSettings>,
    /// Certificates of who may vouch for the server, as PEM, beside those that everybody trusts.
    pub ca: Option<String>,
}

/// Who holds the key that objects are encrypted with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncryptionSettings {
    /// The object store.
    Managed,
    /// The key management service.
    Kms {
        /// Which key; `None` is the service's own for buckets.
        key_id: Option<String>,
    },
}

/// Where blobs are kept, and how buckets are reached, also where blobs are in none: models may be.
pub(super) fn take_storage(source: &mut Source, data_dir: &Path) -> (StorageSettings, S3Settings) {
    let location = source.take("storage.url", location);
    let endpoint = source.take("storage.s3.endpoint", endpoint);
    let allow_http = source.take("storage.s3.allow_http", values::boolean);
    let region = source.take("storage.s3.region", region);
    let access_key_id = source.take("storage.s3.access_key_id", values::text);
    let secret_access_key = source.take("storage.s3.secret_access_key", values::secret);
    let encryption = source.take("storage.s3.encryption", encryption);
    let ca = source.take("storage.s3.ca", values::certificates);
    let allow_http = allow_http.unwrap_or(false);
    if !allow_http && endpoint.as_ref().is_some_and(|url| url.starts_with("http://")) {
        let must_be = "must start with https://, unless storage.s3.allow_http is true";
        source.note("storage.s3.endpoint", must_be);
    }
    let keys = match (access_key_id, secret_access_key) {
        (Some(id), Some(secret)) => Some((id, secret)),
        (Some(_), None) => {
            source.note(
                "storage.s3.secret_access_key",
                "must be set where storage.s3.access_key_id is",
            );
            None
        }
        (None, Some(_)) => {
            source.note(
                "storage.s3.access_key_id",
                "must be set where storage.s3.secret_access_key is",
            );
            None
        }
        (None, None) => None,
    };
    let buckets = S3Settings {
        endpoint,
        allow_http,
        region,
        keys,
        encryption,
        ca,
    };
    let storage = location.unwrap_or_else(|| StorageSettings::Folder(data_dir.join("blobs")));
    (storage, buckets)
}

/// `file:///folder`, `s3://bucket`, `s3://bucket/prefix`. What is wrong is never shown: somebody may have written a secret
/// there.
fn location(text: &str) -> Result<StorageSettings, String> {
    let folder = text.strip_prefix("file://").filter(|path| !path.is_empty());
    if let Some(folder) = folder {
        return Ok(StorageSettings::Folder(PathBuf::from(folder)));
    }
    let bucket = text.strip_prefix("s3://").and_then(bucket);
    bucket.ok_or_else(|| {
        "must be a folder, written file:///folder, or a bucket, written s3://bucket or s3://bucket/prefix"
            .into()
    })
}

fn bucket(text: &str) -> Option<StorageSettings> {
    let (bucket, prefix) = text.split_once('/').unwrap_or((text, ""));
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    let is_bucket = (3..=63).contains(&bucket.len())
        && bucket.bytes().all(allowed)
        && bucket.starts_with(|c: char| c.is_ascii_alphanumeric())
        && bucket.ends_with(|c: char| c.is_ascii_alphanumeric())
        && !bucket.contains("..");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let is_folder = |part: &str| !["", ".", ".."].contains(&part) && part.bytes().all(plain);
    let is_prefix = prefix.is_empty() || prefix.split('/').all(is_folder);
    (is_bucket && is_prefix).then(|| StorageSettings::Bucket {
        bucket: bucket.to_owned(),
        prefix: prefix.to_owned(),
    })
}

fn endpoint(text: &str) -> Result<String, String> {
    let url = Url::parse(text).ok().filter(|url| {
        ["http", "https"].contains(&url.scheme())
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    });
    url.map(|url| url.as_str().trim_end_matches('/').to_owned())
        .ok_or_else(|| "must be the address of an S3 server, such as https://s3.example.org:9000".into())
}

fn region(text: &str) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !text.is_empty() && text.bytes().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err("must be a region such as eu-central-1".into())
    }
}

/// `AES256`, `aws:kms`, `aws:kms=key`.
fn encryption(text: &str) -> Result<EncryptionSettings, String> {
    let key = text
        .strip_prefix("aws:kms=")
        .filter(|key| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_graphic()));
    match (text, key) {
        ("AES256", _) => Ok(EncryptionSettings::Managed),
        ("aws:kms", _) => Ok(EncryptionSettings::Kms { key_id: None }),
        (_, Some(key)) => Ok(EncryptionSettings::Kms {
            key_id: Some(key.to_owned()),
        }),
        _ => Err("must be AES256, aws:kms, or aws:kms= and the id of a key".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_folder_or_a_bucket() {
        let folder = |path: &str| Ok(StorageSettings::Folder(PathBuf::from(path)));
        let named = |bucket: &str, prefix: &str| {
            Ok(StorageSettings::Bucket {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            })
        };
        assert_eq!(location("file:///srv/blobs"), folder("/srv/blobs"));
        assert_eq!(location("s3://eyes"), named("eyes", ""));
        assert_eq!(location("s3://eyes/"), named("eyes", ""));
        assert_eq!(
            location("s3://my.eyes-1/Ocellus/v_1.2/"),
            named("my.eyes-1", "Ocellus/v_1.2")
        );
        for wrong in [
            "",
            "file://",
            "ftp://host",
            "s3://",
            "s3://ab",
            "s3://Eyes",
            "s3://-eyes",
            "s3://eyes//prefix",
            "s3://eyes/../other",
            "s3://eyes/a b",
            "s3://eyes?region=here",
        ] {
            assert!(location(wrong).is_err(), "{wrong}");
        }
        let mistake = location("s3://key:canary@eyes").expect_err("no bucket");
        assert!(!mistake.contains("canary"));
    }

    #[test]
    fn an_endpoint_is_the_address_of_a_server_and_nothing_else() {
        assert_eq!(
            endpoint("https://s3.example.org/"),
            Ok("https://s3.example.org".into())
        );
        assert_eq!(
            endpoint("http://127.0.0.1:9000"),
            Ok("http://127.0.0.1:9000".into())
        );
        for wrong in [
            "",
            "s3.example.org",
            "s3://s3.example.org",
            "https://key:secret@s3.example.org",
            "https://s3.example.org?a=b",
            "https://s3.example.org#top",
        ] {
            assert!(endpoint(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn objects_are_encrypted_by_the_store_or_by_a_key_of_the_key_management() {
        let kms = |key_id: Option<&str>| {
            Ok(EncryptionSettings::Kms {
                key_id: key_id.map(str::to_owned),
            })
        };
        assert_eq!(encryption("AES256"), Ok(EncryptionSettings::Managed));
        assert_eq!(encryption("aws:kms"), kms(None));
        assert_eq!(
            encryption("aws:kms=arn:aws:kms:x:1:key/2"),
            kms(Some("arn:aws:kms:x:1:key/2"))
        );
        for wrong in ["", "aes256", "aws:kms=", "aws:kms:dsse", "rot13"] {
            assert!(encryption(wrong).is_err(), "{wrong}");
        }
    }
}
