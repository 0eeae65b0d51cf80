//! What the service answered.

use std::collections::BTreeSet;
use std::fmt;

use reqwest::header::HeaderMap;
use serde_json::Value;

/// Words that only the inside of the program knows.
const INNER_WORDS: [&str; 9] = [
    "::", "sqlx", "sea_orm", "sqlite", "postgres", ".rs", "/tmp", "panicked", "os error",
];

/// An answer whose body was read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The method of the request.
    pub method: String,
    /// The path of the request, query included.
    pub path: String,
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The value of a header; fails when it is not there.
    #[track_caller]
    pub fn header(&self, name: &str) -> &str {
        self.optional_header(name)
            .unwrap_or_else(|| panic!("{self}: there is no {name} among {:?}", self.headers))
    }

    /// The value of a header, if there is one.
    pub fn optional_header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{self}: {error} in {}", self.text()))
    }

    /// Demands a status.
    #[track_caller]
    #[expect(
        clippy::return_self_not_must_use,
        reason = "often the status is all that a test wants to know"
    )]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}: {}", self.text());
        self
    }

    /// Demands a problem of this status and code, and gives its body.
    #[track_caller]
    pub fn problem(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{self}: {}", self.text());
        let problem = self.json();
        assert_eq!(problem["code"], code, "{self}: {problem}");
        problem
    }

    /// Demands an `invalid_request` that names exactly these fields.
    #[track_caller]
    pub fn names_fields(&self, fields: &[&str]) {
        let problem = self.problem(400, "invalid_request");
        let named: BTreeSet<&str> = problem["errors"]
            .as_array()
            .unwrap_or_else(|| panic!("{self}: no list of errors in {problem}"))
            .iter()
            .map(|error| error["field"].as_str().expect("every error names its field"))
            .collect();
        let expected: BTreeSet<&str> = fields.iter().copied().collect();
        assert_eq!(named, expected, "{self}: {problem}");
    }

    /// What holds for every answer of the service.
    #[track_caller]
    pub(crate) fn check(&self) {
        assert!(
            !self.header("x-request-id").is_empty(),
            "{self}: an empty X-Request-Id"
        );
        if self.status >= 400 {
            self.check_problem();
        }
        match self.status {
            401 => assert!(
                self.header("www-authenticate").starts_with("Bearer"),
                "{self}: {}",
                self.header("www-authenticate")
            ),
            405 => assert!(!self.header("allow").is_empty(), "{self}: an empty Allow"),
            429 | 503 => {
                let seconds = self.header("retry-after").parse::<u32>();
                assert!(
                    seconds.is_ok_and(|seconds| seconds > 0),
                    "{self}: {}",
                    self.header("retry-after")
                );
            }
            _ => {}
        }
    }

    /// Every error is a whole problem, and tells nothing of the program's inside. Readiness alone answers 503 with its own
    /// list of parts.
    #[track_caller]
    fn check_problem(&self) {
        if self.path == "/health/ready" && self.status == 503 {
            return;
        }
        assert_eq!(
            self.header("content-type"),
            "application/problem+json",
            "{self}: {}",
            self.text()
        );
        let problem = self.json();
        for field in ["type", "title", "detail", "code"] {
            assert!(
                problem[field].as_str().is_some_and(|text| !text.is_empty()),
                "{self}: no {field} in {problem}"
            );
        }
        assert_eq!(problem["status"], self.status, "{self}: {problem}");
        let words = ["title", "detail", "errors"]
            .map(|field| problem[field].to_string().to_lowercase())
            .join(" ");
        for word in INNER_WORDS {
            assert!(!words.contains(word), "{self}: “{word}” in {problem}");
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} gave {}", self.method, self.path, self.status)
    }
}
