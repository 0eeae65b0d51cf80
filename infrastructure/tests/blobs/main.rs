//! Blobs in S3, against a server that checks signatures and how long they count.

mod links;
mod objects;
mod outages;
mod refusals;
#[path = "../../../tests/src/s3_server.rs"]
mod s3_server;
mod stores;
