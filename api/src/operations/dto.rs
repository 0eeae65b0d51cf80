//! What answers about the service look like.

use application::operations::Readiness;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{accounts::PublicKey, predictions::RefusedModel};
use poem_openapi::{Enum, Object};

/// The process is alive.
#[derive(Object)]
#[oai(rename = "Liveness")]
pub struct LivenessDto {
    status: Status,
}

impl LivenessDto {
    /// What a process that can answer at all answers.
    pub fn alive() -> Self {
        Self { status: Status::Ok }
    }
}

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case", rename = "HealthStatus")]
pub enum Status {
    /// It answers.
    Ok,
    /// It does not.
    Failing,
    /// It is not in use.
    Disabled,
}

/// How one part is.
#[derive(Object)]
#[oai(rename = "HealthCheck")]
pub struct CheckDto {
    status: Status,
    /// What the status means for requests.
    #[oai(skip_serializing_if_is_none)]
    detail: Option<String>,
}

impl CheckDto {
    fn answering(answers: bool, loss: &str) -> Self {
        if answers {
            Self {
                status: Status::Ok,
                detail: None,
            }
        } else {
            Self {
                status: Status::Failing,
                detail: Some(loss.to_owned()),
            }
        }
    }

    fn disabled() -> Self {
        Self {
            status: Status::Disabled,
            detail: None,
        }
    }
}

/// How every part is.
#[derive(Object)]
#[oai(rename = "HealthChecks")]
pub struct ChecksDto {
    database: CheckDto,
    storage: CheckDto,
    queue: CheckDto,
    ocr: CheckDto,
    faces: CheckDto,
    models: CheckDto,
}

/// Whether requests can be served.
#[derive(Object)]
#[oai(rename = "Health")]
pub struct HealthDto {
    /// `failing` when a part that requests need does not answer.
    status: Status,
    checks: ChecksDto,
}

/// How the classifiers are: what could not be loaded is named with the reason, for whoever can mend it, but not where it
/// lies, for anybody may ask.
fn models(readiness: &Readiness) -> CheckDto {
    let named = |model: &RefusedModel| {
        let name = model.source.trim_end_matches('/').rsplit('/').next();
        format!("{}: {}", name.unwrap_or_default(), model.reason)
    };
    let refused: Vec<_> = readiness.refused_models.iter().map(named).collect();
    match (readiness.models, refused.as_slice()) {
        (0, []) => CheckDto::disabled(),
        (_, refused) => CheckDto::answering(refused.is_empty(), &refused.join("; ")),
    }
}

impl From<&Readiness> for HealthDto {
    fn from(readiness: &Readiness) -> Self {
        Self {
            status: if readiness.is_ready() {
                Status::Ok
            } else {
                Status::Failing
            },
            checks: ChecksDto {
                database: CheckDto::answering(readiness.database, "The database does not answer."),
                storage: CheckDto::answering(readiness.storage, "Files cannot be written or read."),
                ocr: CheckDto::answering(readiness.ocr, "Text cannot be recognized."),
                // Without a broker the database is the queue.
                queue: CheckDto::answering(
                    readiness.queue.unwrap_or(readiness.database),
                    "Tasks are taken and wait until it is back.",
                ),
                faces: match readiness.faces {
                    Some(answers) => CheckDto::answering(answers, "Nobody can log in with a face."),
                    None => CheckDto::disabled(),
                },
                models: models(readiness),
            },
        }
    }
}

/// A JSON Web Key Set.
#[derive(Object)]
#[oai(rename = "Jwks")]
pub struct JwksDto {
    keys: Vec<JwkDto>,
}

/// An Ed25519 public key (RFC 8037).
#[derive(Object)]
#[oai(rename = "Jwk")]
pub struct JwkDto {
    /// Always `OKP`.
    kty: String,
    /// Always `Ed25519`.
    crv: String,
    /// Always `EdDSA`.
    alg: String,
    /// Always `sig`.
    #[oai(rename = "use")]
    usage: String,
    /// The RFC 7638 thumbprint of the key, as tokens name it.
    kid: String,
    /// The key in base64url.
    x: String,
}

impl From<Vec<PublicKey>> for JwksDto {
    fn from(keys: Vec<PublicKey>) -> Self {
        let jwk = |key: PublicKey| JwkDto {
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            alg: "EdDSA".to_owned(),
            usage: "sig".to_owned(),
            kid: key.id,
            x: URL_SAFE_NO_PAD.encode(key.bytes),
        };
        Self {
            keys: keys.into_iter().map(jwk).collect(),
        }
    }
}
