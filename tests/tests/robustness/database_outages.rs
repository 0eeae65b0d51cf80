//! A database that goes away and comes back.

use tests::{Database, Options, OwnDatabase, Proxy, Server, eventually, picture};

use crate::RECOVERY;

#[tokio::test]
async fn while_the_database_is_away_the_service_says_so_and_then_goes_on() {
    let database = OwnDatabase::create(Database::Postgres);
    let proxy = Proxy::to(database.address());
    let url = database.url_through(proxy.port());
    let server = Server::start(
        Options::default()
            .keeping(database)
            .setting("OCELLUS__DATABASE__URL", &url),
    );
    let user = server.user().await;
    let bytes = picture(1, 40, 40);
    let id = user.client.uploaded(bytes.clone()).await;

    for _ in 0..2 {
        proxy.cut();
        user.client.get("/user").await.problem(503, "unavailable");
        user.client
            .get(&format!("/images/{id}"))
            .await
            .problem(503, "unavailable");
        user.client
            .upload(picture(2, 40, 40))
            .await
            .problem(503, "unavailable");
        user.client
            .anonymous()
            .post("/login")
            .json(&serde_json::json!({"username": user.name, "password": user.password}))
            .await
            .problem(503, "unavailable");
        user.client.get("/health/live").await.expect(200);
        let ready = user.client.get("/health/ready").await.expect(503).json();
        assert_eq!(ready["status"], "failing", "{ready}");
        assert_eq!(ready["checks"]["database"]["status"], "failing", "{ready}");
        assert_eq!(ready["checks"]["storage"]["status"], "ok", "{ready}");

        proxy.restore();
        eventually("the service to be ready again", RECOVERY, async || {
            user.client.get("/health/ready").await.status == 200
        })
        .await;
        user.client.get("/user").await.expect(200);
        let content = user
            .client
            .get(&format!("/images/{id}/content"))
            .await
            .expect(200);
        assert_eq!(content.body, bytes);
        assert_eq!(
            user.client.listed("/images", 10).await.concat(),
            [id.as_str()],
            "what was refused is not there"
        );
    }
}
