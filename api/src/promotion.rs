//! `ocellus user promote`: makes admins, for who runs the service.

use application::{Error, accounts::PromoteUser};
use domain::accounts::Username;
use std::process::ExitCode;

/// Succeeds when the user of this name is an admin afterwards.
pub async fn run(promote: &PromoteUser, name: &str) -> ExitCode {
    let outcome = match Username::parse(name) {
        Some(username) => promote.execute(&username).await,
        None => Err(Error::NotFound),
    };
    match outcome {
        Ok(user) => {
            println!("{} is an admin.", user.username.as_str());
            ExitCode::SUCCESS
        }
        Err(Error::NotFound) => {
            eprintln!("ocellus: there is no user of the name {name:?}");
            ExitCode::FAILURE
        }
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "not promoted");
            ExitCode::FAILURE
        }
    }
}
