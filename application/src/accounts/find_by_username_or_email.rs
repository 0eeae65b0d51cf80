//! Finding who is meant by what he logs in with.

use domain::{
    accounts::{Email, User, Username},
    store::{Store, StoreError},
};

/// The user of this name or address; `None` for what is neither, and for nobody's.
pub(crate) async fn find_by_username_or_email(
    store: &dyn Store,
    login: &str,
) -> Result<Option<User>, StoreError> {
    if let Some(username) = Username::parse(login) {
        return store.read().users().find_by_username(&username).await;
    }
    match Email::parse(login) {
        Some(email) => store.read().users().find_by_email(&email).await,
        None => Ok(None),
    }
}
