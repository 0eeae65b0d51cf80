//! The outside of the hexagon, as the use cases see it.

use application::Context;
use domain::{
    accounts::{AccessTokens, IdTokenVerifier, Mailer, PasswordHasher, PasswordStrength, SecretGenerator},
    clock::Clock,
    faces::{EmbeddingCipher, FaceEngine},
    ids::IdGenerator,
    images::{BlobStore, ImageInspector},
    ocr::OcrEngine,
    operations::HealthProbe,
    predictions::Classifiers,
    store::Store,
    tasks::{TaskNotifications, TaskPublisher},
};
use std::sync::Arc;

/// The outside that every process needs.
pub struct Ports {
    pub store: Arc<dyn Store>,
    pub blobs: Arc<dyn BlobStore>,
    pub inspector: Arc<dyn ImageInspector>,
    pub engine: Arc<dyn OcrEngine>,
    pub classifiers: Arc<dyn Classifiers>,
    pub clock: Arc<dyn Clock>,
    pub ids: Arc<dyn IdGenerator>,
    /// The broker; none where workers are called from inside the process.
    pub broker: Option<Broker>,
}

impl Ports {
    /// The ports that every service needs.
    pub fn context(&self) -> Context {
        Context {
            store: self.store.clone(),
            clock: self.clock.clone(),
            ids: self.ids.clone(),
        }
    }
}

/// The outside that faces need, in a process that serves.
pub struct FacePorts {
    pub engine: Arc<dyn FaceEngine>,
    pub cipher: Arc<dyn EmbeddingCipher>,
}

/// A broker between processes.
#[derive(Clone)]
pub struct Broker {
    pub publisher: Arc<dyn TaskPublisher>,
    pub notifications: Arc<dyn TaskNotifications>,
}

/// The outside that mails with codes need.
pub struct MailPorts {
    pub mailer: Arc<dyn Mailer>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub secrets: Arc<dyn SecretGenerator>,
}

/// The outside that decides who may do what.
pub struct SecurityPorts {
    pub access_tokens: Arc<dyn AccessTokens>,
    pub hasher: Arc<dyn PasswordHasher>,
    pub strength: Arc<dyn PasswordStrength>,
    pub secrets: Arc<dyn SecretGenerator>,
    pub id_tokens: Arc<dyn IdTokenVerifier>,
}

/// What tells whether the parts work.
pub struct Probes {
    pub database: Arc<dyn HealthProbe>,
    pub storage: Arc<dyn HealthProbe>,
    pub ocr: Arc<dyn HealthProbe>,
    pub queue: Option<Arc<dyn HealthProbe>>,
}
