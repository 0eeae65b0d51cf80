//! What goes with what.

use serde_json::json;
use tests::{Database, Server, on_every_database, on_sqlite};

use crate::{GREEN, RED, judge, path, predicted, text};

on_every_database!(deleting_an_account_takes_its_predictions_from_everybodys_counts,);

on_sqlite!(
    a_prediction_that_is_deleted_is_gone_and_its_image_stays,
    deleting_an_image_takes_its_predictions_and_their_counts,
);

async fn a_prediction_that_is_deleted_is_gone_and_its_image_stays(database: Database) {
    let user = Server::shared(database).user().await;
    let client = &user.client;
    let prediction = predicted(client, RED).await;
    judge(client, &prediction, true, None).await;
    client.delete(&path(&prediction)).await.expect(204);
    for rest in ["", "/image", "/heatmap", "/attribution"] {
        let answer = client.get(&format!("{}{rest}", path(&prediction))).await;
        answer.problem(404, "not_found");
    }
    client.delete(&path(&prediction)).await.problem(404, "not_found");
    let image = format!("/images/{}", text(&prediction, "image_id"));
    client.get(&image).await.expect(200);
    let dashboard = client.get("/dashboard?range=all").await.expect(200).json();
    assert_eq!(dashboard["total_predictions"], 0, "{dashboard}");
    assert_eq!(dashboard["by_label"], json!([]), "{dashboard}");
}

async fn deleting_an_image_takes_its_predictions_and_their_counts(database: Database) {
    let user = Server::shared(database).user().await;
    let client = &user.client;
    let (gone, stays) = (predicted(client, RED).await, predicted(client, GREEN).await);
    judge(client, &gone, false, Some("glaucoma")).await;
    let image = format!("/images/{}", text(&gone, "image_id"));
    client.delete(&image).await.expect(204);
    client.get(&path(&gone)).await.problem(404, "not_found");
    client.get(&path(&stays)).await.expect(200);
    let dashboard = client.get("/dashboard").await.expect(200).json();
    assert_eq!(dashboard["total_predictions"], 1, "{dashboard}");
    assert_eq!(dashboard["total_images"], 1, "{dashboard}");
    assert_eq!(dashboard["feedback"]["given"], 0, "{dashboard}");
    assert_eq!(dashboard["confusion"], json!([]), "{dashboard}");
}

async fn deleting_an_account_takes_its_predictions_from_everybodys_counts(database: Database) {
    let options = tests::Options::on(database).with_models(&["colours"]);
    let server = Server::start(options);
    let (admin, user) = (server.admin().await, server.user().await);
    predicted(&admin.client, RED).await;
    let prediction = predicted(&user.client, GREEN).await;
    judge(&user.client, &prediction, true, None).await;
    let everybody = async || {
        let dashboard = admin.client.get("/dashboard?scope=all").await.expect(200).json();
        [
            &dashboard["total_predictions"],
            &dashboard["total_images"],
            &dashboard["feedback"]["given"],
        ]
        .map(|count| count.as_u64().expect("a count"))
    };
    assert_eq!(everybody().await, [2, 2, 1]);
    user.client.delete("/user").await.expect(204);
    assert_eq!(everybody().await, [1, 1, 0]);
}
