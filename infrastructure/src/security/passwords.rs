//! Password hashes by Argon2id.

use argon2::{
    Algorithm, Argon2, Block, Params, Version,
    password_hash::phc::{self, Ident, Output, ParamsString, Salt},
};
use async_trait::async_trait;
use domain::{
    BoxError,
    accounts::{Password, PasswordHash, PasswordHasher, Verification},
};
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Semaphore;

/// The longest candidate that is hashed, in bytes: what the longest password takes in UTF-8.
const MAX_BYTES: usize = Password::MAX_CHARACTERS * 4;

/// Hashes with Argon2id, 19 MiB and two passes in one lane, so many at once as it was told, off the async threads.
#[derive(Clone)]
pub struct ArgonPasswordHasher {
    turns: Arc<Semaphore>,
    /// What the hashes of those turns work in, kept between them: an allocator that is given 19 MiB back by ever other
    /// threads keeps it for each of them.
    memories: Arc<Mutex<Vec<Memory>>>,
    /// What candidates without a hash are compared with.
    dummy: PasswordHash,
}

/// What a hash works in. Blocks are written before they are read, so what an earlier hash left does not matter.
type Memory = Vec<Block>;

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
            memories: Arc::default(),
            dummy: hash(b"nobody's password", &mut Memory::new())?,
        })
    }

    /// Runs work of a hash's size on a blocking thread when its turn comes. The turn is the work's own: work whose
    /// caller went away still takes its memory until it ends.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> Result<T, BoxError> + Send + 'static,
    ) -> Result<T, BoxError> {
        let turn = self.turns.clone().acquire_owned().await?;
        let memories = self.memories.clone();
        let task = tokio::task::spawn_blocking(move || {
            let unused = || memories.lock().unwrap_or_else(PoisonError::into_inner);
            let mut memory = unused().pop().unwrap_or_default();
            let outcome = work(&mut memory);
            unused().push(memory);
            drop(turn);
            outcome
        });
        task.await?
    }
}

#[async_trait]
impl PasswordHasher for ArgonPasswordHasher {
    async fn hash(&self, password: Password) -> Result<PasswordHash, BoxError> {
        self.in_turn(move |memory| hash(password.expose().as_bytes(), memory))
            .await
    }

    async fn verify(
        &self,
        candidate: SecretString,
        stored: Option<PasswordHash>,
    ) -> Result<Verification, BoxError> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.dummy.clone());
        self.in_turn(move |memory| {
            let verification = verify(candidate.expose_secret().as_bytes(), &stored, memory)?;
            Ok(if known { verification } else { Verification::Wrong })
        })
        .await
    }
}

fn hash(password: &[u8], memory: &mut Memory) -> Result<PasswordHash, BoxError> {
    let (algorithm, version, params) = (Algorithm::Argon2id, Version::V0x13, Params::DEFAULT);
    let salt = Salt::generate();
    let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
    let argon2 = Argon2::new(algorithm, version, params.clone());
    compute(&argon2, password, &salt, &mut output, memory)?;
    let hash = phc::PasswordHash {
        algorithm: algorithm.ident(),
        version: Some(version.into()),
        params: ParamsString::try_from(&params)?,
        salt: Some(salt),
        hash: Some(Output::new(&output)?),
    };
    Ok(PasswordHash::new(hash.to_string()))
}

fn verify(candidate: &[u8], stored: &PasswordHash, memory: &mut Memory) -> Result<Verification, BoxError> {
    let stored = phc::PasswordHash::new(stored.expose())?;
    let (Some(salt), Some(expected)) = (&stored.salt, &stored.hash) else {
        return Err("a stored hash lacks its salt or its output".into());
    };
    let algorithm = Algorithm::try_from(stored.algorithm.as_str())?;
    let version = Version::try_from(stored.version.unwrap_or(Version::V0x10.into()))?;
    let argon2 = Argon2::new(algorithm, version, Params::try_from(&stored)?);
    // Cut off, a candidate that no password can be is still compared, and still wrong.
    let candidate = &candidate[..candidate.len().min(MAX_BYTES + 1)];
    let mut output = [0; Output::MAX_LENGTH];
    let output = &mut output[..expected.len()];
    compute(&argon2, candidate, salt, output, memory)?;
    // Outputs are compared in constant time.
    if Output::new(output)? != *expected {
        return Ok(Verification::Wrong);
    }
    if is_outdated(&stored)? {
        return Ok(Verification::RightButOutdated);
    }
    Ok(Verification::Right)
}

fn compute(
    argon2: &Argon2,
    password: &[u8],
    salt: &[u8],
    output: &mut [u8],
    memory: &mut Memory,
) -> Result<(), BoxError> {
    let needed = argon2.params().block_count();
    if memory.len() < needed {
        memory.resize(needed, Block::new());
    }
    Ok(argon2.hash_password_into_with_memory(password, salt, output, &mut memory[..needed])?)
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
    use argon2::password_hash::{PasswordHasher as _, PasswordVerifier};
    use std::time::{Duration, Instant};

    fn hasher() -> ArgonPasswordHasher {
        ArgonPasswordHasher::new(2).unwrap()
    }

    fn password() -> Password {
        Password::parse("correct horse".to_owned()).unwrap()
    }

    fn weaker(params: Params) -> PasswordHash {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let hash: phc::PasswordHash = argon2.hash_password(b"correct horse").unwrap();
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
    async fn a_hash_is_one_that_every_other_implementation_of_the_format_verifies() {
        let hash = hasher().hash(password()).await.unwrap();
        let hash = phc::PasswordHash::new(hash.expose()).unwrap();
        let others = Argon2::default();
        assert!(others.verify_password(b"correct horse", &hash).is_ok());
        assert!(others.verify_password(b"correct Horse", &hash).is_err());
    }

    #[tokio::test]
    async fn no_more_memory_is_kept_than_there_are_turns() {
        let hasher = hasher();
        let six = (0..6).map(|_| hasher.hash(password()));
        for hash in futures_util::future::join_all(six).await {
            hash.unwrap();
        }
        let memories = hasher.memories.lock().unwrap();
        assert!((1..=2).contains(&memories.len()), "{}", memories.len());
        let blocks = memories.iter().map(Vec::len);
        assert!(blocks.into_iter().all(|blocks| blocks == 19 * 1024));
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
