//! Logs and metrics.

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use std::io::IsTerminal;
use tracing_subscriber::{EnvFilter, fmt};

/// Logs to standard error: lines for people on a terminal, JSON elsewhere. `RUST_LOG` sets what is logged.
pub fn log() {
    let filter = EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| EnvFilter::new("info,poem=warn,sqlx=warn,sea_orm_migration=warn,lapin=off"));
    let builder = fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    if std::io::stderr().is_terminal() {
        builder.init();
    } else {
        builder
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .init();
    }
}

/// Seconds that requests, recognitions and classifications are counted by.
const REQUEST_SECONDS: [f64; 11] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];
const CLASSIFICATION_SECONDS: [f64; 8] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5, 10.0];
const RECOGNITION_SECONDS: [f64; 9] = [0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// Gathers metrics from now on.
pub fn gather_metrics() -> Result<PrometheusHandle, BuildError> {
    let requests = Matcher::Full("ocellus_http_request_duration_seconds".to_owned());
    let recognitions = Matcher::Full("ocellus_recognition_duration_seconds".to_owned());
    let classifications = Matcher::Full("ocellus_classification_duration_seconds".to_owned());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(requests, &REQUEST_SECONDS)?
        .set_buckets_for_metric(recognitions, &RECOGNITION_SECONDS)?
        .set_buckets_for_metric(classifications, &CLASSIFICATION_SECONDS)?
        .install_recorder()?;
    metrics::describe_counter!("ocellus_http_requests_total", "Requests by operation and status.");
    metrics::describe_histogram!("ocellus_http_request_duration_seconds", "Durations of requests.");
    metrics::describe_histogram!(
        "ocellus_recognition_duration_seconds",
        "Durations of recognizing a page."
    );
    metrics::describe_counter!(
        "ocellus_task_attempts_total",
        "Attempts at tasks by their outcome: succeeded, or the code of the failure."
    );
    metrics::describe_histogram!(
        "ocellus_classification_duration_seconds",
        "Durations of classifying an image, and of drawing its heat map."
    );
    metrics::describe_counter!(
        "ocellus_predictions_total",
        "Predictions by model and predicted label."
    );
    metrics::describe_counter!(
        "ocellus_transaction_retries_total",
        "Transactions that ran again after a deadlock or a serialization failure."
    );
    metrics::counter!("ocellus_transaction_retries_total").absolute(0);
    metrics::describe_gauge!(
        "ocellus_tasks_watched",
        "Clients that follow a task or wait for its end."
    );
    Ok(handle)
}
