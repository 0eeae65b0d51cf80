//! What the model looked at.

use image::GenericImageView;
use tests::{Database, Options, Server, on_sqlite};

use crate::{RED, path, predict, predicted, text};

on_sqlite!(a_heat_map_is_a_picture_whether_or_not_the_model_makes_maps,);

async fn a_heat_map_is_a_picture_whether_or_not_the_model_makes_maps(database: Database) {
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
        let answer = user
            .client
            .get(&format!("{}/heatmap", path(&prediction)))
            .await
            .expect(200);
        assert_eq!(answer.header("content-type"), "image/png");
        let map = image::load_from_memory(&answer.body).expect("a picture");
        assert!(map.width() >= 64 && map.height() >= 48, "{:?}", map.dimensions());
    }
}

#[tokio::test]
async fn a_heat_map_that_is_known_is_not_drawn_again() {
    let server = Server::shared(Database::Sqlite);
    let user = server.user().await;
    let prediction = predicted(&user.client, RED).await;
    let heat_map = format!("{}/heatmap", path(&prediction));
    let drawn = user.client.get(&heat_map).await.expect(200);
    assert_eq!(drawn.header("cache-control"), "private, no-cache");
    let tag = drawn.header("etag");
    let again = user.client.get(&heat_map).header("if-none-match", tag).await;
    assert_eq!((again.status, again.header("etag")), (304, tag));
    assert!(again.body.is_empty());

    let other = predicted(&user.client, RED).await;
    let other = user.client.get(&format!("{}/heatmap", path(&other)));
    let other = other.header("if-none-match", tag).await.expect(200);
    assert_ne!(other.header("etag"), tag);
    // Who may not see the prediction does not learn that its drawing is known.
    let stranger = server.user().await;
    let asked = stranger.client.get(&heat_map).header("if-none-match", tag);
    asked.await.problem(404, "not_found");
    user.client.delete(&path(&prediction)).await.expect(204);
    let asked = user.client.get(&heat_map).header("if-none-match", tag);
    asked.await.problem(404, "not_found");
}
