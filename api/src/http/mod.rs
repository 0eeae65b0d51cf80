//! What happens to every request, whatever it asks for.

mod accepted_language;
mod allowed_methods;
mod client_origin;
mod draining_acceptor;
mod linger;
mod observe;
mod outcome;
mod validation;

pub use accepted_language::AcceptedLanguage;
pub use allowed_methods::AllowedMethods;
pub use client_origin::{ClientOrigin, TrustedProxies};
pub use draining_acceptor::DrainingAcceptor;
pub use linger::linger;
pub use observe::observe;
pub use outcome::{answer_errors, run_to_the_end, secure};
pub use validation::{KEEP, names_tag};

/// What comes after a step on the way of a request.
pub type Next = std::sync::Arc<poem::endpoint::BoxEndpoint<'static, poem::Response>>;
