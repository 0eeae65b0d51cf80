//! The services of the application, created once at start on ports.

use crate::{
    configuration::Settings,
    ports::{FacePorts, Ports, Probes, SecurityPorts},
};
use application::{
    accounts::{
        Administration, ApiKeys, Authentication, Events, IdTokenLogins, Logins, MailSignals, Passwords,
        Profiles, RateLimiter, Recovery, Registrations, SessionTokens, Sessions, TokenLifetimes,
    },
    faces::{Enrolments, FaceGallery, FaceLogins, FaceRegistrations, PhotoIntake},
    images::{Images, UploadLimits, Uploads},
    operations::{Idempotency, ReadinessCheck},
    predictions::{Dashboards, ExplainPrediction, ImageClassifier, PredictImage, PredictionHistory},
    tasks::{Submissions, TaskSignals, Tasks},
    text::{Recognizer, Texts},
};
use chrono::TimeDelta;
use domain::accounts::AccessTokens;
use std::{sync::Arc, time::Duration};

/// The services that requests and workers of one process share.
pub struct Shared {
    pub recognizer: Arc<Recognizer>,
    pub classifier: Arc<ImageClassifier>,
    pub task_signals: Arc<TaskSignals>,
    pub mail_signals: Arc<MailSignals>,
}

impl Shared {
    /// Creates the services on these ports.
    pub fn new(ports: &Ports, settings: &Settings) -> Self {
        let recognizer = Recognizer::new(
            ports.context(),
            ports.blobs.clone(),
            ports.engine.clone(),
            settings.ocr.default_languages.0.clone(),
        );
        let classifier = ImageClassifier {
            classifiers: ports.classifiers.clone(),
            clock: ports.clock.clone(),
        };
        Self {
            recognizer: Arc::new(recognizer),
            classifier: Arc::new(classifier),
            task_signals: Arc::default(),
            mail_signals: Arc::default(),
        }
    }
}

/// The services behind the operations of the API.
pub struct Services {
    pub authentication: Arc<Authentication>,
    pub registrations: Registrations,
    pub logins: Arc<Logins>,
    pub id_token_logins: IdTokenLogins,
    pub sessions: Sessions,
    pub api_keys: ApiKeys,
    pub profiles: Profiles,
    pub recovery: Recovery,
    pub administration: Administration,
    pub events: Events,
    pub face_photos: PhotoIntake,
    pub enrolments: Arc<Enrolments>,
    pub face_logins: FaceLogins,
    pub face_registrations: FaceRegistrations,
    /// The faces of all users, where logins without a name are enabled.
    pub face_gallery: Option<Arc<FaceGallery>>,
    pub uploads: Arc<Uploads>,
    pub images: Images,
    pub texts: Texts,
    pub classifier: Arc<ImageClassifier>,
    pub predict_image: PredictImage,
    pub prediction_history: PredictionHistory,
    pub explain_prediction: ExplainPrediction,
    pub dashboards: Dashboards,
    pub submissions: Submissions,
    pub tasks: Tasks,
    pub idempotency: Idempotency,
    pub readiness: ReadinessCheck,
    /// The keys of access tokens, for `/.well-known/jwks.json`.
    pub access_tokens: Arc<dyn AccessTokens>,
}

impl Services {
    /// Creates every service on the ports.
    #[expect(
        clippy::too_many_lines,
        reason = "one entry for each service: in parts the list would be no shorter"
    )]
    pub fn new(
        ports: &Ports,
        security: SecurityPorts,
        faces: &FacePorts,
        probes: Probes,
        shared: &Shared,
        settings: &Settings,
    ) -> Self {
        let context = || ports.context();
        let mail_signals = || shared.mail_signals.clone();
        let rate_limiter = Arc::new(RateLimiter::new(context(), settings.rate_limits.limits()));
        let passwords = Passwords::new(security.hasher.clone(), security.strength);
        let tokens = Arc::new(SessionTokens::new(
            context(),
            security.access_tokens.clone(),
            security.secrets.clone(),
            lifetimes(settings),
        ));
        let logins = Arc::new(Logins::new(
            context(),
            security.hasher,
            rate_limiter.clone(),
            tokens.clone(),
            settings.auth.require_verified_email,
        ));
        let FacePorts { engine, cipher } = faces;
        let matching = settings.faces.matching();
        let face_gallery = settings.faces.identify.then(|| {
            let limit = settings.faces.identify_limit;
            Arc::new(FaceGallery::new(context(), cipher.clone(), engine.clone(), limit))
        });
        let enrolments = Arc::new(Enrolments::new(
            context(),
            ports.blobs.clone(),
            engine.clone(),
            cipher.clone(),
            face_gallery.clone(),
            matching,
            settings.faces.keep_photos,
        ));
        let uploads = Arc::new(uploads(ports, settings));
        Self {
            authentication: Arc::new(Authentication::new(context(), security.access_tokens.clone())),
            registrations: Registrations::new(
                context(),
                passwords.clone(),
                rate_limiter.clone(),
                mail_signals(),
            ),
            id_token_logins: IdTokenLogins::new(
                context(),
                security.id_tokens,
                rate_limiter.clone(),
                logins.clone(),
            ),
            sessions: Sessions::new(context(), tokens),
            api_keys: ApiKeys::new(context(), security.secrets),
            profiles: Profiles::new(context(), passwords.clone(), rate_limiter.clone(), mail_signals()),
            recovery: Recovery::new(context(), passwords, rate_limiter.clone(), mail_signals()),
            administration: Administration::new(context()),
            events: Events::new(context()),
            face_photos: PhotoIntake::new(engine.clone(), settings.http.max_upload_bytes.0),
            face_logins: FaceLogins::new(
                context(),
                engine.clone(),
                cipher.clone(),
                face_gallery.clone(),
                matching,
                rate_limiter.clone(),
                logins.clone(),
            ),
            face_registrations: FaceRegistrations::new(
                context(),
                enrolments.clone(),
                rate_limiter,
                mail_signals(),
            ),
            logins,
            enrolments,
            face_gallery,
            images: Images::new(context(), ports.blobs.clone()),
            texts: Texts::new(context(), shared.recognizer.clone()),
            classifier: shared.classifier.clone(),
            predict_image: PredictImage {
                uploads: uploads.clone(),
                classifier: shared.classifier.clone(),
                ids: ports.ids.clone(),
            },
            prediction_history: PredictionHistory::new(context()),
            explain_prediction: ExplainPrediction {
                store: ports.store.clone(),
                blobs: ports.blobs.clone(),
                classifiers: ports.classifiers.clone(),
            },
            dashboards: Dashboards::new(context()),
            submissions: Submissions {
                context: context(),
                uploads: uploads.clone(),
                recognizer: shared.recognizer.clone(),
                classifier: shared.classifier.clone(),
                signals: shared.task_signals.clone(),
                in_flight_limit: settings.quotas.tasks_in_flight_per_user.get(),
            },
            uploads,
            tasks: Tasks::new(context(), shared.task_signals.clone()),
            idempotency: Idempotency::new(context()),
            readiness: ReadinessCheck {
                database: probes.database,
                storage: probes.storage,
                ocr: probes.ocr,
                queue: probes.queue,
                faces: engine.clone(),
                faces_required: settings.faces.enabled == Some(true),
                classifiers: ports.classifiers.clone(),
            },
            access_tokens: security.access_tokens,
        }
    }
}

fn uploads(ports: &Ports, settings: &Settings) -> Uploads {
    let limits = UploadLimits {
        max_bytes: settings.http.max_upload_bytes.0,
        quota: settings.quotas.storage(),
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
        access: span(settings.auth.access_token_ttl.0),
        refresh: span(settings.auth.refresh_token_ttl.0),
    }
}

/// Converts a configured duration; one that is out of range becomes the longest.
fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
