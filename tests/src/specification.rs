//! The specification that a server hands out, and whether an answer keeps to it.

use std::net::SocketAddr;

use serde_json::{Map, Value};

use crate::answer::Answer;

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "patch", "head", "options"];

/// What is served besides the interface and therefore stands in no specification.
const BESIDE_THE_INTERFACE: [&str; 3] = ["/", "/docs", "/openapi.json"];

/// One operation of the specification.
#[derive(Debug, Clone)]
pub struct Operation {
    /// In capital letters.
    pub method: String,
    /// The path with its parameters in braces.
    pub path: String,
    /// The operation's own object.
    pub description: Value,
    /// Whether a login is needed.
    pub needs_login: bool,
}

/// A parsed `/openapi.json`.
#[derive(Debug)]
pub struct Specification {
    /// The whole document.
    pub document: Value,
}

impl Specification {
    /// Asks a server for its specification.
    pub(crate) async fn fetch(address: SocketAddr) -> Self {
        let answer = reqwest::get(format!("http://{address}/openapi.json"))
            .await
            .expect("the server hands out its specification");
        assert_eq!(answer.status(), 200, "the specification is public");
        let document = answer.json().await.expect("the specification is JSON");
        Self { document }
    }

    /// Every operation, in the document's order.
    pub fn operations(&self) -> Vec<Operation> {
        let everywhere = self.document.get("security");
        let mut operations = Vec::new();
        for (path, item) in object(&self.document["paths"]) {
            for method in METHODS {
                let Some(description) = item.get(method) else {
                    continue;
                };
                let security = description.get("security").or(everywhere);
                operations.push(Operation {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    description: description.clone(),
                    needs_login: security
                        .and_then(Value::as_array)
                        .is_some_and(|schemes| !schemes.is_empty()),
                });
            }
        }
        operations
    }

    /// Checks one answer: its status and its content type must be declared for the operation that gave it.
    #[track_caller]
    pub(crate) fn check(&self, answer: &Answer) {
        let path = answer.path.split('?').next().unwrap_or_default();
        if BESIDE_THE_INTERFACE.contains(&path) {
            return;
        }
        let Some((template, item)) = self.path_item(path) else {
            assert_eq!(
                answer.status, 404,
                "{answer}: no such path stands in the specification"
            );
            return;
        };
        let Some(operation) = item.get(answer.method.to_lowercase()) else {
            assert_eq!(
                answer.status, 405,
                "{answer}: {template} does not declare this method"
            );
            return;
        };
        let declared = object(&operation["responses"]);
        let status = answer.status.to_string();
        let Some(response) = declared.get(&status) else {
            panic!(
                "{answer}: {template} declares only {:?}",
                declared.keys().collect::<Vec<_>>()
            );
        };
        check_content(answer, response);
    }

    /// The path that fits best: one without parameters before one with them.
    fn path_item(&self, path: &str) -> Option<(&String, &Value)> {
        object(&self.document["paths"])
            .iter()
            .filter(|(template, _)| fits(template, path))
            .min_by_key(|(template, _)| template.matches('{').count())
    }
}

#[track_caller]
fn check_content(answer: &Answer, response: &Value) {
    let content = response.get("content").and_then(Value::as_object);
    let kinds: Vec<&str> = content
        .into_iter()
        .flatten()
        .map(|(kind, _)| media_type(kind))
        .collect();
    if kinds.is_empty() {
        assert!(
            answer.body.is_empty(),
            "{answer}: a body that is not declared: {}",
            answer.text()
        );
        return;
    }
    let given = media_type(answer.header("content-type"));
    // A response of bytes is declared once for every kind of image.
    let any = kinds
        .iter()
        .any(|kind| *kind == given || *kind == "*/*" || *kind == "application/octet-stream");
    assert!(any, "{answer}: sent {given}, which is none of {kinds:?}");
}

/// A content type without its parameters.
fn media_type(content_type: &str) -> &str {
    content_type.split(';').next().unwrap_or_default().trim()
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template
            .iter()
            .zip(&path)
            .all(|(expected, given)| expected.starts_with('{') && !given.is_empty() || expected == given)
}

fn object(value: &Value) -> &Map<String, Value> {
    value
        .as_object()
        .expect("an object in this place of the specification")
}
