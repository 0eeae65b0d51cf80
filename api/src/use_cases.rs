//! Everything the API can do, put together on ports.

use crate::configuration::Settings;
use application::{
    accounts::{
        Authenticate, ChangePassword, CreateApiKey, DeleteApiKey, DeleteUser, EndSession, ListApiKeys,
        ListSessions, LogIn, LogOut, OpenSession, RefreshSession, RegisterUser, SessionTokens, Throttle,
        TokenLifetimes, UpdateProfile,
    },
    images::{DeleteImage, GetImage, ImageIntake, ListImages, ReadImageContent, UploadImage, UploadLimits},
    ocr::{ReadText, TextReader},
    operations::{AnswerOnce, CheckReadiness},
    tasks::{CancelTask, ListTasks, SubmitTask, SubmitUpload, TaskSignals, WatchTask},
};
use chrono::TimeDelta;
use domain::{
    accounts::{AccessTokens, PasswordHasher, PasswordStrength, SecretGenerator},
    clock::Clock,
    ids::IdGenerator,
    images::{BlobStore, ImageInspector},
    ocr::OcrEngine,
    operations::HealthProbe,
    store::Store,
    tasks::{TaskCalls, TaskMessages},
};
use std::{sync::Arc, time::Duration};

/// The outside that every process needs.
pub struct Ports {
    pub store: Arc<dyn Store>,
    pub blobs: Arc<dyn BlobStore>,
    pub inspector: Arc<dyn ImageInspector>,
    pub engine: Arc<dyn OcrEngine>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdGenerator>,
    /// The broker; none where workers are called from inside the process.
    pub broker: Option<Broker>,
}

/// A broker between processes.
#[derive(Clone)]
pub struct Broker {
    pub messages: Arc<dyn TaskMessages>,
    pub calls: Arc<dyn TaskCalls>,
}

/// The outside that decides who may do what.
pub struct SecurityPorts {
    pub access_tokens: Arc<dyn AccessTokens>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub strength: Arc<dyn PasswordStrength>,
    pub secrets: Arc<dyn SecretGenerator>,
}

/// What tells whether the parts work.
pub struct Probes {
    pub database: Arc<dyn HealthProbe>,
    pub storage: Arc<dyn HealthProbe>,
    pub ocr: Arc<dyn HealthProbe>,
    pub queue: Option<Arc<dyn HealthProbe>>,
}

/// What requests and tasks share in one process.
pub struct Shared {
    /// Reads text for both.
    pub reader: Arc<TextReader>,
    /// Signals between them.
    pub signals: Arc<TaskSignals>,
}

impl Shared {
    /// For a process on these ports.
    pub fn new(ports: &Ports, settings: &Settings) -> Self {
        let reader = TextReader::new(
            ports.store.clone(),
            ports.blobs.clone(),
            ports.engine.clone(),
            ports.clock.clone(),
            ports.ids.clone(),
            settings.ocr.default_languages.clone(),
        );
        Self {
            reader: Arc::new(reader),
            signals: Arc::default(),
        }
    }
}

/// The use cases behind the operations, made once at start.
pub struct UseCases {
    pub register_user: RegisterUser,
    pub log_in: LogIn,
    pub refresh_session: RefreshSession,
    pub log_out: LogOut,
    pub list_sessions: ListSessions,
    pub end_session: EndSession,
    pub change_password: ChangePassword,
    pub create_api_key: CreateApiKey,
    pub list_api_keys: ListApiKeys,
    pub delete_api_key: DeleteApiKey,
    pub authenticate: Authenticate,
    pub update_profile: UpdateProfile,
    pub delete_user: DeleteUser,
    pub upload_image: UploadImage,
    pub list_images: ListImages,
    pub get_image: GetImage,
    pub read_image_content: ReadImageContent,
    pub delete_image: DeleteImage,
    pub read_text: ReadText,
    pub submit_task: SubmitTask,
    pub submit_upload: SubmitUpload,
    pub watch_task: WatchTask,
    pub list_tasks: ListTasks,
    pub cancel_task: CancelTask,
    pub answer_once: AnswerOnce,
    pub check_readiness: CheckReadiness,
    /// Whose public keys `/.well-known/jwks.json` shows.
    pub access_tokens: Arc<dyn AccessTokens>,
}

impl UseCases {
    /// Every use case on the ports.
    #[expect(
        clippy::too_many_lines,
        reason = "one entry for each use case: in parts the list would be no shorter"
    )]
    pub fn new(
        ports: &Ports,
        security: SecurityPorts,
        probes: Probes,
        shared: &Shared,
        settings: &Settings,
    ) -> Self {
        let store = || ports.store.clone();
        let clock = || ports.clock.clone();
        let ids = || ports.ids.clone();
        let (reader, signals) = (|| shared.reader.clone(), || shared.signals.clone());
        let in_flight_limit = settings.tasks_in_flight;
        let tokens = Arc::new(SessionTokens {
            access_tokens: security.access_tokens.clone(),
            secrets: security.secrets.clone(),
            clock: clock(),
            ids: ids(),
            lifetimes: lifetimes(settings),
        });
        let throttle = Arc::new(Throttle {
            store: store(),
            clock: clock(),
            limits: settings.throttles,
        });
        let open_session = Arc::new(OpenSession {
            store: store(),
            tokens: tokens.clone(),
        });
        let intake = Arc::new(intake(ports, settings));
        Self {
            register_user: RegisterUser {
                store: store(),
                hasher: security.hasher.clone(),
                strength: security.strength.clone(),
                throttle: throttle.clone(),
                clock: clock(),
                ids: ids(),
            },
            log_in: LogIn {
                store: store(),
                hasher: security.hasher.clone(),
                throttle,
                open_session,
            },
            refresh_session: RefreshSession {
                store: store(),
                tokens,
                clock: clock(),
            },
            log_out: LogOut {
                store: store(),
                clock: clock(),
            },
            list_sessions: ListSessions {
                store: store(),
                clock: clock(),
            },
            end_session: EndSession { store: store() },
            change_password: ChangePassword {
                store: store(),
                hasher: security.hasher,
                strength: security.strength,
                clock: clock(),
            },
            create_api_key: CreateApiKey {
                store: store(),
                secrets: security.secrets,
                clock: clock(),
                ids: ids(),
            },
            list_api_keys: ListApiKeys { store: store() },
            delete_api_key: DeleteApiKey { store: store() },
            authenticate: Authenticate {
                store: store(),
                access_tokens: security.access_tokens.clone(),
                clock: clock(),
            },
            update_profile: UpdateProfile {
                store: store(),
                clock: clock(),
            },
            delete_user: DeleteUser {
                store: store(),
                clock: clock(),
            },
            upload_image: UploadImage {
                intake: intake.clone(),
            },
            list_images: ListImages { store: store() },
            get_image: GetImage { store: store() },
            read_image_content: ReadImageContent {
                store: store(),
                blobs: ports.blobs.clone(),
            },
            delete_image: DeleteImage {
                store: store(),
                clock: clock(),
            },
            read_text: ReadText {
                store: store(),
                reader: reader(),
            },
            submit_task: SubmitTask {
                store: store(),
                reader: reader(),
                clock: clock(),
                ids: ids(),
                signals: signals(),
                in_flight_limit,
            },
            submit_upload: SubmitUpload {
                intake,
                reader: reader(),
                clock: clock(),
                ids: ids(),
                signals: signals(),
                in_flight_limit,
            },
            watch_task: WatchTask {
                store: store(),
                signals: signals(),
            },
            list_tasks: ListTasks { store: store() },
            cancel_task: CancelTask {
                store: store(),
                clock: clock(),
                signals: signals(),
            },
            answer_once: AnswerOnce {
                store: store(),
                clock: clock(),
                ids: ids(),
            },
            check_readiness: CheckReadiness {
                database: probes.database,
                storage: probes.storage,
                ocr: probes.ocr,
                queue: probes.queue,
            },
            access_tokens: security.access_tokens,
        }
    }
}

fn intake(ports: &Ports, settings: &Settings) -> ImageIntake {
    ImageIntake {
        store: ports.store.clone(),
        blobs: ports.blobs.clone(),
        inspector: ports.inspector.clone(),
        clock: ports.clock.clone(),
        ids: ports.ids.clone(),
        limits: UploadLimits {
            max_bytes: settings.http.max_upload_bytes,
            quota: settings.quota,
        },
    }
}

fn lifetimes(settings: &Settings) -> TokenLifetimes {
    TokenLifetimes {
        access: span(settings.auth.access_token_ttl),
        refresh: span(settings.auth.refresh_token_ttl),
    }
}

/// A configured time as a span; one too long to be counted is the longest.
fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
