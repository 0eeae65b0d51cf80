//! The networks, scopes, keys and windows of rate limits.

use super::Origin;
use crate::clock::Timestamp;
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv6Addr};

/// The network of a client: its IPv4 address, or the first 64 bits of its IPv6 address.
///
/// One client can use every address of a /64, so its attempts are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The mask of the first 64 bits.
    const PREFIX: Ipv6Addr = Ipv6Addr::new(0xffff, 0xffff, 0xffff, 0xffff, 0, 0, 0, 0);

    /// Returns the network of an address. An IPv4-mapped IPv6 address counts as the IPv4 address.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(address & Self::PREFIX),
            address @ IpAddr::V4(_) => address,
        })
    }
}

impl From<&Origin> for Network {
    /// Returns the network of the client. All clients without a valid address share the network `::`.
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

/// The kind of attempts that a rate limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimitScope {
    /// Failed logins from a network, whichever credential they used.
    LoginFailuresByNetwork,
    /// Failed logins with a user name or an e-mail address.
    LoginFailuresByAccount,
    /// Wrong current passwords in the sessions of a user.
    PasswordConfirmationFailures,
    /// Registrations from a network.
    RegistrationsByNetwork,
    /// Requests for mails with codes from a network.
    MailRequestsByNetwork,
    /// Mails with codes to an e-mail address.
    MailsToAddress,
}

impl RateLimitScope {
    fn name(self) -> &'static str {
        match self {
            Self::LoginFailuresByNetwork => "login_failures_by_network",
            Self::LoginFailuresByAccount => "login_failures_by_account",
            Self::PasswordConfirmationFailures => "password_confirmation_failures",
            Self::RegistrationsByNetwork => "registrations_by_network",
            Self::MailRequestsByNetwork => "mail_requests_by_network",
            Self::MailsToAddress => "mails_to_address",
        }
    }
}

/// The key of a rate limit window: the SHA-256 digest of a scope and a subject.
///
/// The digest has a fixed size and stores neither names nor addresses.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RateLimitKey(pub [u8; 32]);

impl RateLimitKey {
    /// Returns the key of the attempts in `scope` that concern `subject`, such as a network or a user name.
    pub fn new(scope: RateLimitScope, subject: &str) -> Self {
        let digest = Sha256::new()
            .chain_update(scope.name())
            .chain_update([0])
            .chain_update(subject);
        Self(digest.finalize().into())
    }
}

/// The attempts that were counted under a key, and the end of the period in which they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimitWindow {
    /// The number of attempts, at least 1.
    pub count: u64,
    /// The first moment at which the attempts no longer count.
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
    fn clients_without_an_address_share_one_network() {
        assert_eq!(network("nonsense"), "::");
        assert_eq!(Network::from(&Origin::default()).to_string(), "::");
    }

    #[test]
    fn keys_differ_by_scope_and_by_subject() {
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
