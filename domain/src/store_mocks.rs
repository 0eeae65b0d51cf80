//! Stores made of mocks.

pub use crate::memory_store::{ManualClock, MemoryStore, SequentialIds};

use super::{Reader, Store, StoreError, Transaction};
use crate::{
    accounts::{
        ApiKey, ApiKeyReader, ApiKeyRepository, CodePurpose, CodeRepository, Email, EventReader,
        EventRepository, Identity, IdentityReader, IdentityRepository, IssuedCode, LinkedIdentity, Network,
        OutgoingMail, OutgoingMailReader, OutgoingMailRepository, PresentedToken, RateLimitKey,
        RateLimitReader, RateLimitRepository, RateLimitWindow, SecurityEvent, Session, SessionReader,
        SessionRepository, TokenDigest, User, UserReader, UserRepository, UserSearch, Username,
    },
    clock::Timestamp,
    faces::{EnrolledFace, FaceReader, FaceRepository, SealedEmbedding},
    ids::{ApiKeyId, FaceId, ImageId, PredictionId, SessionId, TaskId, UserId},
    images::{
        BlobDeletionReader, BlobDeletionRepository, BlobKey, Filename, Image, ImageReader, ImageRepository,
        StorageQuota,
    },
    ocr::{LanguageSet, Text, TextReader, TextRepository},
    operations::{IdempotencyKey, IdempotencyRepository, KeyState, StoredResponse},
    page::{Page, PageRequest},
    predictions::{
        ClockSpan, DayTally, Feedback, HistoryPage, HistoryQuery, OutcomeCount, Prediction, PredictionReader,
        PredictionRepository, QuarterHour, Scope,
    },
    tasks::{
        Cancellation, Claim, Lease, Task, TaskFailure, TaskOutcome, TaskReader, TaskRepository, TaskStatus,
    },
};
use async_trait::async_trait;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};
use uuid::Uuid;

mockall::mock! {
    /// Expectations on a [`UserRepository`].
    pub UserRepository {}
    #[async_trait]
    impl UserReader for UserRepository {
        async fn find_by_username(&self, username: &Username) -> Result<Option<User>, StoreError>;
        async fn find_by_email(&self, email: &Email) -> Result<Option<User>, StoreError>;
        async fn list(&self, matching: Option<UserSearch>, page: PageRequest) -> Result<Page<User>, StoreError>;
    }
    #[async_trait]
    impl UserRepository for UserRepository {
        async fn lock(&self, id: UserId) -> Result<Option<User>, StoreError>;
        async fn insert(&self, user: &User) -> Result<(), StoreError>;
        async fn update(&self, user: &User) -> Result<(), StoreError>;
        async fn delete(&self, id: UserId) -> Result<(), StoreError>;
    }
}

mockall::mock! {
    /// Expectations on a [`SessionRepository`].
    pub SessionRepository {}
    #[async_trait]
    impl SessionReader for SessionRepository {
        async fn find_user(&self, id: SessionId, now: Timestamp) -> Result<Option<User>, StoreError>;
        async fn list(&self, user: UserId, now: Timestamp, page: PageRequest) -> Result<Page<Session>, StoreError>;
    }
    #[async_trait]
    impl SessionRepository for SessionRepository {
        async fn insert(&self, session: &Session) -> Result<(), StoreError>;
        async fn lock_presented(&self, token: &TokenDigest, now: Timestamp) -> Result<Option<PresentedToken>, StoreError>;
        async fn renew(&self, renewed: &Session, spent: &TokenDigest) -> Result<(), StoreError>;
        async fn delete(&self, user: UserId, id: SessionId) -> Result<bool, StoreError>;
        async fn delete_all(&self, user: UserId, except: Option<SessionId>) -> Result<u64, StoreError>;
        async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError>;
    }
}

mockall::mock! {
    /// Expectations on a [`ApiKeyRepository`].
    pub ApiKeyRepository {}
    #[async_trait]
    impl ApiKeyReader for ApiKeyRepository {
        async fn list(&self, user: UserId, page: PageRequest) -> Result<Page<ApiKey>, StoreError>;
        async fn count(&self, user: UserId) -> Result<u64, StoreError>;
        async fn find_user(&self, digest: &TokenDigest, now: Timestamp) -> Result<Option<(ApiKey, User)>, StoreError>;
    }
    #[async_trait]
    impl ApiKeyRepository for ApiKeyRepository {
        async fn insert(&self, key: &ApiKey) -> Result<(), StoreError>;
        async fn touch(&self, id: ApiKeyId, now: Timestamp) -> Result<(), StoreError>;
        async fn delete(&self, user: UserId, id: ApiKeyId) -> Result<bool, StoreError>;
        async fn delete_all(&self, user: UserId) -> Result<u64, StoreError>;
    }
}

mockall::mock! {
    /// Expectations on a [`IdentityRepository`].
    pub IdentityRepository {}
    #[async_trait]
    impl IdentityReader for IdentityRepository {
        async fn find_user(&self, identity: &Identity) -> Result<Option<(LinkedIdentity, User)>, StoreError>;
    }
    #[async_trait]
    impl IdentityRepository for IdentityRepository {
        async fn insert(&self, linked: &LinkedIdentity) -> Result<(), StoreError>;
        async fn touch(&self, identity: &Identity, now: Timestamp) -> Result<(), StoreError>;
        async fn delete_all(&self, user: UserId) -> Result<u64, StoreError>;
    }
}

mockall::mock! {
    /// Expectations on a [`RateLimitRepository`].
    pub RateLimitRepository {}
    #[async_trait]
    impl RateLimitReader for RateLimitRepository {
        async fn find_count(&self, counter: &RateLimitKey, now: Timestamp) -> Result<Option<RateLimitWindow>, StoreError>;
        async fn has_logged_in(&self, user: UserId, network: Network) -> Result<bool, StoreError>;
    }
    #[async_trait]
    impl RateLimitRepository for RateLimitRepository {
        async fn count(&self, counter: &RateLimitKey, now: Timestamp, until: Timestamp) -> Result<RateLimitWindow, StoreError>;
        async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError>;
        async fn record_login(&self, user: UserId, network: Network, now: Timestamp) -> Result<(), StoreError>;
        async fn delete_logins_before(&self, moment: Timestamp) -> Result<u64, StoreError>;
    }
}

mockall::mock! {
    /// Expectations on a [`CodeRepository`].
    pub CodeRepository {}
    #[async_trait]
    impl CodeRepository for CodeRepository {
        async fn put(&self, code: &IssuedCode) -> Result<(), StoreError>;
        async fn take_attempt(&self, user: UserId, purpose: CodePurpose, now: Timestamp) -> Result<Option<IssuedCode>, StoreError>;
        async fn return_attempt(&self, code: &IssuedCode) -> Result<(), StoreError>;
        async fn spend(&self, code: &IssuedCode) -> Result<bool, StoreError>;
        async fn revoke(&self, user: UserId, purpose: CodePurpose) -> Result<(), StoreError>;
        async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError>;
    }
}

mockall::mock! {
    /// Expectations on a [`OutgoingMailRepository`].
    pub OutgoingMailRepository {}
    #[async_trait]
    impl OutgoingMailReader for OutgoingMailRepository {
        async fn any_due(&self, now: Timestamp) -> Result<bool, StoreError>;
        async fn is_superseded(&self, mail: &OutgoingMail) -> Result<bool, StoreError>;
    }
    #[async_trait]
    impl OutgoingMailRepository for OutgoingMailRepository {
        async fn insert(&self, mail: &OutgoingMail) -> Result<(), StoreError>;
        async fn claim(&self, now: Timestamp, until: Timestamp) -> Result<Option<OutgoingMail>, StoreError>;
        async fn postpone(&self, mail: &OutgoingMail, until: Timestamp) -> Result<(), StoreError>;
        async fn remove(&self, mail: &OutgoingMail) -> Result<(), StoreError>;
    }
}

mockall::mock! {
    /// Expectations on a [`EventRepository`].
    pub EventRepository {}
    #[async_trait]
    impl EventReader for EventRepository {
        async fn list(&self, user: UserId, page: PageRequest) -> Result<Page<SecurityEvent>, StoreError>;
    }
    #[async_trait]
    impl EventRepository for EventRepository {
        async fn record(&self, event: &SecurityEvent) -> Result<(), StoreError>;
        async fn delete_all(&self, user: UserId) -> Result<(), StoreError>;
        async fn delete_expired(&self, now: Timestamp) -> Result<u64, StoreError>;
    }
}

mockall::mock! {
    /// Expectations on a [`ImageRepository`].
    pub ImageRepository {}
    #[async_trait]
    impl ImageReader for ImageRepository {
        async fn find(&self, owner: UserId, id: ImageId) -> Result<Option<Image>, StoreError>;
        async fn list(&self, owner: UserId, page: PageRequest) -> Result<Page<Image>, StoreError>;
        async fn fits_quota(&self, owner: UserId, size_bytes: u64, quota: StorageQuota) -> Result<bool, StoreError>;
        async fn existing(&self, ids: &[ImageId]) -> Result<Vec<ImageId>, StoreError>;
        async fn ids_after(&self, after: Option<ImageId>, limit: u64) -> Result<Vec<ImageId>, StoreError>;
    }
    #[async_trait]
    impl ImageRepository for ImageRepository {
        async fn insert(&self, image: &Image, quota: StorageQuota) -> Result<bool, StoreError>;
        async fn delete(&self, owner: UserId, id: ImageId) -> Result<bool, StoreError>;
    }
}

mockall::mock! {
    /// Expectations on a [`BlobDeletionRepository`].
    pub BlobDeletionRepository {}
    #[async_trait]
    impl BlobDeletionReader for BlobDeletionRepository {
        async fn due(&self, now: Timestamp, limit: u64) -> Result<Vec<BlobKey>, StoreError>;
        async fn scheduled(&self, keys: &[BlobKey]) -> Result<Vec<BlobKey>, StoreError>;
    }
    #[async_trait]
    impl BlobDeletionRepository for BlobDeletionRepository {
        async fn schedule(&self, key: &BlobKey, due_at: Timestamp) -> Result<(), StoreError>;
        async fn schedule_owned_by(&self, owner: UserId, due_at: Timestamp) -> Result<(), StoreError>;
        async fn cancel(&self, key: &BlobKey, now: Timestamp) -> Result<bool, StoreError>;
        async fn remove(&self, key: &BlobKey) -> Result<(), StoreError>;
    }
}

mockall::mock! {
    /// Expectations on a [`TextRepository`].
    pub TextRepository {}
    #[async_trait]
    impl TextReader for TextRepository {
        async fn find(&self, image: ImageId, languages: &LanguageSet) -> Result<Option<Text>, StoreError>;
    }
    #[async_trait]
    impl TextRepository for TextRepository {
        async fn insert(&self, text: &Text) -> Result<(), StoreError>;
    }
}

mockall::mock! {
    /// Expectations on a [`TaskRepository`].
    pub TaskRepository {}
    #[async_trait]
    impl TaskReader for TaskRepository {
        async fn find(&self, owner: UserId, id: TaskId) -> Result<Option<Task>, StoreError>;
        async fn list(&self, owner: UserId, status: Option<TaskStatus>, page: PageRequest) -> Result<Page<Task>, StoreError>;
        async fn any_ready(&self) -> Result<bool, StoreError>;
        async fn any_due(&self, now: Timestamp) -> Result<bool, StoreError>;
        async fn unpublished(&self, limit: u64) -> Result<Vec<TaskId>, StoreError>;
    }
    #[async_trait]
    impl TaskRepository for TaskRepository {
        async fn insert(&self, task: &Task, in_flight_limit: Option<u64>) -> Result<bool, StoreError>;
        async fn cancel(&self, owner: UserId, id: TaskId, now: Timestamp) -> Result<Cancellation, StoreError>;
        async fn cancel_of_image(&self, image: ImageId, now: Timestamp) -> Result<(), StoreError>;
        async fn claim(&self, now: Timestamp, until: Timestamp) -> Result<Option<Claim>, StoreError>;
        async fn renew(&self, lease: &Lease, until: Timestamp, pages_done: u32) -> Result<bool, StoreError>;
        async fn finish(&self, lease: &Lease, outcome: &TaskOutcome, now: Timestamp) -> Result<bool, StoreError>;
        async fn postpone(&self, lease: &Lease, failure: &TaskFailure, until: Timestamp) -> Result<bool, StoreError>;
        async fn release(&self, lease: &Lease, now: Timestamp) -> Result<bool, StoreError>;
        async fn make_due_ready(&self, now: Timestamp, limit: u64) -> Result<u64, StoreError>;
        async fn lock_expired_leases(&self, now: Timestamp, limit: u64) -> Result<Vec<Claim>, StoreError>;
        async fn mark_published(&self, tasks: &[TaskId]) -> Result<(), StoreError>;
    }
}

mockall::mock! {
    /// Expectations on a [`PredictionRepository`].
    pub PredictionRepository {}
    #[async_trait]
    impl PredictionReader for PredictionRepository {
        async fn find(&self, owner: UserId, id: PredictionId) -> Result<Option<Prediction>, StoreError>;
        async fn history(&self, owner: UserId, query: &HistoryQuery) -> Result<HistoryPage, StoreError>;
        async fn filenames(&self, owner: UserId, images: &[ImageId]) -> Result<Vec<(ImageId, Filename)>, StoreError>;
        async fn outcomes(&self, scope: Scope, since: Option<QuarterHour>) -> Result<Vec<OutcomeCount>, StoreError>;
        async fn days(&self, scope: Scope, spans: &[ClockSpan]) -> Result<Vec<DayTally>, StoreError>;
        async fn first_quarter(&self, scope: Scope) -> Result<Option<QuarterHour>, StoreError>;
    }
    #[async_trait]
    impl PredictionRepository for PredictionRepository {
        async fn insert(&self, prediction: &Prediction) -> Result<(), StoreError>;
        async fn add_feedback(&self, owner: UserId, id: PredictionId, feedback: &Feedback) -> Result<bool, StoreError>;
        async fn delete(&self, owner: UserId, id: PredictionId) -> Result<bool, StoreError>;
        async fn delete_of_image(&self, owner: UserId, image: ImageId) -> Result<(), StoreError>;
        async fn delete_of_owner(&self, owner: UserId) -> Result<(), StoreError>;
    }
}

mockall::mock! {
    /// Expectations on a [`FaceRepository`].
    pub FaceRepository {}
    #[async_trait]
    impl FaceReader for FaceRepository {
        async fn find(&self, user: UserId) -> Result<Option<EnrolledFace>, StoreError>;
        async fn list(&self, after: Option<FaceId>, limit: u64) -> Result<Vec<EnrolledFace>, StoreError>;
        async fn count(&self) -> Result<u64, StoreError>;
        async fn list_not_sealed_with(&self, key_id: &str, after: Option<FaceId>, limit: u64) -> Result<Vec<EnrolledFace>, StoreError>;
    }
    #[async_trait]
    impl FaceRepository for FaceRepository {
        async fn put(&self, face: &EnrolledFace) -> Result<(), StoreError>;
        async fn delete(&self, user: UserId) -> Result<bool, StoreError>;
        async fn reseal(&self, id: FaceId, embedding: &SealedEmbedding) -> Result<(), StoreError>;
    }
}

mockall::mock! {
    /// Expectations on a [`IdempotencyRepository`].
    pub IdempotencyRepository {}
    #[async_trait]
    impl IdempotencyRepository for IdempotencyRepository {
        async fn acquire(&self, key: &IdempotencyKey, attempt: Uuid, now: Timestamp, until: Timestamp) -> Result<KeyState, StoreError>;
        async fn store_response(&self, key: &IdempotencyKey, attempt: Uuid, answer: &StoredResponse) -> Result<bool, StoreError>;
        async fn release(&self, key: &IdempotencyKey, attempt: Uuid) -> Result<(), StoreError>;
        async fn delete_acquired_before(&self, moment: Timestamp) -> Result<u64, StoreError>;
    }
}

/// One mock of each repository. A call that was not expected fails the test.
#[derive(Default)]
pub struct MockRepositories {
    /// Users.
    pub users: MockUserRepository,
    /// Their logins.
    pub sessions: MockSessionRepository,
    /// API keys.
    pub api_keys: MockApiKeyRepository,
    /// What strangers tried.
    pub rate_limits: MockRateLimitRepository,
    /// Codes.
    pub codes: MockCodeRepository,
    /// Mails to send.
    pub outgoing_mails: MockOutgoingMailRepository,
    /// What happened to accounts.
    pub events: MockEventRepository,
    /// Who users are to others.
    pub identities: MockIdentityRepository,
    /// Faces.
    pub faces: MockFaceRepository,
    /// Images.
    pub images: MockImageRepository,
    /// Blobs that are to go.
    pub blob_deletions: MockBlobDeletionRepository,
    /// Texts.
    pub texts: MockTextRepository,
    /// Tasks.
    pub tasks: MockTaskRepository,
    /// Predictions.
    pub predictions: MockPredictionRepository,
    /// Kept answers.
    pub idempotency_keys: MockIdempotencyRepository,
}

macro_rules! delegate_repositories {
    (
        readable { $($(#[$doc:meta])* $name:ident: $reader:path, $repository:path;)* }
        transactional { $($(#[$only_doc:meta])* $only:ident: $only_repository:path;)* }
    ) => {
        impl Reader for MockRepositories {
            $(fn $name(&self) -> &dyn $reader {
                &self.$name
            })*
        }

        #[async_trait]
        impl Transaction for MockTransaction {
            $(fn $name(&self) -> &dyn $repository {
                &self.repositories.$name
            })*
            $(fn $only(&self) -> &dyn $only_repository {
                &self.repositories.$only
            })*

            async fn commit(self: Box<Self>) -> Result<(), StoreError> {
                if self.fails {
                    return Err(outage());
                }
                self.commits.fetch_add(1, Ordering::SeqCst);
                Ok(())
            }
        }
    };
}

crate::for_each_repository!(delegate_repositories);

struct MockTransaction {
    repositories: MockRepositories,
    commits: Arc<AtomicUsize>,
    fails: bool,
}

fn outage() -> StoreError {
    StoreError::Unavailable("down".into())
}

/// What meets the next who begins a unit of work.
enum Prepared {
    Unit(Box<MockTransaction>),
    Outage,
    Silence,
}

/// A store with mocks for reads, that hands out prepared units of work in order.
#[derive(Default)]
pub struct MockStore {
    reads: MockRepositories,
    works: Mutex<VecDeque<Prepared>>,
    commits: Arc<AtomicUsize>,
}

impl MockStore {
    /// A store whose reads meet these mocks.
    pub fn reading(reads: MockRepositories) -> Self {
        Self {
            reads,
            ..Self::default()
        }
    }

    /// Adds the mocks that the next unit of work meets.
    #[must_use]
    pub fn then_work(self, work: MockRepositories) -> Self {
        self.then_unit(work, false)
    }

    /// Adds the mocks that the next unit of work meets, whose commit then fails.
    #[must_use]
    pub fn then_failing_commit(self, work: MockRepositories) -> Self {
        self.then_unit(work, true)
    }

    /// The next unit of work cannot be begun.
    #[must_use]
    pub fn then_outage(self) -> Self {
        self.then(Prepared::Outage)
    }

    /// Who begins the next unit of work gets no answer.
    #[must_use]
    pub fn then_silence(self) -> Self {
        self.then(Prepared::Silence)
    }

    fn then_unit(self, repositories: MockRepositories, fails: bool) -> Self {
        let commits = self.commits.clone();
        self.then(Prepared::Unit(Box::new(MockTransaction {
            repositories,
            commits,
            fails,
        })))
    }

    fn then(self, prepared: Prepared) -> Self {
        self.prepared().push_back(prepared);
        self
    }

    fn prepared(&self) -> MutexGuard<'_, VecDeque<Prepared>> {
        self.works.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many of the prepared units of work were not begun yet.
    pub fn left(&self) -> usize {
        self.prepared().len()
    }

    /// How many units of work were committed.
    pub fn commits(&self) -> usize {
        self.commits.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Store for MockStore {
    fn read(&self) -> &dyn Reader {
        &self.reads
    }

    async fn back_off(&self, _attempt: u32) {}

    async fn begin(&self) -> Result<Box<dyn Transaction>, StoreError> {
        let prepared = self.prepared().pop_front();
        match prepared.expect("a unit of work was begun that the test did not prepare") {
            Prepared::Unit(unit) => Ok(unit),
            Prepared::Outage => Err(outage()),
            Prepared::Silence => std::future::pending().await,
        }
    }
}
