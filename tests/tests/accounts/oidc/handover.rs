//! Whose an account is that was there before its owner's first login.

use serde_json::json;
use tests::{Database, on_every_database, on_sqlite, picture};

use super::{Person, account, entered, server};

on_every_database!(whoever_registered_an_address_that_is_not_his_is_thrown_out,);

on_sqlite!(
    who_verified_his_address_here_keeps_his_account_as_it_is,
    whoever_renamed_himself_to_an_address_that_is_not_his_is_thrown_out,
    whoever_renamed_himself_is_thrown_out_by_a_mailed_code_too,
);

async fn who_verified_his_address_here_keeps_his_account_as_it_is(database: Database) {
    let server = server(database);
    let (user, person) = (server.user().await, Person::new());
    let code = server.mail_to(&user.email, 1).await.code();
    let verification = json!({"email": user.email, "code": code});
    let verified = user.client.anonymous().post("/email/verify").json(&verification);
    verified.await.expect(204);
    let key = user
        .client
        .post("/user/api-keys")
        .json(&json!({"name": "backup"}));
    let key = key.await.expect(201).json();
    let token = person.token_with(json!({"email": user.email.to_uppercase()}));
    let own = account(&entered(&user.client, &token).await).await;
    assert_eq!(
        (&own["id"], &own["has_password"]),
        (&json!(user.id), &json!(true))
    );
    user.client.get("/user").await.expect(200);
    let program = user.client.with_token(key["key"].as_str().expect("a key"));
    program.get("/user").await.expect(200);
    user.client.log_in(&user.name, &user.password).await;
}

async fn whoever_registered_an_address_that_is_not_his_is_thrown_out(database: Database) {
    let (client, person) = (server(database).client().await, Person::new());
    let registration = json!({"username": person.name, "email": person.email, "password": "a fine password"});
    let made = client
        .post("/register")
        .json(&registration)
        .await
        .expect(201)
        .json();
    let credentials = json!({"username": person.name, "password": "a fine password"});
    let login = client.post("/login").json(&credentials);
    let tokens = login.await.expect(200).json();
    let maker = client.with_token(tokens["access_token"].as_str().expect("an access token"));
    let key = maker.post("/user/api-keys").json(&json!({"name": "backup"}));
    let key = key.await.expect(201).json();
    let program = client.with_token(key["key"].as_str().expect("a key"));
    program.get("/user").await.expect(200);
    let image = maker.upload(picture(1, 40, 30)).await.expect(201).json();

    let owner = entered(&client, &person.token()).await;
    let taken = account(&owner).await;
    assert_eq!(taken["id"], made["id"]);
    assert_eq!(
        (&taken["email_verified"], &taken["has_password"]),
        (&json!(true), &json!(false))
    );
    let images = owner.get("/images").await.expect(200).json();
    assert_eq!(
        images["items"][0]["id"], image["id"],
        "what the account owns stays"
    );
    maker.get("/user").await.problem(401, "unauthenticated");
    program.get("/user").await.problem(401, "unauthenticated");
    let refresh = json!({"refresh_token": tokens["refresh_token"]});
    let refreshed = client.post("/token/refresh").json(&refresh).await;
    refreshed.problem(401, "invalid_token");
    let again = client.post("/login").json(&credentials).await;
    again.problem(401, "invalid_credentials");
}

async fn whoever_renamed_himself_to_an_address_that_is_not_his_is_thrown_out(database: Database) {
    let (client, owner, thief) = (server(database).client().await, Person::new(), Person::new());
    let waiting = entered(&client, &thief.token()).await;
    let profile = json!({"username": thief.name, "email": owner.email});
    let renamed = waiting.put("/user").json(&profile).await.expect(200).json();
    assert_eq!(renamed["email_verified"], false);
    let taken = account(&entered(&client, &owner.token()).await).await;
    assert_eq!(
        (&taken["id"], &taken["email_verified"]),
        (&renamed["id"], &json!(true))
    );
    waiting.get("/user").await.problem(401, "unauthenticated");
    // His identity leads to an account of his own now.
    let back = entered(&client, &thief.token()).await;
    assert_ne!(account(&back).await["id"], taken["id"]);
}

async fn whoever_renamed_himself_is_thrown_out_by_a_mailed_code_too(database: Database) {
    let server = server(database);
    let (client, owner, thief) = (server.client().await, Person::new(), Person::new());
    let waiting = entered(&client, &thief.token()).await;
    let key = waiting.post("/user/api-keys").json(&json!({"name": "backup"}));
    let key = key.await.expect(201).json();
    let profile = json!({"username": thief.name, "email": owner.email});
    waiting.put("/user").json(&profile).await.expect(200);
    // The first mail is that of the changed address.
    server.mail_to(&owner.email, 1).await;
    let wish = client
        .post("/password/forgot")
        .json(&json!({"email": owner.email}));
    wish.await.expect(202);
    let code = server.mail_to(&owner.email, 2).await.code();
    let password = "quite another long walk";
    let reset = json!({"email": owner.email, "code": code, "new_password": password});
    client.post("/password/reset").json(&reset).await.expect(204);

    let logged_in = client.with_token(&client.log_in(&owner.email, password).await);
    let taken = account(&logged_in).await;
    waiting.get("/user").await.problem(401, "unauthenticated");
    let program = client.with_token(key["key"].as_str().expect("a key"));
    program.get("/user").await.problem(401, "unauthenticated");
    let back = entered(&client, &thief.token()).await;
    assert_ne!(account(&back).await["id"], taken["id"]);
    // The owner's own identity leads to it now, and costs him nothing.
    let linked = entered(&client, &owner.token()).await;
    assert_eq!(account(&linked).await, taken);
    client.log_in(&owner.email, password).await;
}
