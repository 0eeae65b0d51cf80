//! Requests that may be repeated without being done twice.

use crate::{ids::UserId, images::Sha256Digest};

/// What names a request among those of its sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Who sent it.
    pub user: UserId,
    /// The operation's id in the specification: the same key means another request elsewhere.
    pub operation: &'static str,
    /// What the sender called it: 1 to 255 visible ASCII characters.
    key: String,
}

impl IdempotencyKey {
    /// `None` when the text is empty, longer than 255 or holds other than visible ASCII characters and blanks.
    pub fn new(user: UserId, operation: &'static str, key: &str) -> Option<Self> {
        let printable = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        let whole = printable && (1..=255).contains(&key.len());
        whole.then(|| Self {
            user,
            operation,
            key: key.to_owned(),
        })
    }

    /// What the sender called it.
    pub fn as_str(&self) -> &str {
        &self.key
    }
}

/// An answer as it was given first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// Of what the request said, its file included.
    pub request_digest: Sha256Digest,
    /// The HTTP status.
    pub status: u16,
    /// The `Location` header.
    pub location: Option<String>,
    /// The body.
    pub body: String,
}

/// What is known of a key when a request comes with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// Nothing: the request is the first, or those before it came to no answer. The key is now its own.
    Acquired,
    /// Another request with the key is being worked on.
    Pending,
    /// It was answered.
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
