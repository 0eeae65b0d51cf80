//! What the model looked at.

use image::GenericImageView;
use tests::{Database, Options, Server, on_every_database};

use crate::{RED, path, predict, text};

on_every_database!(a_heat_map_is_a_picture_whether_or_not_the_model_makes_maps);

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
