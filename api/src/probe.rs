//! `ocellus health`: asks a running service, for a container's health check.

use crate::configuration::HttpSettings;
use std::{process::ExitCode, time::Duration};

/// Succeeds when the service of this configuration is ready.
pub fn run(settings: &HttpSettings) -> ExitCode {
    let host = match settings.address.0.as_str() {
        "0.0.0.0" => "127.0.0.1".to_owned(),
        "::" => "[::1]".to_owned(),
        address if address.contains(':') => format!("[{address}]"),
        address => address.to_owned(),
    };
    let url = format!("http://{host}:{}/health/ready", settings.port);
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(5)))
        .build()
        .into();
    match agent.get(&url).call() {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ocellus: {url}: {error}");
            ExitCode::FAILURE
        }
    }
}
