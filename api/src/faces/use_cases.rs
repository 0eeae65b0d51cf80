//! The use cases of faces, put together on ports.

use crate::{
    configuration::Settings,
    ports::{FacePorts, Ports},
};
use application::{
    accounts::{EventLog, FailedLogins, MailSignals, OpenSession, Throttle},
    faces::{
        DeleteFace, EnrolFace, FaceGallery, FaceIntake, GetFace, LogInWithFace, PhotoIntake, RegisterWithFace,
    },
};
use std::sync::Arc;

/// What faces share with the other ways in.
pub struct Accounts {
    pub throttle: Arc<Throttle>,
    pub failures: Arc<FailedLogins>,
    pub open_session: Arc<OpenSession>,
    pub events: Arc<EventLog>,
    pub mails: Arc<MailSignals>,
}

/// The use cases behind the operations of faces.
pub struct FaceUseCases {
    pub photos: PhotoIntake,
    pub enrol: EnrolFace,
    pub get: GetFace,
    pub delete: DeleteFace,
    pub log_in: LogInWithFace,
    pub register: RegisterWithFace,
    /// Only where users log in without a name.
    pub gallery: Option<Arc<FaceGallery>>,
}

impl FaceUseCases {
    /// On these ports.
    pub fn new(ports: &Ports, faces: &FacePorts, accounts: Accounts, settings: &Settings) -> Self {
        let FacePorts { engine, cipher } = faces;
        let (engine, cipher) = (|| engine.clone(), || cipher.clone());
        let (store, clock, ids) = (
            || ports.store.clone(),
            || ports.clock.clone(),
            || ports.ids.clone(),
        );
        let limit = settings.faces.identify_limit;
        let gallery = || Arc::new(FaceGallery::new(store(), cipher(), engine(), clock(), limit));
        let gallery = settings.faces.identify.then(gallery);
        let intake = Arc::new(FaceIntake {
            store: store(),
            blobs: ports.blobs.clone(),
            engine: engine(),
            cipher: cipher(),
            gallery: gallery.clone(),
            matching: settings.faces.matching(),
            keep_photos: settings.faces.keep_photos,
            clock: clock(),
            ids: ids(),
        });
        Self {
            photos: PhotoIntake::new(engine(), settings.http.max_upload_bytes.0),
            enrol: EnrolFace {
                store: store(),
                intake: intake.clone(),
                events: accounts.events.clone(),
            },
            get: GetFace { store: store() },
            delete: DeleteFace {
                store: store(),
                clock: clock(),
                events: accounts.events.clone(),
            },
            log_in: LogInWithFace {
                store: store(),
                engine: engine(),
                cipher: cipher(),
                gallery: gallery.clone(),
                matching: settings.faces.matching(),
                throttle: accounts.throttle.clone(),
                failures: accounts.failures,
                open_session: accounts.open_session,
            },
            register: RegisterWithFace {
                store: store(),
                intake,
                throttle: accounts.throttle,
                clock: clock(),
                ids: ids(),
                mails: accounts.mails,
                events: accounts.events,
            },
            gallery,
        }
    }
}
