//! The address of a mail server.

use super::MailerError;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use url::{Host, Url};

/// Where mails go.
pub(super) enum Destination {
    Log,
    Server(Server),
}

/// A mail server and how to get in. Without `Debug`, since it is made of a URL with a password.
pub(super) struct Server {
    /// A name or an address, the latter without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether the connection begins with TLS.
    pub(super) wrapped: bool,
    pub(super) login: Option<Login>,
    /// A PEM file of further authorities.
    pub(super) authorities: Option<PathBuf>,
}

/// A user of a mail server.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: SecretString,
}

impl Destination {
    /// Reads an address. No message repeats any of it.
    pub(super) fn parse(url: &SecretString) -> Result<Self, MailerError> {
        let url = url.expose_secret();
        if url == "log:" {
            return Ok(Self::Log);
        }
        let (wrapped, usual_port) = if url.starts_with("smtps://") {
            (true, 465)
        } else if url.starts_with("smtp://") {
            (false, 587)
        } else {
            return refuse("it begins with none of log:, smtp:// and smtps://");
        };
        let Ok(url) = Url::parse(url) else {
            return refuse(
                "it is no URL; special characters of user and password are written as in %40 for @",
            );
        };
        // A password with a bare `/`, `?` or `#` ends up here.
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return refuse(
                "it has a path; special characters of user and password are written as in %2F for /",
            );
        }
        Ok(Self::Server(Server {
            host: host_of(&url)?,
            port: match url.port() {
                Some(0) => return refuse("its port is 0"),
                port => port.unwrap_or(usual_port),
            },
            wrapped,
            login: login_of(&url)?,
            authorities: authorities_of(&url)?,
        }))
    }
}

fn refuse<T>(why: &str) -> Result<T, MailerError> {
    Err(MailerError::Address(why.to_owned()))
}

fn host_of(url: &Url) -> Result<String, MailerError> {
    match url.host() {
        // To the parser a host behind a scheme that browsers do not know is any text: it is read once more.
        Some(Host::Domain(name)) => match Host::parse(name) {
            Ok(host) => Ok(host.to_string()),
            Err(_) => refuse("its host is no name"),
        },
        Some(Host::Ipv4(address)) => Ok(address.to_string()),
        Some(Host::Ipv6(address)) => Ok(address.to_string()),
        None => refuse("it names no host"),
    }
}

fn login_of(url: &Url) -> Result<Option<Login>, MailerError> {
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) => refuse("it has a password without a user"),
        (_, None | Some("")) => refuse("it has a user without a password"),
        (user, Some(password)) => Ok(Some(Login {
            user: decoded(user)?,
            password: decoded(password)?.into(),
        })),
    }
}

/// The text behind `%40` and the like. Control characters are refused: the login separates its parts by them.
fn decoded(text: &str) -> Result<String, MailerError> {
    match percent_decode_str(text).decode_utf8() {
        Ok(text) if !text.chars().any(char::is_control) => Ok(text.into_owned()),
        _ => refuse("its user or password is no text"),
    }
}

fn authorities_of(url: &Url) -> Result<Option<PathBuf>, MailerError> {
    let mut authorities = None;
    for (name, value) in url.query_pairs() {
        if name != "ca" || value.is_empty() || authorities.is_some() {
            return refuse("behind its ? there may only be ca= with the path of one file, once");
        }
        authorities = Some(PathBuf::from(value.into_owned()));
    }
    Ok(authorities)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Server {
        match Destination::parse(&url.into()) {
            Ok(Destination::Server(server)) => server,
            Ok(Destination::Log) => panic!("{url} is no server"),
            Err(error) => panic!("{url}: {error}"),
        }
    }

    #[test]
    fn an_address_names_host_port_and_login() {
        let server = server("smtp://ada:word@mail.example:2525");
        assert_eq!((server.host.as_str(), server.port), ("mail.example", 2525));
        let login = server.login.unwrap();
        assert_eq!(
            (login.user.as_str(), login.password.expose_secret()),
            ("ada", "word")
        );
        assert!(!server.wrapped && server.authorities.is_none());
    }

    #[test]
    fn user_and_password_are_decoded() {
        let login = server("smtps://ada%40mail.example:p%40ss%2Fw%C3%B6rd%25@mail.example").login;
        let login = login.unwrap();
        assert_eq!(login.user, "ada@mail.example");
        assert_eq!(login.password.expose_secret(), "p@ss/wörd%");
    }

    #[test]
    fn the_port_is_that_of_submission_where_none_is_given() {
        assert_eq!(server("smtp://mail.example").port, 587);
        let wrapped = server("smtps://mail.example/");
        assert!(wrapped.wrapped && wrapped.port == 465 && wrapped.login.is_none());
    }

    #[test]
    fn hosts_may_be_numbers_and_names_of_any_script() {
        for (url, host) in [
            ("smtp://127.0.0.1:25", "127.0.0.1"),
            ("smtp://[2001:db8::7]:25", "2001:db8::7"),
            ("smtp://bücher.example", "xn--bcher-kva.example"),
            ("smtp://ada:word@Mail.Example", "mail.example"),
        ] {
            assert_eq!(server(url).host, host, "{url}");
        }
    }

    #[test]
    fn a_file_of_further_authorities_may_be_named() {
        let authorities = server("smtp://mail.example?ca=/etc/our%20ca.pem").authorities;
        assert_eq!(authorities, Some(PathBuf::from("/etc/our ca.pem")));
    }

    #[test]
    fn without_a_server_mails_go_into_the_log() {
        assert!(matches!(Destination::parse(&"log:".into()), Ok(Destination::Log)));
    }

    #[test]
    fn a_malformed_address_is_refused_without_being_repeated() {
        for url in [
            "",
            "log",
            "log:hidden",
            "http://ada:hidden@mail.example",
            "smtp:ada:hidden@mail.example",
            "smtp://",
            "smtp://ada:hidden@",
            "smtp://ada:hidden@mail.example:port",
            "smtp://ada:hidden@mail.example:0",
            "smtp://ada:hidden@mail.example:70000",
            "smtp://ada:hid/den@mail.example",
            "smtp://ada:hid#den@mail.example",
            "smtp://ada:hid?den@mail.example",
            "smtp://ada:hidden@mail.example/path",
            "smtp://ada:hidden@mail.example#part",
            "smtp://ada:hidden@mail.example?tls=none",
            "smtp://ada:hidden@mail.example?ca=",
            "smtp://ada:hidden@mail.example?ca=/a&ca=/b",
            "smtp://ada:hidden%00@mail.example",
            "smtp://ada:hidden%ff@mail.example",
            "smtp://ada:hidden@mail example",
            "smtp://:hidden@mail.example",
            "smtp://hidden@mail.example",
            "smtp://hidden:@mail.example",
        ] {
            let Err(error) = Destination::parse(&url.into()) else {
                panic!("{url} is taken");
            };
            assert!(matches!(error, MailerError::Address(_)), "{url}: {error}");
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("hid") && !shown.contains("den"), "{shown}");
        }
    }
}
