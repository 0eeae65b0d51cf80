//! `ocellus`: the program.

mod accounts;
mod api_error;
mod app;
mod authentication;
mod configuration;
mod faces;
mod fields;
mod http;
mod idempotency;
mod images;
mod json_body;
mod multipart;
mod named;
mod ocr;
mod operations;
mod paging;
mod ports;
mod predictions;
mod probe;
mod problem;
mod promotion;
mod server;
mod services;
mod specification;
mod sweep;
mod tags;
mod tasks;
mod telemetry;

use clap::{Args, Parser, Subcommand};
use configuration::{Mistakes, Settings};
use std::{path::PathBuf, process::ExitCode};

/// A self-hosted image understanding service.
#[derive(Parser)]
#[command(name = "ocellus", version)]
struct Arguments {
    /// The configuration file; `ocellus.toml` where there is one.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(PartialEq, Eq, Subcommand)]
enum Command {
    /// Serve the API, and work on tasks unless workers.count is 0.
    Serve,
    /// Work on tasks only.
    Worker {
        /// End when no task is left that is ready.
        #[arg(long)]
        once: bool,
    },
    /// Bring the database to the schema of this version, and end.
    Migrate,
    /// Compare what is stored with what is known: remove blobs without an image, and name images without a blob.
    Sweep {
        /// Say what would be removed, and remove nothing.
        #[arg(long)]
        dry_run: bool,
    },
    /// Print the `OpenAPI` document.
    Openapi,
    /// Print what can be configured.
    Config(ConfigArguments),
    /// Ask a running service whether it is ready: the exit status tells.
    Health,
    /// Change users.
    #[command(subcommand)]
    User(UserCommand),
}

#[derive(PartialEq, Eq, Args)]
#[group(required = true, multiple = false)]
struct ConfigArguments {
    /// As a JSON Schema of the configuration file.
    #[arg(long)]
    schema: bool,
    /// As the page docs/configuration.md.
    #[arg(long)]
    docs: bool,
}

#[derive(PartialEq, Eq, Subcommand)]
enum UserCommand {
    /// Make a user an admin.
    Promote {
        /// The user's name.
        name: String,
    },
}

/// The configuration or a part that it names is wrong.
const EXIT_MISCONFIGURED: u8 = 2;

fn main() -> ExitCode {
    let Arguments { config, command } = Arguments::parse();
    let page = match &command {
        Command::Openapi => Some(server::spec()),
        Command::Config(arguments) if arguments.schema => Some(format!("{:#}", configuration::schema())),
        Command::Config(_) => Some(configuration::documentation().trim_end().to_owned()),
        _ => None,
    };
    if let Some(page) = page {
        println!("{page}");
        return ExitCode::SUCCESS;
    }
    if command != Command::Health
        && let Err(error) = app::limit_native_threads()
    {
        eprintln!("ocellus: cannot start itself again with its limits: {error}");
        return ExitCode::FAILURE;
    }
    let check = |settings: &Settings, mistakes: &mut Mistakes| match command {
        Command::Serve => app::check_server(settings, mistakes),
        Command::Worker { .. } => app::check_worker(settings, mistakes),
        _ => {}
    };
    let settings = match Settings::load(config.as_deref(), environment(), check) {
        Ok(settings) => settings,
        Err(mistakes) => {
            eprintln!("ocellus: {mistakes}");
            return ExitCode::from(EXIT_MISCONFIGURED);
        }
    };
    if command == Command::Health {
        return probe::run(&settings.http);
    }
    telemetry::log();
    match run(command, settings) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "cannot start");
            ExitCode::from(EXIT_MISCONFIGURED)
        }
    }
}

/// The variables whose names are text; others are not ours. A value that is no text is no right value either, and is
/// named with its key when that is checked.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
}

#[tokio::main]
async fn run(command: Command, settings: Settings) -> Result<ExitCode, app::StartError> {
    match command {
        Command::User(UserCommand::Promote { name }) => {
            let administration = app::administration(&settings).await?;
            return Ok(promotion::run(&administration, &name).await);
        }
        Command::Sweep { dry_run } => {
            let blobs = app::sweep(&settings).await?;
            return Ok(sweep::run(&blobs, dry_run).await);
        }
        Command::Migrate => app::migrate(&settings).await?,
        Command::Worker { once } => app::work(settings, once).await?,
        Command::Serve | Command::Openapi | Command::Config(_) | Command::Health => {
            app::serve(settings).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
