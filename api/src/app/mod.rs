//! Putting the parts together: the only place, with `main`, that names adapters.

mod check;
mod database;
mod faces;
mod maintenance;
mod models;
mod storage;

use crate::{
    configuration::{OidcProvider, OidcSettings, Settings},
    operations::MetricsSettings,
    ports::{Broker, MailPorts, Ports, Probes, SecurityPorts},
    server,
    services::{Services, Shared},
    telemetry,
};
use application::{Context, accounts::Administration, images::BlobSweep};
pub use check::{check_server, check_worker};
use database::connect;
use domain::{BoxError, operations::HealthProbe};
use infrastructure::{
    imaging::{BoundedImageInspector, DecodeBudget, DecodeLimits},
    mail::{self, MailerError},
    ocr::{OcrSettings, TesseractOcrEngine},
    persistence::SeaStore,
    queue::{RabbitSettings, RabbitTaskQueue},
    security::{
        ArgonPasswordHasher, Ed25519AccessTokens, OpenIdProvider, OpenIdTokenVerifier, OsSecretGenerator,
        ZxcvbnPasswordStrength,
    },
    system::{SystemClock, UuidV7Generator},
};
use maintenance::{FaceMaintenance, Maintenance};
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

/// Opens the administration of accounts on a database with the schema of this version.
pub async fn administration(settings: &Settings) -> Result<Administration, StartError> {
    let store = connect(settings).await?;
    store.check_schema().await.map_err(at("database.url"))?;
    Ok(Administration::new(Context {
        store: Arc::new(store),
        clock: Arc::new(SystemClock),
        ids: Arc::new(UuidV7Generator),
    }))
}

/// Creates the sweep of blobs.
pub async fn sweep(settings: &Settings) -> Result<BlobSweep, StartError> {
    let store = Arc::new(connect(settings).await?);
    store.check_schema().await.map_err(at("database.url"))?;
    let blobs = open_storage(&settings.storage).await?.blobs;
    let context = Context {
        store,
        clock: Arc::new(SystemClock),
        ids: Arc::new(UuidV7Generator),
    };
    Ok(BlobSweep::new(context, blobs))
}

/// Serves the API, and works on tasks, until SIGTERM or SIGINT.
pub async fn serve(settings: Settings) -> Result<(), StartError> {
    let handle = telemetry::gather_metrics().map_err(at("operations"))?;
    let adapters = Adapters::start(&settings).await?;
    let security = start_security(&settings, &adapters.mail)?;
    let faces = faces::start(&settings, adapters.limits, adapters.budget.clone())?;
    let shared = Shared::new(&adapters.ports, &settings);
    let probes = adapters.probes();
    let services = Services::new(&adapters.ports, security, &faces, probes, &shared, &settings);
    let maintenance = Maintenance::new(&adapters.ports, &adapters.mail, &shared, &settings);
    let maintenance = Arc::new(maintenance);
    let periodic = maintenance.clone();
    tokio::spawn(async move { periodic.run_maintenance().await });
    let gallery = services.face_gallery.clone();
    let face_maintenance = FaceMaintenance::new(&adapters.ports, &faces, gallery, &settings);
    tokio::spawn(async move { face_maintenance.run().await });
    tokio::spawn(upkeep(handle.clone()));
    let metrics = Arc::new(MetricsSettings {
        handle,
        token: settings.operations.metrics_token.map(|token| token.0),
    });
    let stop = stop_signal().map_err(at("http"))?;
    let shutdown_timeout = settings.http.shutdown_timeout.0;
    let (stopped, stopping) = tokio::sync::oneshot::channel();
    let ending = maintenance.clone();
    tokio::spawn(async move {
        stop.await;
        // The server may have ended by itself.
        let _ = stopped.send(());
        ending.shut_down(shutdown_timeout).await;
    });
    let worker = maintenance.clone();
    let work = tokio::spawn(async move { worker.work().await });
    let mails = tokio::spawn(async move { maintenance.send_mails().await });
    let served = server::serve(
        settings.http,
        Arc::new(services),
        metrics,
        adapters.ports.ids.clone(),
        async { stopping.await.unwrap_or_default() },
    );
    served.await.map_err(at("http.address"))?;
    work.await.map_err(at("workers"))?;
    flush_mail(mails).await;
    adapters.engine.stop().await;
    Ok(())
}

/// Works on tasks until SIGTERM or SIGINT, or until none is ready.
pub async fn work(settings: Settings, once: bool) -> Result<(), StartError> {
    let adapters = Adapters::start(&settings).await?;
    let shared = Shared::new(&adapters.ports, &settings);
    let maintenance = Maintenance::new(&adapters.ports, &adapters.mail, &shared, &settings);
    let maintenance = Arc::new(maintenance);
    let stop = stop_signal().map_err(at("workers"))?;
    let (ending, shutdown_timeout) = (maintenance.clone(), settings.http.shutdown_timeout.0);
    tokio::spawn(async move {
        stop.await;
        ending.shut_down(shutdown_timeout).await;
    });
    if once {
        let count = maintenance.execute_all().await;
        let count = count.map_err(at("database.url"))?;
        tracing::info!(count, "no task is left");
    } else {
        let periodic = maintenance.clone();
        tokio::spawn(async move { periodic.run_maintenance().await });
        let (sender, may_send) = (maintenance.clone(), settings.mail.url.0.is_some());
        let mails = tokio::spawn(async move {
            // A worker without a mail server leaves mails to other processes, because its log must not show them.
            if may_send {
                sender.send_mails().await;
            }
        });
        tracing::info!(workers = settings.workers.count(), "working");
        maintenance.work().await;
        flush_mail(mails).await;
    }
    adapters.engine.stop().await;
    Ok(())
}

/// How long the process waits at its end for mails that are being sent.
const MAIL_FLUSH_TIMEOUT: Duration = Duration::from_secs(2);

/// Waits for mails that are being sent. Another process sends those that do not finish in time.
async fn flush_mail(mails: JoinHandle<()>) {
    let _ = tokio::time::timeout(MAIL_FLUSH_TIMEOUT, mails).await;
}

/// The adapters of a process, started.
struct Adapters {
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

impl Adapters {
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
                publisher: broker.clone(),
                notifications: broker,
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
