//! Mails over SMTP.

use super::{
    MailerError,
    address::{Login, Server},
    message,
    session::{Failure, deliver},
    templates,
};
use async_trait::async_trait;
use domain::{
    BoxError,
    accounts::{Mail, MailError, Mailer},
    clock::Clock,
    ids::IdGenerator,
};
use lettre::{
    message::Mailbox,
    transport::smtp::{
        client::{Certificate, TlsParameters},
        extension::ClientId,
    },
};
use std::{net::Ipv4Addr, path::Path, sync::Arc, time::Duration};

/// Hands mails to a server, each over a connection of its own.
pub struct SmtpMailer {
    place: Place,
    from: Mailbox,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
}

/// A server that is ready to be spoken to. Without `Debug`, since it holds the password.
pub(super) struct Place {
    pub(super) host: String,
    pub(super) port: u16,
    /// Whether the connection begins with TLS.
    pub(super) wrapped: bool,
    pub(super) tls: TlsParameters,
    pub(super) login: Option<Login>,
    pub(super) hello: ClientId,
    pub(super) timeout: Duration,
}

impl SmtpMailer {
    pub(super) fn new(
        server: &Server,
        from: Mailbox,
        timeout: Duration,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
    ) -> Result<Self, MailerError> {
        let place = Place {
            host: server.host.clone(),
            port: server.port,
            wrapped: server.wrapped,
            tls: prepare_tls(&server.host, server.authorities.as_deref())?,
            login: server.login.clone(),
            hello: own_name(),
            timeout,
        };
        Ok(Self {
            place,
            from,
            clock,
            ids,
        })
    }
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let rendered = templates::render(mail).map_err(|error| MailError::Unavailable(error.into()))?;
        let (now, id) = (self.clock.now(), self.ids.next());
        let message = message::compose(&mail.to, mail.language, rendered, &self.from, now, id);
        let Some(message) = message else {
            tracing::warn!("a mail was not sent: the address of its recipient is not valid in SMTP");
            return Err(MailError::Refused);
        };
        match deliver(&self.place, &message, mail.content.code()).await {
            Ok(()) => Ok(()),
            Err(Failure::Refused(answer)) => {
                tracing::warn!(answer, "the mail server rejected a mail permanently");
                Err(MailError::Refused)
            }
            Err(failure) => Err(MailError::Unavailable(failure.into())),
        }
    }
}

/// Trusts whom the system trusts, and the authorities in the file.
fn prepare_tls(host: &str, authorities: Option<&Path>) -> Result<TlsParameters, MailerError> {
    let mut builder = TlsParameters::builder(host.to_owned());
    let Some(path) = authorities else {
        return builder.build().map_err(|reason| MailerError::Tls(reason.into()));
    };
    let unusable = |reason: BoxError| MailerError::Authorities {
        path: path.to_owned(),
        reason,
    };
    let bytes = std::fs::read(path).map_err(|reason| unusable(reason.into()))?;
    let blocks = pem::parse_many(bytes).map_err(|reason| unusable(reason.into()))?;
    let mut certificates = blocks
        .into_iter()
        .filter(|block| block.tag() == "CERTIFICATE")
        .peekable();
    if certificates.peek().is_none() {
        return Err(unusable("it holds no certificate".into()));
    }
    for certificate in certificates {
        let certificate = Certificate::from_der(certificate.into_contents());
        builder = builder.add_root_certificate(certificate.map_err(|reason| unusable(reason.into()))?);
    }
    builder.build().map_err(|reason| unusable(reason.into()))
}

/// What this machine calls itself. Where that is no name of a host, servers could refuse it, so it is the address that
/// RFC 5321, 4.1.4, allows instead.
fn own_name() -> ClientId {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    match ClientId::default() {
        ClientId::Domain(name) if !name.is_empty() && name.bytes().all(allowed) => ClientId::Domain(name),
        _ => ClientId::Ipv4(Ipv4Addr::LOCALHOST),
    }
}
