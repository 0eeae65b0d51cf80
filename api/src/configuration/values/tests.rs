//! Values as they are written.

use super::*;
use serde::de::DeserializeOwned;

fn parse<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(text.into()).ok()
}

/// Asserts which of these texts, each in a line, are values of a type. An empty text is none.
#[track_caller]
fn assert_accepts<T: DeserializeOwned>(right: &str, wrong: &str) {
    for text in right.lines() {
        assert!(parse::<T>(text.trim()).is_some(), "{text}");
    }
    for text in wrong.lines() {
        assert!(parse::<T>(text.trim()).is_none(), "{text}");
    }
    assert!(parse::<T>("").is_none(), "an empty text");
}

#[test]
fn times_and_sizes_have_units() {
    for (text, seconds) in [("15m", 900), ("30d", 30 * 86_400)] {
        assert_eq!(
            parse(text).map(|HumanDuration(time)| time.as_secs()),
            Some(seconds)
        );
    }
    for (text, bytes) in [("20MiB", 20 << 20), ("1000", 1000)] {
        assert_eq!(parse(text).map(|HumanSize(size)| size), Some(bytes));
    }
    assert_accepts::<HumanDuration>("", "0s\n15");
    assert_accepts::<HumanSize>("", "much");
}

#[test]
fn only_kinds_of_servers_that_are_supported_can_be_named() {
    assert_accepts::<DatabaseUrl>(
        "postgres://host/db\npostgresql://host/db\nmysql://host/db",
        "redis://host",
    );
    assert_accepts::<MailUrl>("log:\nsmtps://host", "log:loudly\nhttp://host");
    assert_accepts::<QueueUrl>("database:\namqps://host", "database:here\nhttp://host");
}

#[test]
fn a_model_is_in_a_folder_or_a_bucket() {
    assert_accepts::<ModelUrl>(
        "file:///srv/models/eyes\ns3://bucket/models/eyes",
        "/srv/models/eyes\nfile://host/eyes\nfile:///\ns3:///eyes\ns3://key:secret@bucket/eyes\nhttps://host/eyes",
    );
}

#[test]
fn a_provider_is_an_https_issuer_and_an_audience() {
    for (text, issuer, audience) in [
        (
            "https://a.example/realm/=one=1",
            "https://a.example/realm/",
            "one=1",
        ),
        ("http://127.0.0.1:9=two", "http://127.0.0.1:9", "two"),
    ] {
        let provider = Provider {
            issuer: issuer.into(),
            audience: audience.into(),
        };
        assert_eq!(parse(text).map(|OidcProvider(parsed)| parsed), Some(provider));
    }
    assert_accepts::<OidcProvider>(
        "http://localhost=audience",
        "https://a.example
        https://a.example=
        =audience
        a.example=audience
        http://a.example=audience
        https://user:secret@a.example=audience
        https://a.example?tenant=audience
        https://a.example/#top=audience
        https://ä.example=audience
        ftp://localhost=audience",
    );
}

#[test]
fn an_origin_has_a_scheme_and_no_path() {
    assert_accepts::<Origin>(
        "https://a.example\nhttp://localhost:3000",
        "a.example\nhttps://a.example/\n*",
    );
    assert_accepts::<Region>("eu-central-1", "Over there");
    let too_long = "e".repeat(31);
    assert_accepts::<FirebaseProject>("eyes-1234", &format!("eyes\nEyes-1234\neyes/1234\n{too_long}"));
}

#[test]
fn images_are_stored_in_a_folder_or_a_bucket() {
    let folder = Storage::Folder("/srv/blobs".into());
    assert_eq!(
        parse("file:///srv/blobs").map(|StorageUrl(storage)| storage),
        Some(folder)
    );
    for (text, bucket, prefix) in [
        ("s3://eyes", "eyes", ""),
        ("s3://eyes/", "eyes", ""),
        ("s3://my.eyes-1/Ocellus/v_1.2/", "my.eyes-1", "Ocellus/v_1.2"),
    ] {
        let bucket = Storage::Bucket {
            bucket: bucket.into(),
            prefix: prefix.into(),
        };
        assert_eq!(parse(text).map(|StorageUrl(storage)| storage), Some(bucket));
    }
    assert_accepts::<StorageUrl>(
        "",
        "file://
        ftp://host
        s3://
        s3://ab
        s3://Eyes
        s3://-eyes
        s3://eyes//prefix
        s3://eyes/../other
        s3://eyes/a b
        s3://eyes?region=here
        s3://key:canary@eyes",
    );
}

#[test]
fn an_endpoint_is_the_address_of_a_server_and_nothing_else() {
    for (text, address) in [
        ("https://s3.example.org/", "https://s3.example.org"),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000"),
    ] {
        assert_eq!(
            parse(text).map(|Endpoint(parsed)| parsed).as_deref(),
            Some(address)
        );
    }
    assert_accepts::<Endpoint>(
        "",
        "s3.example.org
        s3://s3.example.org
        https://key:secret@s3.example.org
        https://s3.example.org?a=b
        https://s3.example.org#top",
    );
}

#[test]
fn objects_are_encrypted_by_the_store_or_with_a_key_of_the_key_management() {
    let kms = |key_id: Option<&str>| Encryption::Kms {
        key_id: key_id.map(str::to_owned),
    };
    for (text, encryption) in [
        ("AES256", Encryption::Managed),
        ("aws:kms", kms(None)),
        (
            "aws:kms=arn:aws:kms:x:1:key/2",
            kms(Some("arn:aws:kms:x:1:key/2")),
        ),
    ] {
        assert_eq!(
            parse(text).map(|ObjectEncryption(parsed)| parsed),
            Some(encryption)
        );
    }
    assert_accepts::<ObjectEncryption>("", "aes256\naws:kms=\naws:kms:dsse\nrot13");
}
