//! The text of mails, from the templates in `templates/`.
//!
//! One file per language holds the sentences; `subject.txt`, `body.txt` and `body.html` arrange them. HTML is escaped.

use domain::accounts::{Mail, MailContent, MailLanguage};
use minijinja::{Environment, Error, UndefinedBehavior, context};
use secrecy::ExposeSecret;
use std::sync::LazyLock;

/// A rendered mail. Without `Debug`, since it holds the code.
pub(super) struct RenderedMail {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, source) in [
        ("english.txt", include_str!("templates/english.txt")),
        ("spanish.txt", include_str!("templates/spanish.txt")),
        ("subject.txt", include_str!("templates/subject.txt")),
        ("body.txt", include_str!("templates/body.txt")),
        ("body.html", include_str!("templates/body.html")),
    ] {
        environment
            .add_template(name, source)
            .expect("a test renders every template");
    }
    environment
});

/// Renders the subject, the text part and the HTML part of a mail.
///
/// # Errors
///
/// A defect in a template.
pub(super) fn render(mail: &Mail) -> Result<RenderedMail, Error> {
    let (purpose, code) = match &mail.content {
        MailContent::VerifyEmail { code } => ("verify_email", code),
        MailContent::RecoverPassword { code } => ("reset_password", code),
    };
    let values = context! {
        sentences => match mail.language {
            MailLanguage::English => "english.txt",
            MailLanguage::Spanish => "spanish.txt",
        },
        purpose,
        username => mail.username.as_str(),
        code => code.expose_secret(),
    };
    let part = |name| TEMPLATES.get_template(name)?.render(&values);
    Ok(RenderedMail {
        subject: part("subject.txt")?,
        text: part("body.txt")?,
        html: part("body.html")?,
    })
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

    /// The visible text of a page, one line per line of its source.
    fn visible(html: &str) -> Vec<String> {
        let (_, body) = html.split_once("<body").expect("a body");
        let parts = body.split('<').filter_map(|part| part.split_once('>'));
        let text: String = parts.map(|(_, text)| text).collect();
        let lines = text.lines().map(|line| line.trim().to_owned());
        lines.filter(|line| !line.is_empty()).collect()
    }

    #[test]
    fn each_mail_has_its_subject_greeting_code_and_advice_in_text_and_html() {
        for (language, recovery, subject, sentences) in [
            (
                MailLanguage::English,
                false,
                "Ocellus: confirm your e-mail address",
                ["Hello Ada,", "31415926", "10 minutes", "ignore this e-mail"],
            ),
            (
                MailLanguage::English,
                true,
                "Ocellus: choose a new password",
                ["Hello Ada,", "27182818", "10 minutes", "ignore this e-mail"],
            ),
            (
                MailLanguage::Spanish,
                false,
                "Ocellus: confirma tu dirección de correo",
                ["Hola, Ada:", "31415926", "10 minutos", "ignora este correo"],
            ),
            (
                MailLanguage::Spanish,
                true,
                "Ocellus: elige una contraseña nueva",
                ["Hola, Ada:", "27182818", "10 minutos", "ignora este correo"],
            ),
        ] {
            let mail = render(&mail_to_ada(language, recovery)).expect("valid templates");
            assert_eq!(mail.subject, subject);
            for sentence in sentences {
                assert!(
                    mail.text.contains(sentence),
                    "{sentence:?} is missing in {}",
                    mail.text
                );
            }
            assert!(
                mail.text.lines().any(|line| line.trim() == sentences[1]),
                "{}",
                mail.text
            );
            assert!(
                mail.html
                    .contains(&format!("<html lang=\"{}\">", language.as_str()))
            );
            let text = mail
                .text
                .lines()
                .map(str::trim)
                .filter(|line| !matches!(*line, "" | "--"));
            let expected: Vec<&str> = std::iter::once("Ocellus").chain(text).collect();
            assert_eq!(visible(&mail.html), expected);
        }
    }

    #[test]
    fn the_html_shows_the_code_in_two_groups_without_a_character_between_them() {
        let html = render(&mail_to_ada(MailLanguage::English, false))
            .expect("valid templates")
            .html;
        assert!(
            html.contains(">3141</span><span style=\"padding-left:16px\">5926</span>"),
            "{html}"
        );
    }

    #[test]
    fn values_are_escaped_in_html_only() {
        let values = context! {
            sentences => "english.txt", purpose => "verify_email", username => "<b>Ada</b> & \"Co'", code => "31415926",
        };
        let part = |name| {
            TEMPLATES
                .get_template(name)
                .and_then(|part| part.render(&values))
                .expect("valid templates")
        };
        assert!(part("body.txt").contains("Hello <b>Ada</b> & \"Co',"));
        let html = part("body.html");
        assert!(
            html.contains("Hello &lt;b&gt;Ada&lt;") && html.contains("&amp; &quot;Co&#x27;,"),
            "{html}"
        );
        assert!(!html.contains("<b>"), "{html}");
    }

    #[test]
    fn the_html_contains_no_link_and_loads_nothing() {
        let html = render(&mail_to_ada(MailLanguage::Spanish, false))
            .expect("valid templates")
            .html;
        for word in [
            "http", "//", "href", "src", "url(", "<img", "<link", "<script", "<style",
        ] {
            assert!(!html.contains(word), "{word}");
        }
    }
}
