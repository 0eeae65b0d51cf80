//! An in-memory store with real transactions, for unit tests.

mod accounts;
mod faces;
mod images;
mod operations;
mod predictions;
mod tasks;

use crate::{
    accounts::{
        ApiKey, IssuedCode, LinkedIdentity, OutgoingMail, RateLimitWindow, SecurityEvent, Session,
        TokenDigest, User,
    },
    clock::{Clock, Timestamp},
    faces::EnrolledFace,
    ids::{IdGenerator, UserId},
    images::Image,
    ocr::Text,
    page::{Page, PageRequest},
    predictions::Prediction,
    store::{Reader, Store, StoreError, Transaction},
};
use async_trait::async_trait;
use futures_util::lock::{Mutex as AsyncMutex, OwnedMutexGuard};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// Every row of the store.
#[derive(Clone, Default)]
struct State {
    users: BTreeMap<Uuid, User>,
    sessions: BTreeMap<Uuid, Session>,
    /// The spent refresh tokens with their session and the time they were spent.
    spent_tokens: Vec<(TokenDigest, Uuid, Timestamp)>,
    api_keys: BTreeMap<Uuid, ApiKey>,
    identities: Vec<LinkedIdentity>,
    rate_limits: BTreeMap<[u8; 32], RateLimitWindow>,
    /// The last login of a user from a network.
    login_networks: BTreeMap<(UserId, String), Timestamp>,
    codes: Vec<IssuedCode>,
    /// Mails with the time from which they are due.
    outgoing_mails: BTreeMap<Uuid, (OutgoingMail, Timestamp)>,
    events: BTreeMap<Uuid, SecurityEvent>,
    /// Faces by their user.
    faces: BTreeMap<UserId, EnrolledFace>,
    images: BTreeMap<Uuid, Image>,
    blob_deletions: BTreeMap<String, Timestamp>,
    texts: Vec<Text>,
    tasks: BTreeMap<Uuid, tasks::TaskRow>,
    predictions: BTreeMap<Uuid, Prediction>,
    idempotency_keys: Vec<operations::KeyRow>,
}

impl State {
    /// Returns [`StoreError::OwnerDeleted`] if the user does not exist.
    fn require_user(&self, id: UserId) -> Result<(), StoreError> {
        self.users
            .contains_key(&id.0)
            .then_some(())
            .ok_or(StoreError::OwnerDeleted)
    }
}

/// Every repository, on one state: the committed one, or the draft of a transaction.
#[derive(Default)]
struct Repositories {
    state: Mutex<State>,
}

impl Repositories {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns a page, newest first, of the items that match.
fn page_of<'a, T: Clone + 'a>(
    items: impl DoubleEndedIterator<Item = (&'a Uuid, &'a T)>,
    page: PageRequest,
    matches: impl Fn(&T) -> bool,
    id: impl Fn(&T) -> Uuid,
) -> Page<T> {
    let older = items
        .rev()
        .filter(|(id, _)| page.after.is_none_or(|after| **id < after));
    let matching = older.map(|(_, item)| item).filter(|item| matches(item));
    let limit = usize::try_from(page.limit.get()).unwrap_or(usize::MAX);
    Page::from_lookahead(matching.take(limit + 1).cloned().collect(), page.limit, id)
}

/// A fault of the next transaction.
enum Fault {
    BeginFails,
    BeginHangs,
    CommitFails,
    CommitConflicts,
}

/// An in-memory [`Store`]. Transactions run one after the other; a commit replaces the state, and dropping a transaction
/// discards its changes. Clones share one state.
#[derive(Clone, Default)]
pub struct MemoryStore {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    committed: Repositories,
    turn: Arc<AsyncMutex<()>>,
    faults: Mutex<VecDeque<Fault>>,
    commits: Mutex<usize>,
}

impl MemoryStore {
    /// Makes the next transaction fail to begin.
    pub fn fail_next_begin(&self) {
        self.faults().push_back(Fault::BeginFails);
    }

    /// Makes the next transaction wait for ever before it begins.
    pub fn hang_next_begin(&self) {
        self.faults().push_back(Fault::BeginHangs);
    }

    /// Makes the commit of the next transaction fail, so that nothing of it is written.
    pub fn fail_next_commit(&self) {
        self.faults().push_back(Fault::CommitFails);
    }

    /// Makes the commits of the next `count` transactions fail with a serialization failure.
    pub fn conflict_next_commits(&self, count: usize) {
        let conflicts = (0..count).map(|_| Fault::CommitConflicts);
        self.faults().extend(conflicts);
    }

    /// Returns how many transactions were committed.
    pub fn commits(&self) -> usize {
        *self.shared.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn faults(&self) -> MutexGuard<'_, VecDeque<Fault>> {
        self.shared.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next fault if it is one of these.
    fn take_fault(&self, is_one: impl Fn(&Fault) -> bool) -> Option<Fault> {
        let mut faults = self.faults();
        if faults.front().is_some_and(is_one) {
            faults.pop_front()
        } else {
            None
        }
    }
}

fn outage() -> StoreError {
    StoreError::Unavailable("the store is down".into())
}

#[async_trait]
impl Store for MemoryStore {
    fn read(&self) -> &dyn Reader {
        &self.shared.committed
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        match self.take_fault(|fault| matches!(fault, Fault::BeginFails | Fault::BeginHangs)) {
            Some(Fault::BeginHangs) => std::future::pending().await,
            Some(_) => return Err(outage()),
            None => {}
        }
        let turn = self.shared.turn.clone().lock_owned().await;
        let draft = Mutex::new(self.shared.committed.state().clone());
        Ok(Box::new(MemoryTransaction {
            store: self.clone(),
            draft: Repositories { state: draft },
            _turn: turn,
        }))
    }

    async fn back_off(&self, _attempt: u32) {}
}

struct MemoryTransaction {
    store: MemoryStore,
    draft: Repositories,
    _turn: OwnedMutexGuard<()>,
}

macro_rules! provide_repositories {
    (
        readable { $($(#[$doc:meta])* $name:ident: $reader:path, $repository:path;)* }
        transactional { $($(#[$only_doc:meta])* $only:ident: $only_repository:path;)* }
    ) => {
        impl Reader for Repositories {
            $(fn $name(&self) -> &dyn $reader {
                self
            })*
        }

        #[async_trait]
        impl Transaction for MemoryTransaction {
            $(fn $name(&self) -> &dyn $repository {
                &self.draft
            })*
            $(fn $only(&self) -> &dyn $only_repository {
                &self.draft
            })*

            async fn commit(self: Box<Self>) -> Result<(), StoreError> {
                let faulty = |fault: &Fault| matches!(fault, Fault::CommitFails | Fault::CommitConflicts);
                match self.store.take_fault(faulty) {
                    Some(Fault::CommitConflicts) => {
                        return Err(StoreError::SerializationFailure("a deadlock".into()));
                    }
                    Some(_) => return Err(outage()),
                    None => {}
                }
                *self.store.shared.committed.state() = self.draft.state().clone();
                *self.store.shared.commits.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                Ok(())
            }
        }
    };
}

crate::for_each_repository!(provide_repositories);

/// A clock that stands still until it is set.
#[derive(Debug)]
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// Creates a clock that shows `now`.
    pub fn new(now: Timestamp) -> Self {
        Self(Mutex::new(now))
    }

    /// Sets the clock forward, or back by a negative span.
    pub fn advance(&self, span: chrono::TimeDelta) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = *now + span;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ids that count up from 1 in their last bits.
#[derive(Debug, Default)]
pub struct SequentialIds(Mutex<u128>);

impl IdGenerator for SequentialIds {
    fn next(&self) -> Uuid {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last += 1;
        // Above the ids that tests choose themselves, which are small numbers.
        Uuid::from_u128((1 << 64) + *last)
    }
}
