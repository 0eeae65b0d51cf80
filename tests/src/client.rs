//! A client of the service.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method, RequestBuilder};
use serde_json::Value;

use crate::answer::Answer;
use crate::specification::Specification;

/// Nothing that a test asks for takes longer, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A client with or without a login. Belongs to the test that made it: connections die with a test's own runtime.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    address: SocketAddr,
    specification: Arc<Specification>,
    token: Option<String>,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, specification: Arc<Specification>) -> Self {
        let http = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client without special wishes");
        Self {
            http,
            address,
            specification,
            token: None,
        }
    }

    /// The same client with this bearer token.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The same client without a login.
    #[must_use]
    pub fn anonymous(&self) -> Self {
        Self {
            token: None,
            ..self.clone()
        }
    }

    /// The bearer token, if there is one.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// What the server says about itself.
    pub fn specification(&self) -> &Specification {
        &self.specification
    }

    /// Asks for something.
    pub fn get(&self, path: &str) -> Request {
        self.request(Method::GET, path)
    }

    /// Sends something new.
    pub fn post(&self, path: &str) -> Request {
        self.request(Method::POST, path)
    }

    /// Replaces something.
    pub fn put(&self, path: &str) -> Request {
        self.request(Method::PUT, path)
    }

    /// Removes something.
    pub fn delete(&self, path: &str) -> Request {
        self.request(Method::DELETE, path)
    }

    /// Any request.
    pub fn request(&self, method: Method, path: &str) -> Request {
        let mut builder = self
            .http
            .request(method.clone(), format!("http://{}{path}", self.address));
        if let Some(token) = &self.token {
            builder = builder.bearer_auth(token);
        }
        Request {
            builder,
            method,
            path: path.to_owned(),
            specification: Arc::clone(&self.specification),
        }
    }

    /// Uploads an image.
    pub async fn upload(&self, bytes: impl Into<Vec<u8>>) -> Answer {
        self.upload_as("picture.png", "image/png", bytes).await
    }

    /// Uploads a file under any name and any declared type.
    pub async fn upload_as(&self, name: &str, declared: &str, bytes: impl Into<Vec<u8>>) -> Answer {
        let part = Part::bytes(bytes.into())
            .file_name(name.to_owned())
            .mime_str(declared)
            .expect("a media type");
        self.post("/images")
            .multipart(Form::new().part("file", part))
            .await
    }

    /// Uploads in chunks, so that no header tells the length.
    pub async fn upload_in_chunks(&self, bytes: &[u8]) -> Answer {
        let chunks: Vec<Result<Vec<u8>, std::io::Error>> =
            bytes.chunks(64 * 1024).map(|chunk| Ok(chunk.to_vec())).collect();
        let body = Body::wrap_stream(futures_util::stream::iter(chunks));
        let part = Part::stream(body).file_name("picture.png");
        self.post("/images")
            .multipart(Form::new().part("file", part))
            .await
    }

    /// Uploads an image that must be taken: its `id`.
    pub async fn uploaded(&self, bytes: impl Into<Vec<u8>>) -> String {
        let image = self.upload(bytes).await.expect(201).json();
        image["id"].as_str().expect("an image has an id").to_owned()
    }
}

/// A request that is sent when it is awaited; its answer is checked against all that holds for every answer.
#[derive(Debug)]
pub struct Request {
    builder: RequestBuilder,
    method: Method,
    path: String,
    specification: Arc<Specification>,
}

impl Request {
    /// With a JSON body.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.builder = self.builder.json(body);
        self
    }

    /// With any body of any type.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Body>) -> Self {
        self.builder = self.builder.header("content-type", content_type).body(body);
        self
    }

    /// With a form.
    #[must_use]
    pub fn multipart(mut self, form: Form) -> Self {
        self.builder = self.builder.multipart(form);
        self
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// Sends the request; an error when there was no whole answer, as from a server that was killed.
    ///
    /// # Errors
    /// When the connection broke or took too long.
    pub async fn attempt(self) -> Result<Answer, reqwest::Error> {
        let response = self.builder.send().await?;
        let answer = Answer {
            method: self.method.to_string(),
            path: self.path,
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await?.to_vec(),
        };
        answer.check();
        self.specification.check(&answer);
        Ok(answer)
    }
}

impl IntoFuture for Request {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let what = format!("{} {}", self.method, self.path);
            self.attempt()
                .await
                .unwrap_or_else(|error| panic!("{what} had no answer: {error:?}"))
        })
    }
}
