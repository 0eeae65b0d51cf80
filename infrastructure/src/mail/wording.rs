//! What mails say.

use domain::accounts::{Mail, MailContent, MailLanguage};
use secrecy::ExposeSecret;

/// The sentences of one mail, in the order in which they are read. Without `Debug`, since it holds the code.
pub(super) struct Wording<'mail> {
    pub(super) language: MailLanguage,
    pub(super) subject: &'static str,
    /// Before the user's name, and behind it.
    pub(super) salutation: (&'static str, &'static str),
    pub(super) name: &'mail str,
    /// What the code is for.
    pub(super) purpose: &'static str,
    pub(super) code: &'mail str,
    /// For how long the code holds.
    pub(super) validity: &'static str,
    /// What to do for someone who did not ask for it.
    pub(super) unasked: &'static str,
    pub(super) ending: &'static str,
}

impl<'mail> Wording<'mail> {
    pub(super) fn of(mail: &'mail Mail) -> Self {
        let say = |english, spanish| match mail.language {
            MailLanguage::English => english,
            MailLanguage::Spanish => spanish,
        };
        let (code, subject, purpose, unasked) = match &mail.content {
            MailContent::VerifyEmail { code } => (
                code,
                say(
                    "Ocellus: confirm your e-mail address",
                    "Ocellus: confirma tu dirección de correo",
                ),
                say(
                    "Enter this code to confirm that this e-mail address is yours:",
                    "Introduce este código para confirmar que esta dirección de correo es tuya:",
                ),
                say(
                    "Was it not you who gave this address to Ocellus? Then ignore this mail: without the code nobody \
                     can confirm the address.",
                    "¿No has dado tú esta dirección a Ocellus? Entonces ignora este correo: sin el código nadie puede \
                     confirmar la dirección.",
                ),
            ),
            MailContent::RecoverPassword { code } => (
                code,
                say(
                    "Ocellus: choose a new password",
                    "Ocellus: elige una contraseña nueva",
                ),
                say(
                    "Enter this code to choose a new password:",
                    "Introduce este código para elegir una contraseña nueva:",
                ),
                say(
                    "Was it not you who asked for it? Then ignore this mail and give the code to nobody: your password \
                     stays as it is.",
                    "¿No lo has pedido tú? Entonces ignora este correo y no des el código a nadie: tu contraseña no \
                     cambia.",
                ),
            ),
        };
        Self {
            language: mail.language,
            subject,
            salutation: match mail.language {
                MailLanguage::English => ("Hello ", ","),
                MailLanguage::Spanish => ("Hola, ", ":"),
            },
            name: mail.username.as_str(),
            purpose,
            code: code.expose_secret(),
            validity: say(
                "The code is valid for 10 minutes and can be used once.",
                "El código es válido durante 10 minutos y solo se puede usar una vez.",
            ),
            unasked,
            ending: say(
                "Ocellus sent this mail by itself. Please do not reply to it.",
                "Ocellus ha enviado este correo automáticamente. Por favor, no respondas.",
            ),
        }
    }

    /// The mail as plain text. The code stands alone in its line, without gaps.
    pub(super) fn text(&self) -> String {
        let Self {
            salutation: (before, behind),
            name,
            purpose,
            code,
            validity,
            unasked,
            ending,
            ..
        } = self;
        format!(
            "{before}{name}{behind}\n\n{purpose}\n\n    {code}\n\n{validity}\n\n{unasked}\n\n-- \n{ending}\n"
        )
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use domain::accounts::{Email, Username};

    /// A mail to Ada with the code 31415926 or 27182818.
    pub(in crate::mail) fn mail_to_ada(language: MailLanguage, recovery: bool) -> Mail {
        Mail {
            to: Email::parse("ada@example.org").expect("a valid address"),
            username: Username::parse("Ada").expect("a valid name"),
            language,
            content: if recovery {
                MailContent::RecoverPassword {
                    code: "27182818".into(),
                }
            } else {
                MailContent::VerifyEmail {
                    code: "31415926".into(),
                }
            },
        }
    }

    #[test]
    fn the_code_stands_alone_in_its_line() {
        for language in [MailLanguage::English, MailLanguage::Spanish] {
            for (recovery, code) in [(false, "31415926"), (true, "27182818")] {
                let text = Wording::of(&mail_to_ada(language, recovery)).text();
                assert!(text.lines().any(|line| line.trim() == code), "{text}");
            }
        }
    }

    #[test]
    fn every_mail_tells_the_name_the_validity_and_what_to_do_when_one_did_not_ask() {
        for (language, recovery, words) in [
            (
                MailLanguage::English,
                false,
                ["Hello Ada,", "10 minutes", "ignore this mail"],
            ),
            (
                MailLanguage::English,
                true,
                ["Hello Ada,", "10 minutes", "ignore this mail"],
            ),
            (
                MailLanguage::Spanish,
                false,
                ["Hola, Ada:", "10 minutos", "ignora este correo"],
            ),
            (
                MailLanguage::Spanish,
                true,
                ["Hola, Ada:", "10 minutos", "ignora este correo"],
            ),
        ] {
            let text = Wording::of(&mail_to_ada(language, recovery)).text();
            for word in words {
                assert!(text.contains(word), "{word:?} is missing in {text}");
            }
        }
    }

    #[test]
    fn the_two_kinds_of_mail_are_told_apart_in_both_languages() {
        let subject = |language, recovery| Wording::of(&mail_to_ada(language, recovery)).subject;
        assert_eq!(
            subject(MailLanguage::English, false),
            "Ocellus: confirm your e-mail address"
        );
        assert_eq!(
            subject(MailLanguage::English, true),
            "Ocellus: choose a new password"
        );
        assert_eq!(
            subject(MailLanguage::Spanish, false),
            "Ocellus: confirma tu dirección de correo"
        );
        assert_eq!(
            subject(MailLanguage::Spanish, true),
            "Ocellus: elige una contraseña nueva"
        );
    }
}
