//! Logging in with a face.

use super::{FaceGallery, ReceivedPhoto};
use crate::{
    Error, FieldError,
    accounts::{LoginAttempt, Logins, RateLimiter, Tokens},
};
use domain::{
    accounts::{Origin, User},
    faces::{DescribedFace, Embedding, EmbeddingCipher, FaceEngine, FaceError, FaceMatching},
    ids::UserId,
    store::Store,
};
use std::sync::Arc;
use uuid::Uuid;

/// Opens a session for whom the service knows by his face: as the user who is named or, where that is switched on, as
/// whoever he is.
pub struct LogInWithFace {
    /// Where users and faces are kept.
    pub store: Arc<dyn Store>,
    /// Finds the face.
    pub engine: Arc<dyn FaceEngine>,
    /// Opens what is kept of faces.
    pub cipher: Arc<dyn EmbeddingCipher>,
    /// All faces, where users log in without a name.
    pub gallery: Option<Arc<FaceGallery>>,
    /// When two faces are one.
    pub matching: FaceMatching,
    /// Rejects attempts over the limits.
    pub rate_limiter: Arc<RateLimiter>,
    /// Records failed logins and opens sessions.
    pub logins: Arc<Logins>,
}

impl LogInWithFace {
    /// Tokens for the user of this name or address, or of this face. [`Error::FaceNotRecognized`] for another face, an
    /// unknown or disabled user and one without a face alike; what is wrong with the photo; [`Error::TooManyAttempts`] after
    /// too many of either; [`Error::InvalidRequest`] when a name is needed.
    pub async fn execute(
        &self,
        login: Option<&str>,
        photo: ReceivedPhoto,
        origin: Origin,
    ) -> Result<Tokens, Error> {
        // Before anything is looked at, for that is work.
        match &self.gallery {
            _ if login.is_some() => {}
            Some(gallery) if gallery.may_search().await? => {}
            _ => return Err(name_needed()),
        }
        let named = match login {
            Some(login) => self.logins.find_by_username_or_email(login).await?,
            None => None,
        };
        let known = named.as_ref().map(|user| user.id);
        let attempt = match login {
            Some(login) => LoginAttempt::for_name(login, known, &origin),
            // Nobody's in particular: it counts against the network.
            None => LoginAttempt::for_network(&origin),
        };
        self.rate_limiter.check(&attempt).await?;
        let shown = self.describe(photo, &origin).await?.embedding;
        let recognized = match login {
            Some(_) => self.verify(named, &shown).await?,
            None => self.identify(&shown).await?,
        };
        let Some(user) = recognized.filter(|user| user.disabled_at.is_none()) else {
            self.logins.record_failure(&attempt, known, origin).await?;
            return Err(Error::FaceNotRecognized);
        };
        // Of many tries at once, those that were looked at after the limit was reached count as little as those after it.
        self.rate_limiter.check(&attempt).await?;
        self.logins.open_session(user.id, origin).await
    }

    /// A photo in which there is nothing to recognize is work, too: it counts against the network, but not as a try at an
    /// account.
    async fn describe(&self, received: ReceivedPhoto, origin: &Origin) -> Result<DescribedFace, Error> {
        let described = self.engine.describe(received.photo.clone()).await;
        if let Err(FaceError::Image(_) | FaceError::NoFace | FaceError::SeveralFaces) = described {
            let attempt = LoginAttempt::for_network(origin);
            self.rate_limiter.record_failure(&attempt).await?;
        }
        Ok(described?)
    }

    /// The user who is named, if the face is his.
    async fn verify(&self, named: Option<User>, shown: &Embedding) -> Result<Option<User>, Error> {
        // Looked up for nobody, too, so that the time does not tell that there is nobody.
        let id = named.as_ref().map_or(UserId(Uuid::nil()), |user| user.id);
        let Some(face) = self.store.read().faces().find(id).await? else {
            return Ok(None);
        };
        if face.model != self.engine.model() {
            return Ok(None);
        }
        match self.cipher.open(id, &face.embedding) {
            Ok(enrolled) => Ok(named.filter(|_| self.matching.verifies(shown, &enrolled))),
            Err(error) => {
                tracing::error!(user = %id, error = &*error as &dyn std::error::Error, "a face cannot be opened");
                Ok(None)
            }
        }
    }

    /// The user whose face it is beyond doubt.
    async fn identify(&self, shown: &Embedding) -> Result<Option<User>, Error> {
        let gallery = self.gallery.as_ref().ok_or_else(name_needed)?;
        let nearest = gallery.nearest_two(shown, None).await?.ok_or_else(name_needed)?;
        if !self.matching.identifies(&nearest) {
            return Ok(None);
        }
        let unit = self.store.begin().await?;
        match nearest.first() {
            Some(best) => Ok(unit.users().lock(best.user_id).await?),
            None => Ok(None),
        }
    }
}

fn name_needed() -> Error {
    let message = "is needed: a user name or an e-mail address";
    Error::InvalidRequest(vec![FieldError::new("username", message)])
}

#[cfg(test)]
#[path = "log_in_with_face_tests.rs"]
mod tests;
