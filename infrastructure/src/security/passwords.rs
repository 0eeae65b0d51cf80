//! Password hashes by Argon2id.

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{
        Error, PasswordHasher as _, PasswordVerifier,
        phc::{self, Ident},
    },
};
use async_trait::async_trait;
use domain::{
    BoxError,
    accounts::{Password, PasswordHash, PasswordHasher, Verification},
};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The longest candidate that is hashed, in bytes: what the longest password takes in UTF-8.
const MAX_BYTES: usize = Password::MAX_CHARACTERS * 4;

/// Hashes with Argon2id, 19 MiB and two passes in one lane, so many at once as it was told, off the async threads.
#[derive(Clone)]
pub struct ArgonPasswordHasher {
    turns: Arc<Semaphore>,
    /// What candidates without a hash are compared with.
    dummy: PasswordHash,
}

impl ArgonPasswordHasher {
    /// A hasher that runs at most `concurrent` hashes at once, at least one; each takes 19 MiB. Others wait for their
    /// turn. Takes as long as one hash.
    ///
    /// # Errors
    ///
    /// When the operating system has no randomness for a salt.
    pub fn new(concurrent: usize) -> Result<Self, BoxError> {
        Ok(Self {
            turns: Arc::new(Semaphore::new(concurrent.clamp(1, Semaphore::MAX_PERMITS))),
            dummy: hash(b"nobody's password")?,
        })
    }

    /// Runs work of a hash's size on a blocking thread when its turn comes. The turn is the work's own: work whose
    /// caller went away still takes its memory until it ends.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, BoxError> + Send + 'static,
    ) -> Result<T, BoxError> {
        let turn = self.turns.clone().acquire_owned().await?;
        let task = tokio::task::spawn_blocking(move || {
            let outcome = work();
            drop(turn);
            outcome
        });
        task.await?
    }
}

#[async_trait]
impl PasswordHasher for ArgonPasswordHasher {
    async fn hash(&self, password: Password) -> Result<PasswordHash, BoxError> {
        self.in_turn(move || hash(password.expose().as_bytes())).await
    }

    async fn verify(
        &self,
        candidate: SecretString,
        stored: Option<PasswordHash>,
    ) -> Result<Verification, BoxError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.dummy.clone());
        self.in_turn(move || {
            let verification = verify(candidate.expose_secret().as_bytes(), &stored)?;
            Ok(if known { verification } else { Verification::Wrong })
        })
        .await
    }
}

fn argon2id(params: Params) -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn hash(password: &[u8]) -> Result<PasswordHash, BoxError> {
    let hash: phc::PasswordHash = argon2id(Params::DEFAULT).hash_password(password)?;
    Ok(PasswordHash::new(hash.to_string()))
}

fn verify(candidate: &[u8], stored: &PasswordHash) -> Result<Verification, BoxError> {
    let stored = phc::PasswordHash::new(stored.expose())?;
    // Cut off, a candidate that no password can be is still compared, and still wrong.
    let candidate = &candidate[..candidate.len().min(MAX_BYTES + 1)];
    match argon2id(Params::DEFAULT).verify_password(candidate, &stored) {
        Ok(()) if is_outdated(&stored)? => Ok(Verification::RightButOutdated),
        Ok(()) => Ok(Verification::Right),
        Err(Error::PasswordInvalid) => Ok(Verification::Wrong),
        Err(error) => Err(error.into()),
    }
}

/// Whether a hash costs less to guess than one that is made now.
fn is_outdated(stored: &phc::PasswordHash) -> Result<bool, BoxError> {
    let params = Params::try_from(stored)?;
    let current = Params::DEFAULT;
    Ok(stored.algorithm != Ident::new("argon2id")?
        || stored.version != Some(Version::V0x13.into())
        || params.m_cost() < current.m_cost()
        || params.t_cost() < current.t_cost())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn hasher() -> ArgonPasswordHasher {
        ArgonPasswordHasher::new(2).unwrap()
    }

    fn password() -> Password {
        Password::parse("correct horse".to_owned()).unwrap()
    }

    fn weaker(params: Params) -> PasswordHash {
        let hash: phc::PasswordHash = argon2id(params).hash_password(b"correct horse").unwrap();
        PasswordHash::new(hash.to_string())
    }

    async fn verify_with(hash: Option<PasswordHash>, candidate: &str) -> Verification {
        hasher().verify(candidate.into(), hash).await.unwrap()
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_and_no_other() {
        let hash = hasher().hash(password()).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(
            verify_with(Some(hash.clone()), "correct horse").await,
            Verification::Right
        );
        assert_eq!(
            verify_with(Some(hash.clone()), "correct Horse").await,
            Verification::Wrong
        );
        assert_eq!(verify_with(Some(hash), "").await, Verification::Wrong);
    }

    #[tokio::test]
    async fn the_same_password_never_hashes_the_same() {
        let (one, other) = (hasher().hash(password()).await, hasher().hash(password()).await);
        assert_ne!(one.unwrap().expose(), other.unwrap().expose());
    }

    #[tokio::test]
    async fn a_hash_with_less_memory_or_fewer_passes_is_right_but_outdated() {
        for params in [
            Params::new(8 * 1024, 2, 1, None).unwrap(),
            Params::new(19 * 1024, 1, 1, None).unwrap(),
        ] {
            let hash = Some(weaker(params));
            assert_eq!(
                verify_with(hash.clone(), "correct horse").await,
                Verification::RightButOutdated
            );
            assert_eq!(verify_with(hash, "wrong horse").await, Verification::Wrong);
        }
    }

    #[tokio::test]
    async fn a_stronger_hash_stays() {
        let hash = weaker(Params::new(20 * 1024, 3, 1, None).unwrap());
        assert_eq!(
            verify_with(Some(hash), "correct horse").await,
            Verification::Right
        );
    }

    #[tokio::test]
    async fn what_is_no_hash_is_an_error_and_not_a_wrong_password() {
        let broken = Some(PasswordHash::new("broken".to_owned()));
        assert!(hasher().verify("correct horse".into(), broken).await.is_err());
    }

    #[tokio::test]
    async fn without_a_hash_the_answer_is_wrong_after_the_same_work() {
        let hasher = hasher();
        let hash = hasher.hash(password()).await.unwrap();
        // The fastest of several, for other work on the machine only makes runs longer.
        let mut fastest = [Duration::MAX; 2];
        for _ in 0..5 {
            for (fastest, hash) in fastest.iter_mut().zip([Some(hash.clone()), None]) {
                let start = Instant::now();
                let verification = hasher.verify("wrong horse".into(), hash).await.unwrap();
                assert_eq!(verification, Verification::Wrong);
                *fastest = start.elapsed().min(*fastest);
            }
        }
        let [known, unknown] = fastest.map(|time| time.as_secs_f64());
        assert!(
            (0.5..2.0).contains(&(known / unknown)),
            "{known} s and {unknown} s"
        );
        let dummy = hasher.verify("nobody's password".into(), None).await.unwrap();
        assert_eq!(dummy, Verification::Wrong);
    }
}
