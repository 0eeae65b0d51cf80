//! Putting the parts together: the only place, with `main`, that names adapters.

mod check;
mod database;
mod faces;
mod models;
mod storage;

use crate::{
    background::{Background, FaceUpkeep},
    configuration::{OidcProvider, OidcSettings, Settings},
    operations::MetricsSettings,
    ports::{Broker, MailPorts, Ports, Probes, SecurityPorts},
    server, telemetry,
    use_cases::{Shared, UseCases},
};
use application::{
    accounts::{EventLog, PromoteUser},
    images::{DeleteDueBlobs, ReconcileBlobs},
};
pub use check::{check_server, check_worker};
use database::connect;
use domain::{BoxError, operations::HealthProbe};
use infrastructure::{
    mail::{self, MailerError},
    ocr::{OcrSettings, TesseractOcrEngine},
    persistence::SeaStore,
    queue::{RabbitSettings, RabbitTaskQueue},
    security::{
        ArgonPasswordHasher, Ed25519AccessTokens, OpenIdProvider, OpenIdTokenVerifier, OsSecretGenerator,
        ZxcvbnPasswordStrength,
    },
    system::{SystemClock, UuidV7Generator},
    vision::{BoundedImageInspector, DecodeBudget, DecodeLimits},
};
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use std::{io, os::unix::process::CommandExt, process::Command, sync::Arc, time::Duration};
use storage::{Storage, open_storage};
use tokio::task::JoinHandle;

/// A part could not be started; names the key of the configuration that it hangs on.
#[derive(Debug, thiserror::Error)]
#[error("{key}: {source}")]
pub struct StartError {
    key: &'static str,
    source: BoxError,
}

/// Names the key that a failure at start hangs on.
fn at<E: Into<BoxError>>(key: &'static str) -> impl FnOnce(E) -> StartError {
    move |error| StartError {
        key,
        source: error.into(),
    }
}

/// What `libgomp`, `libopenblas` and `malloc` read from the environment when they are loaded, before `main`: one thread for each
/// recognition (more cost up to seven times the CPU), and few arenas, so that freed memory is found again.
const NATIVE_LIMITS: [(&str, &str); 3] = [
    ("OMP_THREAD_LIMIT", "1"),
    ("OPENBLAS_NUM_THREADS", "1"),
    ("MALLOC_ARENA_MAX", "2"),
];

/// Starts the program again, in its place, with the limits for native code, unless they are set.
pub fn limit_native_threads() -> io::Result<()> {
    let missing: Vec<_> = NATIVE_LIMITS
        .into_iter()
        .filter(|(name, _)| std::env::var_os(name).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let program = std::env::current_exe()?;
    Err(Command::new(program)
        .args(std::env::args_os().skip(1))
        .envs(missing)
        .exec())
}

/// Brings the database to the schema of this version.
pub async fn migrate(settings: &Settings) -> Result<(), StartError> {
    let store = connect(settings).await?;
    store.migrate().await.map_err(at("database.url"))
}

/// What makes admins, on a database that has the schema of this version.
pub async fn promote_user(settings: &Settings) -> Result<PromoteUser, StartError> {
    let store = connect(settings).await?;
    store.check_schema().await.map_err(at("database.url"))?;
    let (clock, ids) = (Arc::new(SystemClock), Arc::new(UuidV7Generator));
    Ok(PromoteUser {
        store: Arc::new(store),
        events: Arc::new(EventLog { clock, ids }),
    })
}

/// What compares the blobs with the rows, and what deletes those that are left over.
pub async fn sweep(settings: &Settings) -> Result<(ReconcileBlobs, DeleteDueBlobs), StartError> {
    let store = Arc::new(connect(settings).await?);
    store.check_schema().await.map_err(at("database.url"))?;
    let blobs = open_storage(&settings.storage).await?.blobs;
    let clock = Arc::new(SystemClock);
    Ok((
        ReconcileBlobs {
            store: store.clone(),
            blobs: blobs.clone(),
            clock: clock.clone(),
        },
        DeleteDueBlobs { store, blobs, clock },
    ))
}

/// Serves the API, and works on tasks, until SIGTERM or SIGINT.
pub async fn serve(settings: Settings) -> Result<(), StartError> {
    let handle = telemetry::gather_metrics().map_err(at("operations"))?;
    let outside = Outside::start(&settings).await?;
    let security = start_security(&settings, &outside.mail)?;
    let faces = faces::start(&settings, outside.limits, outside.budget.clone())?;
    let shared = Shared::new(&outside.ports, &settings);
    let probes = outside.probes();
    let use_cases = UseCases::new(&outside.ports, security, &faces, probes, &shared, &settings);
    let background = Background::new(&outside.ports, &outside.mail, &shared, &settings);
    let background = Arc::new(background);
    let house = background.clone();
    tokio::spawn(async move { house.keep_house().await });
    let gallery = use_cases.faces.gallery.clone();
    let upkeep_of_faces = FaceUpkeep::new(&outside.ports, &faces, gallery, &settings);
    tokio::spawn(async move { upkeep_of_faces.run().await });
    tokio::spawn(upkeep(handle.clone()));
    let metrics = Arc::new(MetricsSettings {
        handle,
        token: settings.operations.metrics_token.map(|token| token.0),
    });
    let stop = stop_signal().map_err(at("http"))?;
    let shutdown_timeout = settings.http.shutdown_timeout.0;
    let (stopped, stopping) = tokio::sync::oneshot::channel();
    let ending = background.clone();
    tokio::spawn(async move {
        stop.await;
        // The server may have ended by itself.
        let _ = stopped.send(());
        ending.end(shutdown_timeout).await;
    });
    let worker = background.clone();
    let work = tokio::spawn(async move { worker.work().await });
    let mails = tokio::spawn(async move { background.send_mails().await });
    let served = server::serve(
        settings.http,
        Arc::new(use_cases),
        metrics,
        outside.ports.ids.clone(),
        async { stopping.await.unwrap_or_default() },
    );
    served.await.map_err(at("http.address"))?;
    work.await.map_err(at("workers"))?;
    let_go(mails).await;
    outside.engine.stop().await;
    Ok(())
}

/// Works on tasks until SIGTERM or SIGINT, or until none is ready.
pub async fn work(settings: Settings, once: bool) -> Result<(), StartError> {
    let outside = Outside::start(&settings).await?;
    let shared = Shared::new(&outside.ports, &settings);
    let background = Background::new(&outside.ports, &outside.mail, &shared, &settings);
    let background = Arc::new(background);
    let stop = stop_signal().map_err(at("workers"))?;
    let (ending, shutdown_timeout) = (background.clone(), settings.http.shutdown_timeout.0);
    tokio::spawn(async move {
        stop.await;
        ending.end(shutdown_timeout).await;
    });
    if once {
        let count = background.drain().await;
        let count = count.map_err(at("database.url"))?;
        tracing::info!(count, "no task is left");
    } else {
        let house = background.clone();
        tokio::spawn(async move { house.keep_house().await });
        let (sender, may_send) = (background.clone(), settings.mail.url.0.is_some());
        let mails = tokio::spawn(async move {
            // Whoever starts a worker without a mail server leaves mails to others: its log is not where they belong.
            if may_send {
                sender.send_mails().await;
            }
        });
        tracing::info!(workers = settings.workers.count(), "working");
        background.work().await;
        let_go(mails).await;
    }
    outside.engine.stop().await;
    Ok(())
}

/// How long mails that are on their way may hold up the end of the process.
const LAST_MAILS: Duration = Duration::from_secs(2);

/// Lets those mails go that are on their way; whatever is cut off is sent later.
async fn let_go(mails: JoinHandle<()>) {
    let _ = tokio::time::timeout(LAST_MAILS, mails).await;
}

/// The outside of the hexagon, started.
struct Outside {
    ports: Ports,
    mail: MailPorts,
    store: Arc<SeaStore>,
    storage: Storage,
    engine: Arc<TesseractOcrEngine>,
    broker: Option<Arc<RabbitTaskQueue>>,
    /// What decoding may take, all of it together.
    limits: DecodeLimits,
    budget: DecodeBudget,
}

impl Outside {
    async fn start(settings: &Settings) -> Result<Self, StartError> {
        let (clock, ids) = (Arc::new(SystemClock), Arc::new(UuidV7Generator));
        let mail = open_mail(settings, clock.clone(), ids.clone())?;
        let store = Arc::new(connect(settings).await?);
        let schema = if settings.database.migrate {
            store.migrate().await
        } else {
            store.check_schema().await
        };
        schema.map_err(at("database.url"))?;
        let storage = open_storage(&settings.storage).await?;
        let limits = DecodeLimits {
            max_pixels: settings.ocr.max_pixels,
            max_pages: settings.ocr.max_pages,
        };
        let budget = DecodeBudget::new(&limits);
        let inspector = BoundedImageInspector::new(limits, budget.clone());
        let classifiers = models::load(settings, limits, budget.clone()).await?;
        let engine = Arc::new(start_engine(settings, limits, budget.clone())?);
        let broker = match &settings.queue.url.0 {
            Some(url) => Some(connect_broker(url, settings.workers.count()).await?),
            None => None,
        };
        let ports = Ports {
            store: store.clone(),
            blobs: storage.blobs.clone(),
            inspector: Arc::new(inspector),
            engine: engine.clone(),
            classifiers,
            clock,
            ids,
            broker: broker.clone().map(|broker| Broker {
                messages: broker.clone(),
                calls: broker,
            }),
        };
        Ok(Self {
            ports,
            mail,
            store,
            storage,
            engine,
            broker,
            limits,
            budget,
        })
    }

    fn probes(&self) -> Probes {
        let queue = self.broker.clone();
        Probes {
            database: self.store.clone(),
            storage: self.storage.probe.clone(),
            ocr: self.engine.clone(),
            queue: queue.map(|queue| queue as Arc<dyn HealthProbe>),
        }
    }
}

fn open_mail(
    settings: &Settings,
    clock: Arc<SystemClock>,
    ids: Arc<UuidV7Generator>,
) -> Result<MailPorts, StartError> {
    let url = settings.mail.url.0.clone().unwrap_or_else(|| "log:".into());
    let mail = mail::MailSettings::new(url, settings.mail.from.0.clone());
    let mailer = mail::open(&mail, clock, ids).map_err(|error| match error {
        MailerError::Sender => at("mail.from")(error),
        _ => at("mail.url")(error),
    })?;
    let hasher = ArgonPasswordHasher::new(settings.workers.threads()).map_err(at("auth"))?;
    Ok(MailPorts {
        mailer,
        hasher: Arc::new(hasher),
        secrets: Arc::new(OsSecretGenerator),
    })
}

fn start_engine(
    settings: &Settings,
    limits: DecodeLimits,
    budget: DecodeBudget,
) -> Result<TesseractOcrEngine, StartError> {
    let ocr = OcrSettings {
        languages: settings.ocr.allowed(),
        page_timeout: settings.ocr.timeout.0,
        ..OcrSettings::new(settings.workers.threads())
    };
    TesseractOcrEngine::start(&ocr, limits, budget).map_err(at("ocr.languages"))
}

async fn connect_broker(url: &SecretString, workers: usize) -> Result<Arc<RabbitTaskQueue>, StartError> {
    let prefetch = u16::try_from(workers).unwrap_or(u16::MAX);
    let settings = RabbitSettings::new(url.clone(), prefetch);
    let queue = RabbitTaskQueue::connect(settings)
        .await
        .map_err(at("queue.url"))?;
    Ok(Arc::new(queue))
}

/// What decides who may do what.
fn start_security(settings: &Settings, mail: &MailPorts) -> Result<SecurityPorts, StartError> {
    let access_tokens = match &settings.auth.signing_key {
        Some(pem) => Ed25519AccessTokens::from_pem(&pem.0),
        None => Ed25519AccessTokens::load_or_generate(&settings.data_dir.0.join("signing_key.pem")),
    };
    Ok(SecurityPorts {
        access_tokens: Arc::new(access_tokens.map_err(at("auth.signing_key"))?),
        hasher: mail.hasher.clone(),
        strength: Arc::new(ZxcvbnPasswordStrength),
        secrets: mail.secrets.clone(),
        id_tokens: Arc::new(start_oidc(&settings.oidc)?),
    })
}

/// Nothing is fetched yet: an issuer that is out now may be there when somebody logs in.
fn start_oidc(settings: &OidcSettings) -> Result<OpenIdTokenVerifier, StartError> {
    let firebase = settings.firebase_project.iter();
    let mut providers: Vec<_> = firebase
        .map(|project| OpenIdProvider::firebase(&project.0))
        .collect();
    for OidcProvider(other) in &settings.providers {
        let provider = OpenIdProvider::discovered(&other.issuer, &other.audience);
        providers.push(provider.map_err(at("oidc.providers"))?);
    }
    Ok(OpenIdTokenVerifier::new(providers))
}

/// How often metrics are tidied up.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

async fn upkeep(metrics: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP_EVERY);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}

/// Ends with the first SIGTERM or SIGINT from now on.
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    })
}
