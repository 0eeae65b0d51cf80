//! Logins with a face.

use super::{FaceGallery, ReceivedPhoto};
use crate::{
    Context, Error, FieldError,
    accounts::{LoginAttempt, Logins, RateLimiter, Tokens},
};
use domain::{
    accounts::{Origin, User},
    faces::{DescribedFace, Embedding, EmbeddingCipher, FaceEngine, FaceError, FaceMatching},
    ids::UserId,
};
use std::sync::Arc;
use uuid::Uuid;

/// Logs users in with a photo: as the named user, or without a name where that is enabled.
pub struct FaceLogins {
    context: Context,
    engine: Arc<dyn FaceEngine>,
    cipher: Arc<dyn EmbeddingCipher>,
    /// The faces of all users, where logins without a name are enabled.
    gallery: Option<Arc<FaceGallery>>,
    matching: FaceMatching,
    rate_limiter: Arc<RateLimiter>,
    logins: Arc<Logins>,
}

impl FaceLogins {
    /// Creates the service. Without a `gallery`, every login needs a name.
    pub fn new(
        context: Context,
        engine: Arc<dyn FaceEngine>,
        cipher: Arc<dyn EmbeddingCipher>,
        gallery: Option<Arc<FaceGallery>>,
        matching: FaceMatching,
        rate_limiter: Arc<RateLimiter>,
        logins: Arc<Logins>,
    ) -> Self {
        Self {
            context,
            engine,
            cipher,
            gallery,
            matching,
            rate_limiter,
            logins,
        }
    }

    /// Logs in the user with this user name or e-mail address, or with this face.
    ///
    /// # Errors
    ///
    /// [`Error::FaceNotRecognized`] for another face, an unknown or disabled user and a user without a face alike; the errors
    /// of an unusable photo; [`Error::TooManyAttempts`] over a rate limit of either; [`Error::InvalidRequest`] if a name is
    /// needed.
    pub async fn log_in(
        &self,
        login: Option<&str>,
        photo: ReceivedPhoto,
        origin: Origin,
    ) -> Result<Tokens, Error> {
        // Checked before the photo costs work.
        match &self.gallery {
            _ if login.is_some() => {}
            Some(gallery) if gallery.is_searchable().await? => {}
            _ => return Err(name_needed()),
        }
        let named = match login {
            Some(login) => self.logins.find_by_username_or_email(login).await?,
            None => None,
        };
        let user_id = named.as_ref().map(|user| user.id);
        let attempt = match login {
            Some(login) => LoginAttempt::for_name(login, user_id, &origin),
            None => LoginAttempt::for_network(&origin),
        };
        self.rate_limiter.check(&attempt).await?;
        let shown = self.describe(photo, &origin).await?.embedding;
        let recognized = match login {
            Some(_) => self.verify(named, &shown).await?,
            None => self.identify(&shown).await?,
        };
        let Some(user) = recognized.filter(|user| user.disabled_at.is_none()) else {
            self.logins.record_failure(&attempt, user_id, origin).await?;
            return Err(Error::FaceNotRecognized);
        };
        // Concurrent attempts can pass the first check together. The second one stops those that end over the limit.
        self.rate_limiter.check(&attempt).await?;
        self.logins.open_session(user.id, origin).await
    }

    /// Describes the face of the photo. An unusable photo costs work, so it counts against the network, but not against an
    /// account.
    async fn describe(&self, received: ReceivedPhoto, origin: &Origin) -> Result<DescribedFace, Error> {
        let described = self.engine.describe(received.photo.clone()).await;
        if let Err(FaceError::Image(_) | FaceError::NoFace | FaceError::SeveralFaces) = described {
            let attempt = LoginAttempt::for_network(origin);
            self.rate_limiter.record_failure(&attempt).await?;
        }
        Ok(described?)
    }

    /// Returns the named user if the face is theirs.
    async fn verify(&self, named: Option<User>, shown: &Embedding) -> Result<Option<User>, Error> {
        // An unknown user costs the same lookup, so that the time does not tell whether a user exists.
        let id = named.as_ref().map_or(UserId(Uuid::nil()), |user| user.id);
        let Some(face) = self.context.read().faces().find(id).await? else {
            return Ok(None);
        };
        if face.model != self.engine.model() {
            return Ok(None);
        }
        match self.cipher.open(id, &face.embedding) {
            Ok(enrolled) => Ok(named.filter(|_| self.matching.verifies(shown, &enrolled))),
            Err(error) => {
                tracing::error!(user = %id, error = &*error as &dyn std::error::Error, "an embedding cannot be decrypted");
                Ok(None)
            }
        }
    }

    /// Returns the user with this face, if no other user's is near.
    async fn identify(&self, shown: &Embedding) -> Result<Option<User>, Error> {
        let gallery = self.gallery.as_ref().ok_or_else(name_needed)?;
        let nearest = gallery.nearest_two(shown, None).await?.ok_or_else(name_needed)?;
        let Some(best) = nearest.first().filter(|_| self.matching.identifies(&nearest)) else {
            return Ok(None);
        };
        let user = best.user_id;
        let found = self
            .context
            .transact(|tx| Box::pin(async move { tx.users().lock(user).await }));
        Ok(found.await?)
    }
}

fn name_needed() -> Error {
    let message = "is required: a user name or an e-mail address";
    Error::InvalidRequest(vec![FieldError::new("username", message)])
}

#[cfg(test)]
#[path = "logins_tests.rs"]
mod tests;
