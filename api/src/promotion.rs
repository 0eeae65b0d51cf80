//! `ocellus user promote`: makes a user an admin.

use application::{Error, accounts::Administration};
use domain::accounts::Username;
use std::process::ExitCode;

/// Promotes the user with this name. Succeeds if the user is an admin afterwards.
pub async fn run(administration: &Administration, name: &str) -> ExitCode {
    let outcome = match Username::parse(name) {
        Some(username) => administration.promote(&username).await,
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
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the user was not promoted"
            );
            ExitCode::FAILURE
        }
    }
}
