//! Looking back.

use serde_json::Value;
use tests::{Client, Database, Options, Server, on_every_database, on_sqlite};

use crate::{BLUE, GREEN, GREY, RED, judge, predict, predicted, text};

on_every_database!(
    every_filter_finds_what_meets_it,
    lists_are_ordered_as_asked_and_go_on_page_by_page,
    what_is_said_meanwhile_neither_hides_nor_doubles_a_prediction,
);

on_sqlite!(
    a_malformed_query_names_every_bad_parameter,
    a_prediction_that_is_not_ones_own_is_not_found,
);

async fn ids(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("/history{query}")).await.expect(200).json();
    let items = page["items"].as_array().expect("a page has items");
    items.iter().map(|item| text(item, "id").to_owned()).collect()
}

async fn what_is_said_meanwhile_neither_hides_nor_doubles_a_prediction(database: Database) {
    const PREDICTIONS: usize = 4;
    let user = Server::shared(database).user().await;
    let client = &user.client;
    let mut made = Vec::new();
    for _ in 0..PREDICTIONS {
        made.push(predicted(client, GREEN).await);
    }
    let saying = async {
        for correct in [true, false].into_iter().cycle().take(40) {
            for prediction in &made {
                judge(client, prediction, correct, None).await;
            }
        }
    };
    let looking = async {
        for _ in 0..80 {
            let mut seen = ids(client, "").await;
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), PREDICTIONS);
            assert_eq!(ids(client, "").await.len(), PREDICTIONS);
        }
    };
    tokio::join!(saying, looking);
}

fn id(prediction: &Value) -> String {
    text(prediction, "id").to_owned()
}

async fn every_filter_finds_what_meets_it(database: Database) {
    let server = Server::start(Options::on(database).with_models(&["colours", "no_number_for_black"]));
    let user = server.user().await;
    let client = &user.client;
    let red = predicted(client, RED).await;
    let green = predicted(client, GREEN).await;
    let other = predict(client, "?model=no_number_for_black", tests::plain(RED.0));
    let other = other.await.expect(201).json();
    judge(client, &red, true, None).await;
    judge(client, &green, false, Some("glaucoma")).await;
    let (red_id, green_id, other_id) = (id(&red), id(&green), id(&other));
    let created_at = |prediction: &Value| text(prediction, "created_at").to_owned();
    for (query, expected) in [
        (String::new(), vec![&other_id, &green_id, &red_id]),
        ("?label=normal".to_owned(), vec![&green_id]),
        (
            "?label=diabetic%20retinopathy".to_owned(),
            vec![&other_id, &red_id],
        ),
        ("?label=nothing".to_owned(), vec![]),
        ("?model=colours".to_owned(), vec![&green_id, &red_id]),
        (
            "?model=colours&label=diabetic%20retinopathy".to_owned(),
            vec![&red_id],
        ),
        ("?feedback=correct".to_owned(), vec![&red_id]),
        ("?feedback=incorrect".to_owned(), vec![&green_id]),
        ("?feedback=none".to_owned(), vec![&other_id]),
        ("?feedback=none&label=normal".to_owned(), vec![]),
        (
            format!("?from={}", created_at(&green)),
            vec![&other_id, &green_id],
        ),
        // The end is not of the range.
        (format!("?to={}", created_at(&green)), vec![&red_id]),
        (
            format!("?from={}&to={}", created_at(&green), created_at(&other)),
            vec![&green_id],
        ),
        (format!("?from={0}&to={0}", created_at(&green)), vec![]),
        (
            "?from=2020-01-01&to=2020-01-02&tz=Asia/Kathmandu".to_owned(),
            vec![],
        ),
        ("?to=9999-12-31".to_owned(), vec![&other_id, &green_id, &red_id]),
    ] {
        let found = ids(client, &query).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
    }
}

async fn lists_are_ordered_as_asked_and_go_on_page_by_page(database: Database) {
    let user = Server::shared(database).user().await;
    let client = &user.client;
    let mut made = Vec::new();
    for colour in [
        RED,
        GREY,
        GREEN,
        BLUE,
        ([250, 120, 120], "diabetic retinopathy"),
        GREY,
        RED,
    ] {
        made.push(predicted(client, colour).await);
    }
    let newest: Vec<_> = made.iter().rev().map(id).collect();
    let oldest: Vec<_> = made.iter().map(id).collect();
    made.sort_by(|one, other| {
        let confidence = |made: &Value| made["confidence"].as_f64().expect("a number");
        let by_confidence = confidence(other).total_cmp(&confidence(one));
        by_confidence.then_with(|| id(other).cmp(&id(one)))
    });
    let surest: Vec<_> = made.iter().map(id).collect();
    for (sort, expected) in [("newest", newest), ("oldest", oldest), ("confidence", surest)] {
        for limit in [1, 3, 7, 100] {
            let mut found = Vec::new();
            let mut cursor = String::new();
            loop {
                let path = format!("/history?sort={sort}&limit={limit}{cursor}");
                let page = client.get(&path).await.expect(200).json();
                let items = page["items"].as_array().expect("a page has items");
                found.extend(items.iter().map(id));
                let Some(next) = page.get("next_cursor") else {
                    break;
                };
                cursor = format!("&cursor={}", next.as_str().expect("a cursor is text"));
            }
            assert_eq!(found, expected, "{sort} by {limit}");
        }
    }
}

async fn a_malformed_query_names_every_bad_parameter(database: Database) {
    let user = Server::shared(database).user().await;
    for (query, fields) in [
        (
            "limit=0&sort=best&feedback=maybe",
            vec!["limit", "sort", "feedback"],
        ),
        ("from=yesterday&to=2026-02-30", vec!["from", "to"]),
        ("tz=Mars", vec!["tz"]),
        ("label=&model=a%20b", vec!["label", "model"]),
        ("cursor=nonsense", vec!["cursor"]),
        // Reversed.
        ("from=2026-03-02&to=2026-03-01", vec!["to"]),
    ] {
        for list in ["/history", "/history.csv"] {
            let of_pages = query.contains("limit") || query.contains("cursor");
            if list == "/history" || !of_pages {
                let answer = user.client.get(&format!("{list}?{query}")).await;
                answer.names_fields(&fields);
            }
        }
    }
    // A cursor of one order leads nowhere in another.
    predicted(&user.client, RED).await;
    predicted(&user.client, RED).await;
    let page = user.client.get("/history?limit=1").await.expect(200).json();
    let cursor = text(&page, "next_cursor");
    let path = format!("/history?sort=confidence&cursor={cursor}");
    user.client.get(&path).await.names_fields(&["cursor"]);
}

async fn a_prediction_that_is_not_ones_own_is_not_found(database: Database) {
    let server = Server::shared(database);
    let (owner, stranger) = (server.user().await, server.user().await);
    let prediction = predicted(&owner.client, RED).await;
    for id in [
        text(&prediction, "id"),
        "0190b0a0-0000-7000-8000-000000000000",
        "7",
    ] {
        for rest in ["", "/image", "/heatmap", "/attribution"] {
            let answer = stranger.client.get(&format!("/history/{id}{rest}")).await;
            answer.problem(404, "not_found");
        }
    }
    assert!(ids(&stranger.client, "").await.is_empty());
}
