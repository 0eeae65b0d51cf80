//! Who may do what, driven from the specification: a new operation is covered by itself, a new kind of thing as soon as
//! [`create`] knows how to make one.

use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use tests::{
    Answer, Database, Operation, Server, User, long_document, on_every_database, on_sqlite, picture,
    unique_name,
};

/// What may be called without a login. A new operation that is missing here needs one.
const PUBLIC: [&str; 16] = [
    "POST /register",
    "POST /login",
    "POST /login/oidc",
    "POST /login/face",
    "POST /register/face",
    "POST /token/refresh",
    "POST /logout",
    "POST /email/verify",
    "POST /email/verify/resend",
    "POST /password/forgot",
    "POST /password/reset",
    "GET /models",
    "GET /health/live",
    "GET /health/ready",
    "GET /metrics",
    "GET /.well-known/jwks.json",
];

/// The id of nothing.
const ABSENT: &str = "0190b0a0-0000-7000-8000-000000000000";

/// Where the operations of admins are.
const ADMIN: &str = "/admin/";

on_every_database!(
    what_belongs_to_somebody_else_is_not_found,
    lists_show_only_what_is_ones_own,
);

on_sqlite!(
    every_operation_but_the_public_ones_needs_a_login,
    without_a_token_every_private_operation_is_unauthenticated,
    the_operations_of_admins_are_forbidden_to_others_whether_or_not_there_is_such_a_thing,
);

async fn every_operation_but_the_public_ones_needs_a_login(database: Database) {
    let client = Server::shared(database).client().await;
    let operations = client.specification().operations();
    assert!(operations.len() > PUBLIC.len(), "the specification is not empty");
    for operation in &operations {
        let name = name(operation);
        assert_eq!(
            operation.needs_login,
            !PUBLIC.contains(&name.as_str()),
            "whether {name} needs a login"
        );
    }
}

async fn without_a_token_every_private_operation_is_unauthenticated(database: Database) {
    let owner = Server::shared(database).user().await;
    for operation in private(&owner) {
        for token in [None, Some("nonsense"), Some("")] {
            let client = match token {
                Some(token) => owner.client.with_token(token),
                None => owner.client.anonymous(),
            };
            let path = address(&owner, &operation).await;
            let method = operation.method.parse().expect("a method");
            let answer = client.request(method, &path).await;
            answer.problem(401, "unauthenticated");
        }
    }
}

async fn what_belongs_to_somebody_else_is_not_found(database: Database) {
    let server = Server::shared(database);
    let (owner, stranger) = (server.user().await, server.user().await);
    let mut checked = 0;
    for operation in private(&owner) {
        if !operation.path.contains('{') || operation.path.starts_with(ADMIN) {
            continue;
        }
        let path = address(&owner, &operation).await;
        let others = call(&stranger, &operation, &path).await;
        others.problem(404, "not_found");
        // Not a word tells it from something that never was.
        let absent = path.replace(&id_in(&path, &operation.path), ABSENT);
        let missing = call(&stranger, &operation, &absent).await;
        assert_eq!(others.json(), missing.json(), "{others}");
        // And it was really there.
        let own = call(&owner, &operation, &path).await;
        assert!(own.status < 400, "the owner's own: {own}: {}", own.text());
        checked += 1;
    }
    assert!(
        checked >= 4,
        "only {checked} operations with an id were found in the specification"
    );
}

async fn the_operations_of_admins_are_forbidden_to_others_whether_or_not_there_is_such_a_thing(
    database: Database,
) {
    let server = Server::shared(database);
    let (owner, stranger, admin) = (server.user().await, server.user().await, server.admin().await);
    let mut checked = 0;
    for operation in private(&owner) {
        if !operation.path.starts_with(ADMIN) {
            continue;
        }
        let path = address(&owner, &operation).await;
        let refused = call(&stranger, &operation, &path).await;
        refused.problem(403, "forbidden");
        if operation.path.contains('{') {
            let absent = path.replace(&id_in(&path, &operation.path), ABSENT);
            for other in [
                &absent,
                &path.replace(&id_in(&path, &operation.path), &stranger.id),
            ] {
                let other = call(&stranger, &operation, other).await;
                assert_eq!(refused.json(), other.json(), "{other}");
            }
            call(&admin, &operation, &absent).await.problem(404, "not_found");
        }
        // It is only for want of the role.
        let done = call(&admin, &operation, &path).await;
        assert!(done.status < 400, "an admin: {done}: {}", done.text());
        checked += 1;
    }
    assert!(checked >= 3, "only {checked} operations of admins were found");
}

async fn lists_show_only_what_is_ones_own(database: Database) {
    let server = Server::shared(database);
    let (owner, stranger) = (server.user().await, server.user().await);
    let image = owner.client.uploaded(picture(1, 9, 9)).await;
    let task = submitted(&owner, picture(1, 9, 9)).await;
    let prediction = predicted(&owner).await;
    for operation in private(&owner) {
        let is_list =
            operation.method == "GET" && !operation.path.contains('{') && !operation.path.starts_with(ADMIN);
        if !is_list {
            continue;
        }
        let others = call(&stranger, &operation, &operation.path).await;
        // What one has once or not at all is no list, and the stranger has none.
        let expected = if operation.path == "/user/face" { 404 } else { 200 };
        let others = others.expect(expected);
        let text = others.text();
        assert!(
            ![&image, &task, &prediction, &owner.id]
                .into_iter()
                .any(|id| text.contains(id)),
            "{others}: {text}"
        );
    }
}

/// Makes what the path's `{id}` names, for this user, and gives its id.
async fn create(owner: &User, operation: &Operation) -> String {
    let path = operation.path.as_str();
    if path.starts_with("/images/{id}") {
        return owner.client.uploaded(picture(2, 9, 9)).await;
    }
    if path.starts_with("/history/{id}") {
        return predicted(owner).await;
    }
    if path.starts_with("/tasks/{id}") || path == "/result/{task_id}" {
        // What is to be cancelled must not be done before.
        let cancelling = operation.method == "DELETE";
        return submitted(
            owner,
            if cancelling {
                long_document(4)
            } else {
                picture(2, 9, 9)
            },
        )
        .await;
    }
    if path.starts_with("/user/sessions/{id}") {
        // Newest first: not the one that asks.
        owner.client.log_in(&owner.name, &owner.password).await;
        let sessions = owner.client.get("/user/sessions").await.expect(200).json();
        return text_of(&sessions["items"][0], "id");
    }
    if path.starts_with("/user/api-keys/{id}") {
        let key = owner
            .client
            .post("/user/api-keys")
            .json(&json!({"name": "backup"}));
        return text_of(&key.await.expect(201).json(), "id");
    }
    if path.starts_with("/admin/users/{id}") {
        // A user whom nobody misses.
        let (name, client) = (unique_name("somebody"), owner.client.anonymous());
        let email = format!("{name}@example.org");
        let body = json!({"username": name, "email": email, "password": owner.password});
        let somebody = client.post("/register").json(&body).await.expect(201);
        return text_of(&somebody.json(), "id");
    }
    panic!("{path} is new: teach this function to create such a thing");
}

async fn predicted(owner: &User) -> String {
    let form = Form::new().part("file", Part::bytes(picture(2, 9, 9)).file_name("eye.png"));
    let prediction = owner.client.post("/predict").multipart(form);
    text_of(&prediction.await.expect(201).json(), "id")
}

async fn submitted(owner: &User, bytes: Vec<u8>) -> String {
    let form = Form::new().part("file", Part::bytes(bytes).file_name("page.tif"));
    let task = owner.client.post("/upload").multipart(form);
    text_of(&task.await.expect(202).json(), "task_id")
}

fn text_of(thing: &Value, field: &str) -> String {
    thing[field].as_str().expect("text in this field").to_owned()
}

async fn address(owner: &User, operation: &Operation) -> String {
    if !operation.path.contains('{') {
        return operation.path.clone();
    }
    assert_eq!(
        operation.path.matches('{').count(),
        1,
        "{} has more than one parameter: teach this test about it",
        operation.path
    );
    let id = create(owner, operation).await;
    let (before, rest) = operation.path.split_once('{').expect("a parameter");
    let (_, after) = rest.split_once('}').expect("a parameter");
    format!("{before}{id}{after}")
}

async fn call(user: &User, operation: &Operation, path: &str) -> Answer {
    let method = operation.method.parse().expect("a method");
    let request = user.client.request(method, path);
    match body(operation) {
        Some(body) => request.json(&body).await,
        None => request.await,
    }
}

/// What an operation takes.
fn body(operation: &Operation) -> Option<Value> {
    operation.description.get("requestBody")?;
    match operation.path.as_str() {
        "/admin/users/{id}" => Some(json!({"disabled": true})),
        "/history/{id}/feedback" => Some(json!({"correct": true})),
        path => panic!("{path} is new: teach this function what it takes"),
    }
}

fn private(user: &User) -> Vec<Operation> {
    let mut operations = user.client.specification().operations();
    operations.retain(|operation| operation.needs_login);
    operations
}

fn name(operation: &Operation) -> String {
    format!("{} {}", operation.method, operation.path)
}

/// The part of an address where its template has a parameter.
fn id_in(address: &str, template: &str) -> String {
    let place = template
        .split('/')
        .position(|part| part.starts_with('{'))
        .expect("a parameter");
    address
        .split('/')
        .nth(place)
        .expect("as many parts as the template")
        .to_owned()
}
