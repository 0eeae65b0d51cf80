//! The harness of the black-box tests: it starts the program that was built, gives each server a folder and a database of
//! its own, and talks to it as a client would, comparing every answer with the specification that the server hands out.
#![expect(
    clippy::missing_panics_doc,
    reason = "a harness fails a test by panicking: every function here may"
)]

mod answer;
mod broker;
mod client;
mod database;
mod faces;
mod home;
mod log;
mod mail_server;
mod mails;
mod parity_model;
mod pictures;
mod program;
mod proxy;
mod raw;
mod repository;
mod s3_server;
mod server;
mod specification;
mod users;
mod waiting;
mod worker;

pub use answer::Answer;
pub use broker::PrivateBroker;
pub use client::{Client, Request};
pub use database::{Database, OwnDatabase};
pub use faces::{FacePhotos, photo_form};
pub use log::Log;
pub use mail_server::MailServer;
pub use mails::Mail;
pub use parity_model::write_parity_model;
pub use pictures::{
    bundled_image, long_document, picture, picture_as, plain, png_that_claims_to_be, svg, tiff_of_pages,
    truncated,
};
pub use program::{Finished, program, run_program, run_program_in};
pub use proxy::Proxy;
pub use raw::RawConnection;
pub use repository::{repository_root, rust_sources};
pub use reqwest::Method;
pub use s3_server::S3Server;
pub use server::{Options, Server};
pub use specification::{Operation, Specification};
pub use users::{User, unique_name};
pub use waiting::{eventually, eventually_blocking};
pub use worker::Worker;

/// Makes tests of functions that take the [`Database`], on `SQLite`.
#[macro_export]
macro_rules! on_sqlite {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $crate::on_database!(Sqlite, $($name),+);
        }
    };
}

/// Makes tests of functions that take the [`Database`], on `SQLite`, `PostgreSQL` and `MariaDB`: the smoke set, for behaviour that
/// depends on the database. The adapters have tests of their own on all three.
#[macro_export]
macro_rules! on_every_database {
    ($($name:ident),+ $(,)?) => {
        mod smoke_on_sqlite {
            $crate::on_database!(Sqlite, $($name),+);
        }

        mod smoke_on_postgres {
            $crate::on_database!(Postgres, $($name),+);
        }

        mod smoke_on_mariadb {
            $crate::on_database!(Mariadb, $($name),+);
        }
    };
}

/// Makes the tests of [`on_sqlite`] and [`on_every_database`] for one database.
#[doc(hidden)]
#[macro_export]
macro_rules! on_database {
    ($database:ident, $($name:ident),+) => {
        $(
            #[tokio::test]
            async fn $name() {
                super::$name($crate::Database::$database).await;
            }
        )+
    };
}
