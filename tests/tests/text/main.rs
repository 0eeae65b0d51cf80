//! Text: reading it from images in several languages and shapes, and never twice.

use tests::{Answer, User};

mod once;
mod reading;
mod wishes;

async fn read(user: &User, id: &str, query: &str) -> Answer {
    user.client.get(&format!("/images/{id}/text{query}")).await
}
