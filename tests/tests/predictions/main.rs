//! Predictions: images are classified by small models that tell colours apart, looked back at, judged and counted.

mod csv;
mod dashboard;
mod deleting;
mod feedback;
mod heat_maps;
mod history;
mod models;
mod parity;
mod predicting;
mod tasks;

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::{Client, Request, plain};

/// What the models of the tests say of pictures in these colours.
const RED: ([u8; 3], &str) = ([250, 20, 20], "diabetic retinopathy");
const GREEN: ([u8; 3], &str) = ([20, 250, 20], "normal");
const BLUE: ([u8; 3], &str) = ([20, 20, 250], "glaucoma");
const GREY: ([u8; 3], &str) = ([128, 128, 128], "cataract");

const LABELS: [&str; 4] = ["cataract", "diabetic retinopathy", "glaucoma", "normal"];

/// A file in a form.
fn file(name: &str, bytes: Vec<u8>) -> Form {
    Form::new().part("file", Part::bytes(bytes).file_name(name.to_owned()))
}

/// Asks for a prediction of a picture.
fn predict(client: &Client, query: &str, bytes: Vec<u8>) -> Request {
    client
        .post(&format!("/predict{query}"))
        .multipart(file("eye.png", bytes))
}

/// What is said of a picture in this colour by the default model.
async fn predicted(client: &Client, (colour, _): ([u8; 3], &str)) -> Value {
    predict(client, "", plain(colour)).await.expect(201).json()
}

/// The text in a field.
fn text<'a>(thing: &'a Value, field: &str) -> &'a str {
    thing[field].as_str().expect("text in this field")
}

/// The path of a prediction.
fn path(prediction: &Value) -> String {
    format!("/history/{}", text(prediction, "id"))
}

/// Says whether a prediction is right, and what would be.
async fn judge(client: &Client, prediction: &Value, correct: bool, label: Option<&str>) -> Value {
    let mut body = json!({"correct": correct});
    if let Some(label) = label {
        body["label"] = label.into();
    }
    let feedback = format!("{}/feedback", path(prediction));
    client.put(&feedback).json(&body).await.expect(200).json()
}
