//! Everything the API can do, put together on ports.

use crate::{
    configuration::Settings,
    faces::{self, FaceUseCases},
    ports::{FacePorts, Ports, Probes, SecurityPorts},
    predictions::PredictionUseCases,
};
use application::{
    accounts::{
        Authenticate, ChangePassword, CheckCode, CreateApiKey, DeleteApiKey, DeleteOtherUser, DeleteUser,
        EndSession, EventLog, FailedLogins, ListApiKeys, ListEvents, ListSessions, ListUsers, LogIn,
        LogInWithIdentity, LogOut, MailSignals, OpenSession, RefreshSession, RegisterUser, RequestCode,
        ResetPassword, SessionTokens, SetUserDisabled, Throttle, TokenLifetimes, UpdateProfile, VerifyEmail,
    },
    images::{DeleteImage, GetImage, ImageIntake, ListImages, ReadImageContent, UploadImage, UploadLimits},
    ocr::{ReadText, TextReader},
    operations::{AnswerOnce, CheckReadiness},
    predictions::ImageClassifier,
    tasks::{CancelTask, ListTasks, SubmitTask, SubmitUpload, TaskSignals, WatchTask},
};
use chrono::TimeDelta;
use domain::accounts::AccessTokens;
use std::{sync::Arc, time::Duration};

/// What requests and the background share in one process.
pub struct Shared {
    /// Reads text for both.
    pub reader: Arc<TextReader>,
    /// Classifies images for both.
    pub classifier: Arc<ImageClassifier>,
    /// Signals between them.
    pub signals: Arc<TaskSignals>,
    /// Signals to those who send mails.
    pub mails: Arc<MailSignals>,
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
            settings.ocr.default_languages.0.clone(),
        );
        let classifier = ImageClassifier {
            classifiers: ports.classifiers.clone(),
            clock: ports.clock.clone(),
        };
        Self {
            reader: Arc::new(reader),
            classifier: Arc::new(classifier),
            signals: Arc::default(),
            mails: Arc::default(),
        }
    }
}

/// The use cases behind the operations, made once at start.
pub struct UseCases {
    pub register_user: RegisterUser,
    pub log_in: LogIn,
    pub log_in_with_identity: LogInWithIdentity,
    pub refresh_session: RefreshSession,
    pub log_out: LogOut,
    pub list_sessions: ListSessions,
    pub end_session: EndSession,
    pub change_password: ChangePassword,
    pub verify_email: VerifyEmail,
    pub request_code: RequestCode,
    pub reset_password: ResetPassword,
    pub create_api_key: CreateApiKey,
    pub list_api_keys: ListApiKeys,
    pub delete_api_key: DeleteApiKey,
    pub authenticate: Authenticate,
    pub update_profile: UpdateProfile,
    pub delete_user: Arc<DeleteUser>,
    pub list_events: ListEvents,
    pub list_users: ListUsers,
    pub set_user_disabled: SetUserDisabled,
    pub delete_other_user: DeleteOtherUser,
    pub faces: FaceUseCases,
    pub upload_image: UploadImage,
    pub list_images: ListImages,
    pub get_image: GetImage,
    pub read_image_content: ReadImageContent,
    pub delete_image: DeleteImage,
    pub read_text: ReadText,
    pub predictions: PredictionUseCases,
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
        faces: &FacePorts,
        probes: Probes,
        shared: &Shared,
        settings: &Settings,
    ) -> Self {
        let store = || ports.store.clone();
        let clock = || ports.clock.clone();
        let ids = || ports.ids.clone();
        let (reader, signals) = (|| shared.reader.clone(), || shared.signals.clone());
        let in_flight_limit = settings.quotas.tasks_in_flight_per_user.get();
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
            limits: settings.rate_limits.limits(),
        });
        let log = Arc::new(EventLog {
            clock: clock(),
            ids: ids(),
        });
        let events = || log.clone();
        let open_session = Arc::new(OpenSession {
            store: store(),
            tokens: tokens.clone(),
            require_verified_email: settings.auth.require_verified_email,
            events: events(),
        });
        let delete_user = Arc::new(DeleteUser {
            store: store(),
            clock: clock(),
            events: events(),
        });
        let failures = Arc::new(FailedLogins {
            store: store(),
            throttle: throttle.clone(),
            events: events(),
        });
        let accounts = faces::Accounts {
            throttle: throttle.clone(),
            failures: failures.clone(),
            open_session: open_session.clone(),
            events: events(),
            mails: shared.mails.clone(),
        };
        let check_code = Arc::new(CheckCode {
            store: store(),
            hasher: security.hasher.clone(),
            clock: clock(),
            throttle: throttle.clone(),
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
                mails: shared.mails.clone(),
                events: events(),
            },
            log_in: LogIn {
                store: store(),
                hasher: security.hasher.clone(),
                throttle: throttle.clone(),
                open_session: open_session.clone(),
                failures,
            },
            log_in_with_identity: LogInWithIdentity {
                store: store(),
                verifier: security.id_tokens,
                throttle: throttle.clone(),
                open_session,
                events: events(),
                clock: clock(),
                ids: ids(),
            },
            refresh_session: RefreshSession {
                store: store(),
                tokens,
                clock: clock(),
                events: events(),
            },
            log_out: LogOut {
                store: store(),
                clock: clock(),
                events: events(),
            },
            list_sessions: ListSessions {
                store: store(),
                clock: clock(),
            },
            end_session: EndSession {
                store: store(),
                events: events(),
            },
            change_password: ChangePassword {
                store: store(),
                hasher: security.hasher.clone(),
                strength: security.strength.clone(),
                clock: clock(),
                events: events(),
                throttle: throttle.clone(),
            },
            verify_email: VerifyEmail {
                store: store(),
                check: check_code.clone(),
                events: events(),
            },
            request_code: RequestCode {
                store: store(),
                throttle,
                clock: clock(),
                ids: ids(),
                signals: shared.mails.clone(),
                events: events(),
            },
            reset_password: ResetPassword {
                store: store(),
                check: check_code,
                hasher: security.hasher,
                strength: security.strength,
                clock: clock(),
                events: events(),
            },
            create_api_key: CreateApiKey {
                store: store(),
                secrets: security.secrets,
                clock: clock(),
                ids: ids(),
                events: events(),
            },
            list_api_keys: ListApiKeys { store: store() },
            delete_api_key: DeleteApiKey {
                store: store(),
                events: events(),
            },
            authenticate: Authenticate {
                store: store(),
                access_tokens: security.access_tokens.clone(),
                clock: clock(),
            },
            update_profile: UpdateProfile {
                store: store(),
                clock: clock(),
                ids: ids(),
                mails: shared.mails.clone(),
                events: events(),
            },
            delete_user: delete_user.clone(),
            list_events: ListEvents { store: store() },
            list_users: ListUsers { store: store() },
            set_user_disabled: SetUserDisabled {
                store: store(),
                clock: clock(),
                events: events(),
            },
            delete_other_user: DeleteOtherUser { delete_user },
            faces: FaceUseCases::new(ports, faces, accounts, settings),
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
            predictions: PredictionUseCases::new(ports, shared, intake.clone()),
            submit_task: SubmitTask {
                store: store(),
                reader: reader(),
                classifier: shared.classifier.clone(),
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
                faces: faces.engine.clone(),
                faces_demanded: settings.faces.enabled == Some(true),
                classifiers: ports.classifiers.clone(),
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
            max_bytes: settings.http.max_upload_bytes.0,
            quota: settings.quotas.storage(),
        },
    }
}

fn lifetimes(settings: &Settings) -> TokenLifetimes {
    TokenLifetimes {
        access: span(settings.auth.access_token_ttl.0),
        refresh: span(settings.auth.refresh_token_ttl.0),
    }
}

/// A configured time as a span; one too long to be counted is the longest.
fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
