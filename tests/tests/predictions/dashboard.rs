//! How good predictions are.

use serde_json::{Value, json};
use tests::{Client, Database, Options, Server, on_every_database, on_sqlite};

use crate::{BLUE, GREEN, GREY, RED, judge, predicted};

on_every_database!(
    what_was_predicted_and_said_is_added_up,
    everybodys_predictions_are_for_admins,
);

on_sqlite!(
    without_feedback_there_is_no_share,
    a_malformed_query_names_every_bad_parameter,
    the_chart_shows_the_days,
);

async fn dashboard(client: &Client, query: &str) -> Value {
    client.get(&format!("/dashboard{query}")).await.expect(200).json()
}

/// Predictions, some of which are judged: three right, one wrong, one wrong without a word of what is right.
async fn fill(client: &Client) {
    for (colour, said) in [
        (RED, Some((true, None))),
        (RED, Some((false, Some("glaucoma")))),
        (GREEN, Some((true, None))),
        (GREEN, Some((true, None))),
        (BLUE, Some((false, None))),
        (GREY, None),
    ] {
        let prediction = predicted(client, colour).await;
        if let Some((correct, label)) = said {
            judge(client, &prediction, correct, label).await;
        }
    }
}

async fn what_was_predicted_and_said_is_added_up(database: Database) {
    let user = Server::shared(database).user().await;
    fill(&user.client).await;
    for range in ["today", "week", "month", "year", "all"] {
        // Midnight may pass while the test runs; then it is not today any more.
        let shown = dashboard(&user.client, &format!("?range={range}&tz=Europe/Madrid")).await;
        if range == "today" && shown["total_predictions"] != 6 {
            continue;
        }
        assert_eq!(
            (&shown["range"], &shown["scope"]),
            (&json!(range), &json!("mine")),
            "{shown}"
        );
        assert_eq!(shown["total_predictions"], 6, "{shown}");
        assert_eq!(shown["total_images"], 6, "{shown}");
        let feedback = &shown["feedback"];
        assert_eq!((&feedback["given"], &feedback["correct"]), (&json!(5), &json!(3)));
        assert_eq!(feedback["share_correct"], json!(0.6));
        // Wilson's interval of 3 of 5 at 95 %.
        for (end, expected) in [(0, 0.230_724), (1, 0.882_379)] {
            let end = feedback["interval"][end].as_f64().expect("a number");
            assert!((end - expected).abs() < 1e-5, "{feedback}");
        }
        assert_eq!(
            shown["by_label"],
            json!([
                {"label": "cataract", "predictions": 1, "given": 0, "correct": 0},
                {"label": "diabetic retinopathy", "predictions": 2, "given": 2, "correct": 1},
                {"label": "glaucoma", "predictions": 1, "given": 1, "correct": 0},
                {"label": "normal", "predictions": 2, "given": 2, "correct": 2},
            ])
        );
        assert_eq!(
            shown["confusion"],
            json!([
                {"predicted": "diabetic retinopathy", "actual": "diabetic retinopathy", "count": 1},
                {"predicted": "diabetic retinopathy", "actual": "glaucoma", "count": 1},
                {"predicted": "normal", "actual": "normal", "count": 2},
            ])
        );
        let days = shown["by_day"].as_array().expect("a list");
        let sum = |field: &str| days.iter().filter_map(|day| day[field].as_u64()).sum::<u64>();
        assert_eq!((sum("predictions"), sum("given"), sum("correct")), (6, 5, 3));
    }
}

async fn without_feedback_there_is_no_share(database: Database) {
    let user = Server::shared(database).user().await;
    let nothing = json!({
        "range": "today",
        "scope": "mine",
        "total_predictions": 0,
        "total_images": 0,
        "feedback": {"given": 0, "correct": 0, "share_correct": null, "interval": null},
        "by_label": [],
        "by_day": [],
        "confusion": [],
    });
    assert_eq!(dashboard(&user.client, "").await, nothing);
    predicted(&user.client, RED).await;
    let shown = dashboard(&user.client, "?range=week").await;
    assert_eq!(shown["total_predictions"], 1);
    assert_eq!(shown["feedback"]["share_correct"], Value::Null);
}

async fn everybodys_predictions_are_for_admins(database: Database) {
    let server = Server::start(Options::on(database).with_models(&["colours"]));
    let (admin, user) = (server.admin().await, server.user().await);
    fill(&user.client).await;
    for path in ["/dashboard?scope=all", "/dashboard/chart.svg?scope=all"] {
        user.client.get(path).await.problem(403, "forbidden");
    }
    let all = dashboard(&admin.client, "?scope=all&range=week").await;
    assert_eq!(
        (&all["scope"], &all["total_predictions"]),
        (&json!("all"), &json!(6))
    );
    let mine = dashboard(&admin.client, "?scope=mine&range=week").await;
    assert_eq!(
        (&mine["scope"], &mine["total_predictions"]),
        (&json!("mine"), &json!(0))
    );
}

async fn a_malformed_query_names_every_bad_parameter(database: Database) {
    let user = Server::shared(database).user().await;
    for path in ["/dashboard", "/dashboard/chart.svg"] {
        let query = format!("{path}?range=decade&scope=yours&tz=Nowhere/Town");
        user.client
            .get(&query)
            .await
            .names_fields(&["range", "scope", "tz"]);
    }
}

async fn the_chart_shows_the_days(database: Database) {
    let user = Server::shared(database).user().await;
    fill(&user.client).await;
    let chart = user
        .client
        .get("/dashboard/chart.svg?range=month")
        .await
        .expect(200);
    assert_eq!(chart.header("content-type"), "image/svg+xml");
    let svg = chart.text();
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
    assert!(
        svg.contains("Predictions: 6. Rated: 5, of which 60.0 % correct"),
        "{svg}"
    );
    assert!(!svg.contains("<script"), "{svg}");
}
