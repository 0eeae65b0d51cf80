//! Idempotency keys: a repeated request gets the first response and has no second effect.

use crate::{ids::UserId, images::Sha256Digest};

/// Identifies a request of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The user who sent the request.
    pub user: UserId,
    /// The operation's id in the specification. Keys of different operations are independent.
    pub operation: &'static str,
    /// The key from the header: 1 to 255 printable ASCII characters.
    key: String,
}

impl IdempotencyKey {
    /// Parses a key. Returns `None` if the text is empty, longer than 255 or not printable ASCII.
    pub fn new(user: UserId, operation: &'static str, key: &str) -> Option<Self> {
        let printable = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let whole = printable && (1..=255).contains(&key.len());
        whole.then(|| Self {
            user,
            operation,
            key: key.to_owned(),
        })
    }

    /// Returns the key from the header.
    pub fn as_str(&self) -> &str {
        &self.key
    }
}

/// The response to the first request with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// The digest of the request's fields and file.
    pub request_digest: Sha256Digest,
    /// The HTTP status.
    pub status: u16,
    /// The `Location` header.
    pub location: Option<String>,
    /// The body.
    pub body: String,
}

/// The state of a key when a request arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// The key was free. This request holds it now.
    Acquired,
    /// Another request holds the key.
    Pending,
    /// A response is stored.
    Completed(StoredResponse),
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_key_is_printable_and_not_too_long() {
        let key = |text: &str| IdempotencyKey::new(UserId(Uuid::nil()), "submitTask", text);
        assert!(key("b0d1 / ~").is_some() && key(&"k".repeat(255)).is_some());
        for text in ["", "a\nb", "ü", &"k".repeat(256)] {
            assert_eq!(key(text), None, "{text:?}");
        }
    }
}
