//! Putting the parts together: the only place, with `main`, that names adapters.

use crate::{configuration::Settings, operations::MetricsSettings, server, telemetry, use_cases::UseCases};
use application::{
    accounts::{
        Authenticate, DeleteExpiredSessions, DeleteUser, LogIn, RegisterUser, TokenLifetimes, UpdateProfile,
    },
    images::{
        DeleteDueBlobs, DeleteImage, GetImage, ListImages, ReadImageContent, UploadImage, UploadLimits,
    },
    ocr::ReadText,
    operations::CheckReadiness,
};
use chrono::TimeDelta;
use domain::{BoxError, ocr::OcrEngine};
use infrastructure::{
    blobs::LocalBlobStore,
    ocr::{OcrSettings, TesseractOcrEngine},
    persistence::{DatabaseSettings, SeaStore},
    security::{ArgonPasswordHasher, Ed25519AccessTokens, OsSecretGenerator, ZxcvbnPasswordStrength},
    system::{SystemClock, UuidV7Generator},
    vision::{BoundedImageInspector, DecodeBudget, DecodeLimits},
};
use metrics_exporter_prometheus::PrometheusHandle;
use std::{io, os::unix::process::CommandExt, process::Command, sync::Arc, time::Duration};

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

/// What `libgomp` and `malloc` read from the environment when they are loaded, before `main`: one thread for each
/// recognition (more cost up to seven times the CPU), and few arenas, so that freed memory is found again.
const NATIVE_LIMITS: [(&str, &str); 2] = [("OMP_THREAD_LIMIT", "1"), ("MALLOC_ARENA_MAX", "2")];

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

async fn connect(settings: &Settings) -> Result<SeaStore, StartError> {
    std::fs::create_dir_all(&settings.data_dir).map_err(at("data_dir"))?;
    let database = DatabaseSettings::new(settings.database.url.clone());
    SeaStore::connect(&database).await.map_err(at("database.url"))
}

/// Serves the API until SIGTERM or SIGINT.
pub async fn serve(settings: Settings) -> Result<(), StartError> {
    let handle = telemetry::gather_metrics().map_err(at("operations"))?;
    let adapters = Adapters::start(&settings).await?;
    let sweep = DeleteDueBlobs {
        store: adapters.store.clone(),
        blobs: adapters.blobs.clone(),
        clock: adapters.clock.clone(),
    };
    let expiry = DeleteExpiredSessions {
        store: adapters.store.clone(),
        clock: adapters.clock.clone(),
    };
    tokio::spawn(maintain(sweep, expiry, handle.clone()));
    let ids = adapters.ids.clone();
    let use_cases = Arc::new(use_cases(adapters, &settings));
    let metrics = Arc::new(MetricsSettings {
        handle,
        token: settings.metrics_token,
    });
    let stop = stop_signal().map_err(at("http"))?;
    server::serve(settings.http, use_cases, metrics, ids, stop)
        .await
        .map_err(at("http.address"))
}

/// The outside of the hexagon, started.
struct Adapters {
    store: Arc<SeaStore>,
    blobs: Arc<LocalBlobStore>,
    access_tokens: Arc<Ed25519AccessTokens>,
    hasher: Arc<ArgonPasswordHasher>,
    inspector: Arc<BoundedImageInspector>,
    engine: Arc<TesseractOcrEngine>,
    clock: Arc<SystemClock>,
    ids: Arc<UuidV7Generator>,
}

impl Adapters {
    async fn start(settings: &Settings) -> Result<Self, StartError> {
        let store = connect(settings).await?;
        let schema = if settings.database.migrate {
            store.migrate().await
        } else {
            store.check_schema().await
        };
        schema.map_err(at("database.url"))?;
        let blobs = LocalBlobStore::open(settings.blobs.clone()).map_err(at("storage.url"))?;
        let access_tokens = match &settings.auth.signing_key {
            Some(pem) => Ed25519AccessTokens::from_pem(pem),
            None => Ed25519AccessTokens::load_or_generate(&settings.data_dir.join("signing_key.pem")),
        };
        let access_tokens = access_tokens.map_err(at("auth.signing_key"))?;
        let limits = DecodeLimits {
            max_pixels: settings.ocr.max_pixels,
            max_pages: settings.ocr.max_pages,
        };
        let budget = DecodeBudget::new(&limits);
        let ocr = OcrSettings {
            languages: settings.ocr.languages.clone(),
            page_timeout: settings.ocr.timeout,
            ..OcrSettings::new(settings.workers)
        };
        let engine = TesseractOcrEngine::start(&ocr, limits, budget.clone()).map_err(at("ocr.languages"))?;
        let available = engine.languages();
        if let Some(absent) = settings
            .ocr
            .default_languages
            .iter()
            .find(|language| !available.contains(language))
        {
            let reason = format!("the language {absent} is not installed or not among ocr.languages");
            return Err(at("ocr.default_languages")(reason));
        }
        let hasher = ArgonPasswordHasher::new(settings.workers).map_err(at("auth"))?;
        Ok(Self {
            store: Arc::new(store),
            blobs: Arc::new(blobs),
            access_tokens: Arc::new(access_tokens),
            hasher: Arc::new(hasher),
            inspector: Arc::new(BoundedImageInspector::new(limits, budget)),
            engine: Arc::new(engine),
            clock: Arc::new(SystemClock),
            ids: Arc::new(UuidV7Generator),
        })
    }
}

/// Every use case on the adapters.
fn use_cases(adapters: Adapters, settings: &Settings) -> UseCases {
    let Adapters {
        store,
        blobs,
        access_tokens,
        hasher,
        inspector,
        engine,
        clock,
        ids,
    } = adapters;
    let lifetimes = TokenLifetimes {
        access: span(settings.auth.access_token_ttl),
        refresh: span(settings.auth.refresh_token_ttl),
    };
    let limits = UploadLimits {
        max_bytes: settings.http.max_upload_bytes,
        quota: settings.quota,
    };
    UseCases {
        register_user: RegisterUser {
            store: store.clone(),
            hasher: hasher.clone(),
            strength: Arc::new(ZxcvbnPasswordStrength),
            clock: clock.clone(),
            ids: ids.clone(),
        },
        log_in: LogIn {
            store: store.clone(),
            hasher,
            access_tokens: access_tokens.clone(),
            secrets: Arc::new(OsSecretGenerator),
            clock: clock.clone(),
            ids: ids.clone(),
            lifetimes,
        },
        authenticate: Authenticate {
            store: store.clone(),
            access_tokens: access_tokens.clone(),
            clock: clock.clone(),
        },
        update_profile: UpdateProfile {
            store: store.clone(),
            clock: clock.clone(),
        },
        delete_user: DeleteUser {
            store: store.clone(),
            clock: clock.clone(),
        },
        upload_image: UploadImage {
            store: store.clone(),
            blobs: blobs.clone(),
            inspector,
            clock: clock.clone(),
            ids: ids.clone(),
            limits,
        },
        list_images: ListImages { store: store.clone() },
        get_image: GetImage { store: store.clone() },
        read_image_content: ReadImageContent {
            store: store.clone(),
            blobs: blobs.clone(),
        },
        delete_image: DeleteImage {
            store: store.clone(),
            clock: clock.clone(),
        },
        check_readiness: CheckReadiness {
            database: store.clone(),
            storage: blobs.clone(),
            ocr: engine.clone(),
        },
        read_text: ReadText::new(
            store,
            blobs,
            engine,
            clock,
            ids,
            settings.ocr.default_languages.clone(),
        ),
        access_tokens,
    }
}

/// A configured time as a span; one too long to be counted is the longest.
fn span(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}

/// How often blobs that are due are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(2);
/// How many sweeps lie between two looks for expired sessions.
const SWEEPS_PER_SESSION_LOOK: u32 = 1800;

/// Does what must happen in the background, as long as the process lives. A failure is tried again the next time.
async fn maintain(blobs: DeleteDueBlobs, sessions: DeleteExpiredSessions, metrics: PrometheusHandle) {
    let mut interval = tokio::time::interval(SWEEP_EVERY);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for round in 0_u32.. {
        interval.tick().await;
        metrics.run_upkeep();
        if let Err(error) = blobs.execute().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "blobs were not swept");
        }
        if round % SWEEPS_PER_SESSION_LOOK == 0
            && let Err(error) = sessions.execute().await
        {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "expired sessions were not removed"
            );
        }
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
