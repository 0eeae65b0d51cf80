//! Builds the message of a mail (RFC 5322, MIME).

use super::{MailerError, templates::RenderedMail};
use domain::{
    accounts::{Email, MailLanguage},
    clock::Timestamp,
};
use lettre::{
    Address, Message,
    address::AddressError,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use url::Host;
use uuid::Uuid;

/// Parses the sender, with or without a display name.
pub(super) fn parse_sender(text: &str) -> Result<Mailbox, MailerError> {
    let sender: Mailbox = text.parse().map_err(|_| MailerError::Sender)?;
    let harmless = sender
        .name
        .as_ref()
        .is_none_or(|name| !name.chars().any(char::is_control));
    let email = portable(sender.email.as_ref()).map_err(|_| MailerError::Sender)?;
    harmless
        .then_some(Mailbox::new(sender.name, email))
        .ok_or(MailerError::Sender)
}

/// Parses an address and converts its domain to ASCII (IDNA), which every server accepts.
fn portable(address: &str) -> Result<Address, AddressError> {
    if let Some((user, domain)) = address.rsplit_once('@')
        && !domain.is_ascii()
        && let Ok(Host::Domain(domain)) = Host::parse(domain)
    {
        return Address::new(user, domain);
    }
    address.parse()
}

/// Builds the message. The id must be unique. `None` if the address of the recipient is not valid in SMTP.
pub(super) fn compose(
    to: &Email,
    language: MailLanguage,
    mail: RenderedMail,
    from: &Mailbox,
    now: Timestamp,
    id: Uuid,
) -> Option<Message> {
    let to = portable(to.as_str()).ok()?;
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(mail.subject)
        .date(now.to_utc().into())
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        // RFC 3834: automatic replies are not wanted.
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("Content-Language", language.as_str()))
        .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))
        .ok()
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::templates::{render, tests::mail_to_ada};
    use chrono::DateTime;
    use domain::accounts::Mail;

    const ID: Uuid = Uuid::from_u128(0x0193_d5a0_7c5b_7000_8000_0000_0000_0001);

    fn built(mail: &Mail, from: &Mailbox, now: Timestamp) -> Option<Message> {
        compose(&mail.to, mail.language, render(mail).unwrap(), from, now, ID)
    }

    fn composed(mail: &Mail, from: &str) -> Message {
        let now = Timestamp::new(DateTime::from_timestamp(1_760_000_000, 0).unwrap());
        built(mail, &parse_sender(from).unwrap(), now).unwrap()
    }

    /// The header lines, unfolded.
    fn head(message: &Message) -> Vec<String> {
        let formatted = String::from_utf8(message.formatted()).unwrap();
        let (head, _) = formatted.split_once("\r\n\r\n").unwrap();
        head.replace("\r\n ", " ")
            .split("\r\n")
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn the_headers_name_sender_recipient_date_and_subject_and_mark_the_mail_as_automatic() {
        let mail = mail_to_ada(MailLanguage::English, false);
        let head = head(&composed(&mail, "Ocellus <ocellus@eyes.example>"));
        for line in [
            "From: Ocellus <ocellus@eyes.example>",
            "To: ada@example.org",
            "Subject: Ocellus: confirm your e-mail address",
            "Date: Thu, 09 Oct 2025 08:53:20 +0000",
            "Message-ID: <0193d5a0-7c5b-7000-8000-000000000001@eyes.example>",
            "Auto-Submitted: auto-generated",
            "Content-Language: en",
            "MIME-Version: 1.0",
        ] {
            assert!(
                head.iter().any(|found| found == line),
                "{line} is missing in {head:#?}"
            );
        }
    }

    #[test]
    fn a_message_is_ascii() {
        let mail = mail_to_ada(MailLanguage::Spanish, true);
        let message = composed(&mail, "Océlus <ocellus@bücher.example>");
        assert!(message.formatted().is_ascii());
        assert_eq!(
            message.envelope().from().unwrap().to_string(),
            "ocellus@xn--bcher-kva.example"
        );
    }

    #[test]
    fn the_domain_of_an_address_may_be_of_any_script() {
        let mut mail = mail_to_ada(MailLanguage::English, false);
        mail.to = Email::parse("Ada.L@bücher.example").unwrap();
        let message = composed(&mail, "ocellus@eyes.example");
        assert_eq!(
            message.envelope().to()[0].to_string(),
            "Ada.L@xn--bcher-kva.example"
        );
    }

    #[test]
    fn text_comes_before_html() {
        let mail = mail_to_ada(MailLanguage::English, false);
        let formatted = composed(&mail, "ocellus@eyes.example").formatted();
        let formatted = String::from_utf8(formatted).unwrap();
        let text = formatted.find("Content-Type: text/plain; charset=utf-8").unwrap();
        let html = formatted.find("Content-Type: text/html; charset=utf-8").unwrap();
        assert!(
            formatted.contains("Content-Type: multipart/alternative;") && text < html,
            "{formatted}"
        );
    }

    #[test]
    fn no_sender_brings_a_line_of_its_own_into_the_head() {
        for from in [
            "Ocellus\r\nBcc: eve@example.org <ocellus@eyes.example>",
            "\"Ocellus\nBcc: eve@example.org\" <ocellus@eyes.example>",
            "ocellus@eyes.example\r\nBcc: eve@example.org",
            "ocellus@eyes.example>\r\nRCPT TO:<eve@example.org",
        ] {
            if let Ok(sender) = parse_sender(from) {
                let mail = mail_to_ada(MailLanguage::English, false);
                let now = Timestamp::new(DateTime::UNIX_EPOCH);
                let message = built(&mail, &sender, now).unwrap();
                assert!(
                    !head(&message).iter().any(|line| line.starts_with("Bcc")),
                    "{from:?}"
                );
            }
        }
    }

    #[test]
    fn no_recipient_brings_a_line_of_its_own_into_the_dialogue() {
        for to in [
            "ada@example.org\r\nRCPT TO:<eve@example.org>",
            "\"ada\r\nBcc: eve\"@example.org",
            "ada@example.org>\r\nDATA",
            "ada\n@example.org",
        ] {
            assert!(Email::parse(to).is_none(), "{to:?}");
        }
        let mut mail = mail_to_ada(MailLanguage::English, false);
        for strange in ["\"ada> BODY=8BITMIME\"@example.org", "\"a@b\"@example.org"] {
            let Some(email) = Email::parse(strange) else {
                continue;
            };
            mail.to = email;
            let from = parse_sender("ocellus@eyes.example").unwrap();
            if let Some(message) = built(&mail, &from, Timestamp::new(DateTime::UNIX_EPOCH)) {
                assert_eq!(message.envelope().to().len(), 1, "{strange}");
            }
        }
    }

    #[test]
    fn a_sender_that_is_no_mailbox_is_refused() {
        for from in [
            "",
            "Ocellus",
            "@eyes.example",
            "a@b@c",
            "ocellus@",
            "a@example.org, b@example.org",
        ] {
            assert!(matches!(parse_sender(from), Err(MailerError::Sender)), "{from:?}");
        }
        assert!(parse_sender("ocellus@localhost").is_ok());
    }
}
