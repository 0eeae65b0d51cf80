//! ID tokens, against an OpenID provider that each test starts for itself.

mod acceptance;
mod keys;
mod outages;
mod provider;
mod refusals;
mod renewal;
