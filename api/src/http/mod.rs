//! Middleware that applies to every request.

mod accepted_language;
mod allowed_methods;
mod client_origin;
mod drain_request_body;
mod draining_acceptor;
mod observe;
mod outcome;
mod validation;

pub use accepted_language::AcceptedLanguage;
pub use allowed_methods::AllowedMethods;
pub use client_origin::{ClientOrigin, TrustedProxies};
pub use drain_request_body::drain_request_body;
pub use draining_acceptor::DrainingAcceptor;
pub use observe::observe;
pub use outcome::{answer_errors, run_detached, secure};
pub use validation::{CACHE_PRIVATE, names_tag};

/// The next step of the middleware chain.
pub type Next = std::sync::Arc<poem::endpoint::BoxEndpoint<'static, poem::Response>>;
