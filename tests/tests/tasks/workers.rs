//! Many workers on one queue.

use std::collections::HashSet;

use serde_json::Value;
use tests::{
    Client, Database, Options, OwnDatabase, Server, Worker, bundled_image, eventually, on_every_database,
    on_sqlite, picture, run_program_in,
};

use crate::{NO_WORKERS, PATIENCE, finished, submitted, task, with};

on_every_database!(
    two_hundred_tasks_on_three_workers_are_each_done_once,
    users_take_turns,
);

on_sqlite!(
    an_image_that_cannot_be_read_ends_after_its_attempts_and_blocks_nobody,
    a_worker_that_is_to_run_once_drains_the_queue_and_ends,
);

const TASKS: usize = 200;

/// Three workers of one thread each.
fn three_workers(server: &Server) -> Vec<Worker> {
    let worker = |_| server.worker(&[("OCELLUS__WORKERS__COUNT", "1")]);
    (0..3).map(worker).collect()
}

/// Every task of a list, page by page.
pub async fn listed(client: &Client) -> Vec<Value> {
    let (mut items, mut next) = (Vec::new(), String::new());
    loop {
        let page = client
            .get(&format!("/tasks?limit=100{next}"))
            .await
            .expect(200)
            .json();
        items.extend(page["items"].as_array().expect("items").clone());
        match page["next_cursor"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => return items,
        }
    }
}

/// Waits until no task is queued or running.
pub async fn all_ended(client: &Client) {
    eventually("every task to end", PATIENCE, async || {
        let mut left = 0;
        for status in ["queued", "running"] {
            let page = client
                .get(&format!("/tasks?limit=1&status={status}"))
                .await
                .expect(200)
                .json();
            left += page["items"].as_array().expect("items").len();
        }
        left == 0
    })
    .await;
}

async fn two_hundred_tasks_on_three_workers_are_each_done_once(database: Database) {
    let own = (database != Database::Sqlite).then(|| OwnDatabase::create(database));
    let options = match &own {
        Some(own) => Options::default()
            .keeping(own.clone())
            .setting("OCELLUS__DATABASE__URL", &own.url),
        None => Options::default(),
    };
    let server = Server::start(with(options, NO_WORKERS));
    let user = server.user().await;
    let workers = three_workers(&server);
    let mut ids = HashSet::new();
    for _ in 0..TASKS {
        ids.insert(submitted(&user.client, bundled_image("hello.png")).await);
    }
    assert_eq!(ids.len(), TASKS);
    all_ended(&user.client).await;
    let tasks = listed(&user.client).await;
    assert_eq!(tasks.len(), TASKS);
    for task in &tasks {
        assert_eq!(
            (&task["status"], &task["attempts"]),
            (&"succeeded".into(), &1.into()),
            "{task}"
        );
        assert!(ids.remove(task["task_id"].as_str().expect("an id")));
    }
    if let Some(own) = own {
        assert_eq!(
            own.execute("SELECT COUNT(*) FROM texts").trim(),
            TASKS.to_string()
        );
    }
    drop(workers);
}

async fn users_take_turns(database: Database) {
    let server = Server::start(with(Options::on(database), NO_WORKERS));
    let (many, one) = (server.user().await, server.user().await);
    for _ in 0..20 {
        submitted(&many.client, bundled_image("hello.png")).await;
    }
    let id = submitted(&one.client, bundled_image("hello.png")).await;
    let _worker = server.worker(&[("OCELLUS__WORKERS__COUNT", "1")]);
    let own = finished(&one.client, &id).await;
    all_ended(&many.client).await;
    let began = own["started_at"].as_str().expect("it was begun");
    let before = listed(&many.client).await.into_iter();
    let before = before.filter(|task| task["started_at"].as_str().is_some_and(|start| start < began));
    assert!(
        before.count() <= 1,
        "who has one task does not wait for who has twenty"
    );
}

async fn an_image_that_cannot_be_read_ends_after_its_attempts_and_blocks_nobody(database: Database) {
    let server = Server::start(with(Options::on(database), NO_WORKERS));
    let user = server.user().await;
    let poison = picture(77, 40, 40);
    let bad = submitted(&user.client, poison.clone()).await;
    let good = submitted(&user.client, bundled_image("hello.png")).await;
    // Its bytes are lost: no attempt can succeed, and none can know that.
    let files = server.stored_files(|content| content == poison);
    assert_eq!(files.len(), 1);
    std::fs::remove_file(&files[0]).expect("the blob can be removed");
    let _worker = server.worker(&[("OCELLUS__WORKERS__COUNT", "1")]);
    let good = finished(&user.client, &good).await;
    let bad = finished(&user.client, &bad).await;
    assert_eq!(good["status"], "succeeded");
    assert_eq!(
        (&bad["status"], &bad["attempts"]),
        (&"failed".into(), &3.into()),
        "{bad}"
    );
    assert_eq!(bad["error"]["code"], "internal");
    assert_eq!(bad["error"]["status"], 500);
    assert!(bad["finished_at"].as_str() > good["finished_at"].as_str());
}

async fn a_worker_that_is_to_run_once_drains_the_queue_and_ends(database: Database) {
    let options = with(Options::on(database), NO_WORKERS);
    let server = Server::start(options);
    let user = server.user().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(submitted(&user.client, bundled_image("hello.png")).await);
    }
    let url = server.setting("OCELLUS__DATABASE__URL");
    let mut settings = vec![("OCELLUS__WORKERS__COUNT", "2")];
    settings.extend(url.map(|url| ("OCELLUS__DATABASE__URL", url)));
    for count in ["3", "0"] {
        let ended = run_program_in(server.folder(), &["worker", "--once"], &settings);
        assert_eq!(ended.code, Some(0), "{}", ended.errors);
        assert!(
            ended.errors.contains(&format!("\"count\":{count}")),
            "{}",
            ended.errors
        );
    }
    for id in ids {
        assert_eq!(task(&user.client, &id).await["status"], "succeeded");
    }
}
