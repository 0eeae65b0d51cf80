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
        LogInWithIdentity, LogOut, MailSignals, OpenSession, RateLimiter, RefreshSession, RegisterUser,
        RequestCode, ResetPassword, SessionTokens, SetUserDisabled, TokenLifetimes, UpdateProfile,
        VerifyEmail,
    },
    images::{Images, UploadLimits, Uploads},
    operations::{Idempotency, ReadinessCheck},
    predictions::ImageClassifier,
    tasks::{Submissions, TaskSignals, Tasks},
    text::{Recognizer, Texts},
};
use chrono::TimeDelta;
use domain::accounts::AccessTokens;
use std::{sync::Arc, time::Duration};

/// What requests and the background share in one process.
pub struct Shared {
    /// Recognizes text for both.
    pub recognizer: Arc<Recognizer>,
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
        let recognizer = Recognizer::new(
            ports.context(),
            ports.blobs.clone(),
            ports.engine.clone(),
            settings.ocr.default_languages.clone(),
        );
        let classifier = ImageClassifier {
            classifiers: ports.classifiers.clone(),
            clock: ports.clock.clone(),
        };
        Self {
            recognizer: Arc::new(recognizer),
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
    pub uploads: Arc<Uploads>,
    pub images: Images,
    pub texts: Texts,
    pub predictions: PredictionUseCases,
    pub submissions: Submissions,
    pub tasks: Tasks,
    pub idempotency: Idempotency,
    pub readiness: ReadinessCheck,
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
        let tokens = Arc::new(SessionTokens {
            access_tokens: security.access_tokens.clone(),
            secrets: security.secrets.clone(),
            clock: clock(),
            ids: ids(),
            lifetimes: lifetimes(settings),
        });
        let throttle = Arc::new(RateLimiter {
            store: store(),
            clock: clock(),
            limits: settings.throttles,
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
        let uploads = Arc::new(uploads(ports, settings));
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
            uploads: uploads.clone(),
            images: Images::new(ports.context(), ports.blobs.clone()),
            texts: Texts::new(ports.context(), shared.recognizer.clone()),
            predictions: PredictionUseCases::new(ports, shared, uploads.clone()),
            submissions: Submissions {
                context: ports.context(),
                uploads,
                recognizer: shared.recognizer.clone(),
                classifier: shared.classifier.clone(),
                signals: shared.signals.clone(),
                in_flight_limit: settings.tasks_in_flight,
            },
            tasks: Tasks::new(ports.context(), shared.signals.clone()),
            idempotency: Idempotency::new(ports.context()),
            readiness: ReadinessCheck {
                database: probes.database,
                storage: probes.storage,
                ocr: probes.ocr,
                queue: probes.queue,
                faces: faces.engine.clone(),
                faces_required: settings.faces.enabled == Some(true),
                classifiers: ports.classifiers.clone(),
            },
            access_tokens: security.access_tokens,
        }
    }
}

fn uploads(ports: &Ports, settings: &Settings) -> Uploads {
    let limits = UploadLimits {
        max_bytes: settings.http.max_upload_bytes,
        quota: settings.quota,
    };
    Uploads::new(
        ports.context(),
        ports.blobs.clone(),
        ports.inspector.clone(),
        limits,
    )
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
