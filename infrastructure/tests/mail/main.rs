//! Mail over SMTP, against a server of Python's aiosmtpd that each test starts for itself.

mod deliveries;
mod outages;
mod refusals;
mod server;
mod settings;
