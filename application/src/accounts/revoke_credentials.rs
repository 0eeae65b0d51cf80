//! Handing an account over to the owner of its address.

use crate::faces::remove_face;
use domain::{
    accounts::User,
    clock::Timestamp,
    store::{StoreError, Transaction},
};

/// Ends everything but the password, which the caller replaces, that lets in whoever made an account and never showed that
/// its address was his: he may have taken a stranger's, and waited for the stranger to come and use the account with him.
/// Every new way into an account ends here, too. What the account owns stays. The user is still to be written.
pub(super) async fn shut_out_maker(
    unit: &dyn Transaction,
    user: &mut User,
    now: Timestamp,
) -> Result<(), StoreError> {
    unit.sessions().delete_all(user.id, None).await?;
    unit.api_keys().delete_all(user.id).await?;
    unit.identities().delete_all(user.id).await?;
    remove_face(unit, user.id, now).await?;
    user.has_face = false;
    Ok(())
}
