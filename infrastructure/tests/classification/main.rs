//! Classification with real ONNX models.

mod buckets;
mod heat_maps;
mod loading;
mod models;
mod parity;
#[path = "../../../tests/src/parity_model.rs"]
mod parity_model;
mod reloading;
mod requests;
#[expect(dead_code, reason = "the tests of blobs look at its files, these do not")]
#[path = "../../../tests/src/s3_server.rs"]
mod s3_server;
