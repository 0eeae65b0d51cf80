//! From where a request came.

use domain::accounts::Origin;
use ipnet::IpNet;
use poem::{FromRequest, Request, RequestBody, Result, http::header};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};

/// The networks of proxies whose `X-Forwarded-For` is believed.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// Believes what stands in these networks.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks.into())
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address of the client: the last one on the way here that is no trusted proxy. What an untrusted sender says of
    /// itself further left is not looked at.
    fn client(&self, peer: IpAddr, forwarded: &[&str]) -> IpAddr {
        let mut client = peer.to_canonical();
        for hop in forwarded.iter().flat_map(|line| line.split(',')).rev() {
            if !self.trusts(client) {
                break;
            }
            let Some(before) = parse(hop.trim()) else {
                break;
            };
            client = before;
        }
        client
    }
}

/// An address with or without a port.
fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse().ok().or_else(|| {
        let socket: std::net::SocketAddr = hop.parse().ok()?;
        Some(socket.ip())
    });
    address.map(|address: IpAddr| address.to_canonical())
}

/// From where a request came.
pub struct ClientOrigin(pub Origin);

impl<'a> FromRequest<'a> for ClientOrigin {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        let peer = request
            .remote_addr()
            .as_socket_addr()
            .map(std::net::SocketAddr::ip);
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let lines = request.headers().get_all("x-forwarded-for");
        let lines: Vec<&str> = lines.iter().filter_map(|line| line.to_str().ok()).collect();
        let proxies = request.data::<TrustedProxies>().cloned().unwrap_or_default();
        let address = proxies.client(peer, &lines).to_string();
        let program = request.headers().get(header::USER_AGENT);
        let program = program.and_then(|name| name.to_str().ok());
        Ok(Self(Origin::new(Some(address), program)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &str, peer: &str, forwarded: &[&str]) -> String {
        let trusted = trusted.split(',').filter(|network| !network.is_empty());
        let trusted = trusted.map(|network| network.parse().expect("a network"));
        let proxies = TrustedProxies::new(trusted.collect());
        let peer = peer.parse().expect("an address");
        proxies.client(peer, forwarded).to_string()
    }

    #[test]
    fn a_client_that_is_no_proxy_cannot_choose_its_address() {
        assert_eq!(client("", "198.51.100.7", &["10.0.0.1"]), "198.51.100.7");
        assert_eq!(
            client("10.0.0.0/8", "198.51.100.7", &["192.0.2.1"]),
            "198.51.100.7"
        );
    }

    #[test]
    fn behind_proxies_the_rightmost_address_that_is_none_counts() {
        let proxies = "10.0.0.0/8,2001:db8::/32";
        assert_eq!(client(proxies, "10.0.0.1", &["192.0.2.1"]), "192.0.2.1");
        assert_eq!(
            client(proxies, "10.0.0.1", &["203.0.113.9, 192.0.2.1, 10.0.0.2"]),
            "192.0.2.1"
        );
        assert_eq!(
            client(proxies, "::ffff:10.0.0.1", &["192.0.2.1:4711"]),
            "192.0.2.1"
        );
        assert_eq!(
            client(proxies, "10.0.0.1", &["192.0.2.1", "10.0.0.3,10.0.0.2"]),
            "192.0.2.1"
        );
        assert_eq!(client(proxies, "2001:db8::1", &["[2a00::7]:80"]), "2a00::7");
    }

    #[test]
    fn what_is_no_address_ends_the_way_back() {
        assert_eq!(
            client("10.0.0.0/8", "10.0.0.1", &["192.0.2.1, nonsense, 10.0.0.2"]),
            "10.0.0.2"
        );
        assert_eq!(client("10.0.0.0/8", "10.0.0.1", &[""]), "10.0.0.1");
    }
}
