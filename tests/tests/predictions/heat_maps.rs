//! Heat maps and attributions.

use image::{ColorType, GenericImageView};
use serde_json::Value;
use tests::{Database, Options, Server, on_sqlite};

use crate::{RED, path, predict, predicted, text};

on_sqlite!(a_prediction_is_explained_with_and_without_maps_of_the_model);

async fn a_prediction_is_explained_with_and_without_maps_of_the_model(database: Database) {
    let server = Server::start(Options::on(database).with_models(&["colours", "colours_2"]));
    let user = server.user().await;
    for query in ["?model=colours@1", "?model=colours@2"] {
        // Half of the picture is red, and the rest without a colour.
        let mut picture = image::RgbImage::from_pixel(64, 48, image::Rgb([90, 90, 90]));
        for (x, _, pixel) in picture.enumerate_pixels_mut() {
            if x < 32 {
                *pixel = image::Rgb(RED.0);
            }
        }
        let mut bytes = std::io::Cursor::new(Vec::new());
        picture
            .write_to(&mut bytes, image::ImageFormat::Png)
            .expect("a small picture can be encoded");
        let prediction = predict(&user.client, query, bytes.into_inner())
            .await
            .expect(201)
            .json();
        assert_eq!(text(&prediction, "label"), RED.1);
        for (query, colour) in [("", ColorType::Rgb8), ("?overlay=false", ColorType::Rgba8)] {
            let answer = user.client.get(&format!("{}/heatmap{query}", path(&prediction)));
            let answer = answer.await.expect(200);
            assert_eq!(answer.header("content-type"), "image/png");
            let map = image::load_from_memory(&answer.body).expect("a picture");
            assert_eq!((map.dimensions(), map.color()), ((64, 48), colour));
        }
        let refused = user
            .client
            .get(&format!("{}/heatmap?overlay=maybe", path(&prediction)));
        refused.await.problem(400, "invalid_request");
        let numbers = user.client.get(&format!("{}/attribution", path(&prediction)));
        let numbers = numbers.await.expect(200).json();
        assert_eq!(numbers["label"], RED.1);
        let values: Vec<f64> = numbers["values"]
            .as_array()
            .expect("values")
            .iter()
            .filter_map(Value::as_f64)
            .collect();
        let cells = numbers["rows"].as_u64().zip(numbers["columns"].as_u64());
        assert_eq!(
            cells.map(|(rows, columns)| rows * columns),
            Some(values.len() as u64)
        );
        let (lowest, highest) = (
            values.iter().copied().reduce(f64::min),
            values.iter().copied().reduce(f64::max),
        );
        assert_eq!(
            (numbers["minimum"].as_f64(), numbers["maximum"].as_f64()),
            (lowest, highest)
        );
        assert!(lowest >= Some(0.0) && highest > lowest, "{numbers}");
    }
}

#[tokio::test]
async fn an_explanation_that_the_client_knows_is_not_computed_again() {
    let server = Server::shared(Database::Sqlite);
    let user = server.user().await;
    let prediction = predicted(&user.client, RED).await;
    for form in ["heatmap", "heatmap?overlay=false", "attribution"] {
        known_explanation(server, form).await;
    }
    let path_of = |form: &str| format!("{}/{form}", path(&prediction));
    let mut tags = vec![];
    for form in ["heatmap", "heatmap?overlay=false", "attribution"] {
        tags.push(
            user.client
                .get(&path_of(form))
                .await
                .expect(200)
                .header("etag")
                .to_owned(),
        );
    }
    tags.dedup();
    assert_eq!(tags.len(), 3, "{tags:?}");
}

async fn known_explanation(server: &Server, form: &str) {
    let user = server.user().await;
    let prediction = predicted(&user.client, RED).await;
    let heat_map = format!("{}/{form}", path(&prediction));
    let drawn = user.client.get(&heat_map).await.expect(200);
    assert_eq!(drawn.header("cache-control"), "private, no-cache");
    let tag = drawn.header("etag");
    let again = user.client.get(&heat_map).header("if-none-match", tag).await;
    assert_eq!((again.status, again.header("etag")), (304, tag));
    assert!(again.body.is_empty());

    let other = predicted(&user.client, RED).await;
    let other = user.client.get(&format!("{}/{form}", path(&other)));
    let other = other.header("if-none-match", tag).await.expect(200);
    assert_ne!(other.header("etag"), tag);
    // The tag reveals nothing about the prediction of another user.
    let stranger = server.user().await;
    let asked = stranger.client.get(&heat_map).header("if-none-match", tag);
    asked.await.problem(404, "not_found");
    user.client.delete(&path(&prediction)).await.expect(204);
    let asked = user.client.get(&heat_map).header("if-none-match", tag);
    asked.await.problem(404, "not_found");
}
