//! Users of a server.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::client::Client;
use crate::server::Server;

/// A name that nothing else in this process has; each server is used by one process only.
pub fn unique_name(prefix: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("{prefix}{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

/// Somebody who registered and logged in.
#[derive(Debug, Clone)]
pub struct User {
    /// Logged in as this user.
    pub client: Client,
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
}

impl Server {
    /// Registers somebody new and logs in.
    pub async fn user(&self) -> User {
        let client = self.client().await;
        let name = unique_name("reader");
        let email = format!("{name}@example.org");
        let password = format!("a long walk of {name}");
        let user = client
            .post("/register")
            .json(&json!({"username": name, "email": email, "password": password}))
            .await
            .expect(201)
            .json();
        let token = client.log_in(&name, &password).await;
        User {
            client: client.with_token(&token),
            id: user["id"].as_str().expect("a user has an id").to_owned(),
            name,
            email,
            password,
        }
    }
}

impl Server {
    /// Registers somebody new, makes an admin of him and logs in.
    pub async fn admin(&self) -> User {
        let user = self.user().await;
        let done = self.run(&["user", "promote", &user.name]);
        assert_eq!(done.code, Some(0), "{}", done.errors);
        user
    }
}

impl Client {
    /// Logs in and gives the access token.
    pub async fn log_in(&self, name: &str, password: &str) -> String {
        let tokens = self
            .anonymous()
            .post("/login")
            .json(&json!({"username": name, "password": password}))
            .await
            .expect(200)
            .json();
        tokens["access_token"]
            .as_str()
            .expect("a login gives an access token")
            .to_owned()
    }

    /// What `/metrics` counts under `name`, summed over all labels; 0 when nothing was counted.
    pub async fn counted(&self, name: &str) -> u64 {
        let metrics = self.anonymous().get("/metrics").await.expect(200).text();
        metrics
            .lines()
            .filter(|line| {
                let rest = line.strip_prefix(name).unwrap_or("-");
                rest.starts_with(['{', ' '])
            })
            .filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok())
            .sum()
    }

    /// The ids of a whole list, page by page.
    pub async fn listed(&self, path: &str, limit: usize) -> Vec<Vec<String>> {
        let mut pages = Vec::new();
        let mut next = String::new();
        loop {
            let page: Value = self
                .get(&format!("{path}?limit={limit}{next}"))
                .await
                .expect(200)
                .json();
            let items = page["items"].as_array().expect("a page has items");
            pages.push(
                items
                    .iter()
                    .map(|item| item["id"].as_str().expect("an item has an id").to_owned())
                    .collect(),
            );
            match page.get("next_cursor").and_then(Value::as_str) {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => return pages,
            }
        }
    }
}
