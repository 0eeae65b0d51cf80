//! The address of a broker.

use super::QueueError;
use lapin::{types::Heartbeat, uri::AMQPUri};
use secrecy::{ExposeSecret, SecretString};

/// Seconds without a sign of life after which the broker is asked for one; twice as long and it counts as lost. Where the
/// address does not say.
const HEARTBEAT: Heartbeat = 10;

/// AMQP's limit in bytes for names.
const LONGEST_NAME: usize = 255;

/// Where a broker is and how to get in. Without `Debug`, since it holds the password.
#[derive(Clone)]
pub(super) struct Address(AMQPUri);

impl Address {
    /// Reads an address. No message repeats any of it but the reason.
    pub(super) fn parse(url: &SecretString) -> Result<Self, QueueError> {
        let url = url.expose_secret();
        let Some(rest) = url.strip_prefix("amqp://").or(url.strip_prefix("amqps://")) else {
            let why = "the address begins with neither amqp:// nor amqps://";
            return Err(QueueError::Settings(why.to_owned()));
        };
        let mut uri: AMQPUri = url
            .parse()
            .map_err(|reason| QueueError::Settings(format!("the address is malformed: {reason}")))?;
        // The parser takes an IPv6 address for no host at all, and so for this machine.
        if let Some(host) = ipv6_host(rest) {
            host.clone_into(&mut uri.authority.host);
        }
        // By the letter `amqp://host/` is a virtual host without a name, which nobody has.
        if uri.vhost.is_empty() {
            "/".clone_into(&mut uri.vhost);
        }
        if uri.vhost.len() > LONGEST_NAME {
            return Err(QueueError::Settings(
                "the virtual host's name is too long".to_owned(),
            ));
        }
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        Ok(Self(uri))
    }

    /// What the driver connects to.
    pub(super) fn uri(&self) -> AMQPUri {
        self.0.clone()
    }
}

/// The host between brackets in `user:password@[host]:port/...`.
fn ipv6_host(rest: &str) -> Option<&str> {
    let authority = rest.split(['/', '?', '#']).next()?;
    let (_, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, _) = host.strip_prefix('[')?.split_once(']')?;
    Some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Result<AMQPUri, QueueError> {
        Address::parse(&url.into()).map(|address| address.uri())
    }

    #[test]
    fn an_address_names_host_port_login_and_virtual_host() {
        let uri = parsed("amqp://ada:p%40ss@broker.example:5673/eyes%2Fleft").unwrap();
        assert_eq!(uri.authority.host, "broker.example");
        assert_eq!(uri.authority.port, 5673);
        assert_eq!(uri.authority.userinfo.username, "ada");
        assert_eq!(uri.authority.userinfo.password, "p@ss");
        assert_eq!(uri.vhost, "eyes/left");
        assert_eq!(parsed("amqps://broker").unwrap().authority.port, 5671);
    }

    #[test]
    fn the_virtual_host_is_the_slash_where_none_is_named() {
        for url in ["amqp://broker", "amqp://broker/", "amqp://broker/%2f"] {
            assert_eq!(parsed(url).unwrap().vhost, "/", "{url}");
        }
    }

    #[test]
    fn hosts_may_be_numbers() {
        for (url, host) in [
            ("amqp://127.0.0.1", "127.0.0.1"),
            ("amqp://ada:word@[2001:db8::7]:5673/%2f", "2001:db8::7"),
            ("amqp://[::1]", "::1"),
        ] {
            assert_eq!(parsed(url).unwrap().authority.host, host, "{url}");
        }
    }

    #[test]
    fn the_broker_is_missed_soon_unless_the_address_says_otherwise() {
        assert_eq!(parsed("amqp://broker").unwrap().query.heartbeat, Some(HEARTBEAT));
        assert_eq!(
            parsed("amqp://broker?heartbeat=42").unwrap().query.heartbeat,
            Some(42)
        );
    }

    #[test]
    fn a_malformed_address_is_refused_without_being_repeated() {
        let long = format!("amqp://ada:hidden@broker/{}", "v".repeat(256));
        for url in [
            "",
            "postgres://ada:hidden@broker",
            "amqp:ada:hidden@broker",
            "amqp://ada:hidden@broker:port",
            "amqp://ada:hidden@broker?heartbeat=often",
            "amqp://ada:hidden@broker/%ff",
            &long,
        ] {
            let error = parsed(url).unwrap_err();
            assert!(matches!(error, QueueError::Settings(_)), "{url}: {error}");
            assert!(!format!("{error} {error:?}").contains("hidden"), "{error:?}");
        }
    }
}
