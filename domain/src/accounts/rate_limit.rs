//! Counting what strangers try, so that they cannot try too often.

use super::Origin;
use crate::clock::Timestamp;
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv6Addr};

/// From where attempts are counted together: an IPv4 address, or the first 64 bits of an IPv6 address, within which one
/// sender can take any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The first 64 bits.
    const PREFIX: Ipv6Addr = Ipv6Addr::new(0xffff, 0xffff, 0xffff, 0xffff, 0, 0, 0, 0);

    /// The network of an address.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(address & Self::PREFIX),
            address @ IpAddr::V4(_) => address,
        })
    }
}

impl From<&Origin> for Network {
    /// Whoever has no address shares a network with everybody else who has none.
    fn from(origin: &Origin) -> Self {
        let address = origin.address.as_ref().and_then(|text| text.parse().ok());
        Self::of(address.unwrap_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED)))
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimitScope {
    /// Failed logins, by whatever means, from a network.
    LoginFailuresByNetwork,
    /// Failed logins with a name or address.
    LoginFailuresByAccount,
    /// Wrong current passwords of somebody who is logged in.
    PasswordConfirmationFailures,
    /// Registrations from a network.
    RegistrationsByNetwork,
    /// Requests for mails with codes from a network.
    MailRequestsByNetwork,
    /// Mails with codes to an address.
    MailsToAddress,
}

impl RateLimitScope {
    fn name(self) -> &'static str {
        match self {
            Self::LoginFailuresByNetwork => "failures from",
            Self::LoginFailuresByAccount => "failures as",
            Self::PasswordConfirmationFailures => "wrong current passwords of",
            Self::RegistrationsByNetwork => "registrations from",
            Self::MailRequestsByNetwork => "mails from",
            Self::MailsToAddress => "mails to",
        }
    }
}

/// Names a count: 32 bytes, whatever is counted about whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimitKey(pub [u8; 32]);

impl RateLimitKey {
    /// The count of something about somebody.
    pub fn new(counted: RateLimitScope, whom: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(counted.name())
            .chain_update([0])
            .chain_update(whom);
        Self(digest.finalize().into())
    }
}

/// How much was counted, and until when it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitWindow {
    /// At least 1.
    pub count: u64,
    /// From then on it is counted anew.
    pub ends_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> String {
        Network::from(&Origin::new(Some(address.to_owned()), None)).to_string()
    }

    #[test]
    fn an_ipv4_address_is_a_network_of_its_own_however_it_is_written() {
        assert_eq!(network("192.0.2.1"), "192.0.2.1");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1");
        assert_ne!(network("192.0.2.1"), network("192.0.2.2"));
    }

    #[test]
    fn ipv6_addresses_of_the_same_64_bits_are_one_network() {
        assert_eq!(network("2001:db8:1:2:3::4"), "2001:db8:1:2::");
        assert_eq!(network("2001:db8:1:2::9"), network("2001:db8:1:2:ffff::"));
        assert_ne!(network("2001:db8:1:2::"), network("2001:db8:1:3::"));
    }

    #[test]
    fn nobody_without_an_address_gets_past_the_count() {
        assert_eq!(network("nonsense"), "::");
        assert_eq!(Network::from(&Origin::default()).to_string(), "::");
    }

    #[test]
    fn counts_of_different_things_and_people_are_different() {
        let failures = RateLimitKey::new(RateLimitScope::LoginFailuresByAccount, "ada");
        assert_eq!(
            failures,
            RateLimitKey::new(RateLimitScope::LoginFailuresByAccount, "ada")
        );
        assert_ne!(
            failures,
            RateLimitKey::new(RateLimitScope::LoginFailuresByAccount, "eve")
        );
        assert_ne!(failures, RateLimitKey::new(RateLimitScope::MailsToAddress, "ada"));
    }
}
