//! Mails as HTML: tables and inline styles, which is what mail programs agree on.

use super::wording::Wording;
use std::{borrow::Cow, fmt::Write};

/// How many digits of a code stand together.
const GROUP: usize = 4;

/// The whole page.
pub(super) fn render(wording: &Wording<'_>) -> String {
    let language = wording.language.as_str();
    let subject = escape(wording.subject);
    let (before, behind) = wording.salutation;
    let name = escape(wording.name);
    let purpose = escape(wording.purpose);
    let code = grouped(wording.code);
    let validity = escape(wording.validity);
    let unasked = escape(wording.unasked);
    let ending = escape(wording.ending);
    format!(
        r#"<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>{subject}</title>
</head>
<body style="margin:0;padding:0;background-color:#eef1f5">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="background-color:#eef1f5">
<tr><td align="center" style="padding:32px 16px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:480px;background-color:#ffffff;border:1px solid #d9dfe7;border-radius:12px;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5;color:#1c2733">
<tr><td style="padding:28px 32px 0 32px;font-size:18px;font-weight:bold;color:#0b5c6b">Ocellus</td></tr>
<tr><td style="padding:20px 32px 0 32px">{before}{name}{behind}</td></tr>
<tr><td style="padding:12px 32px 0 32px">{purpose}</td></tr>
<tr><td style="padding:20px 32px 0 32px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"><tr>
<td align="center" style="padding:18px 8px;background-color:#eef7f8;border-radius:8px;font-family:Menlo,Consolas,'Liberation Mono',monospace;font-size:32px;line-height:1.2;font-weight:bold;color:#0b3c46;white-space:nowrap">{code}</td>
</tr></table>
</td></tr>
<tr><td style="padding:20px 32px 0 32px">{validity}</td></tr>
<tr><td style="padding:12px 32px 28px 32px;color:#52606d">{unasked}</td></tr>
<tr><td style="padding:16px 32px 20px 32px;border-top:1px solid #d9dfe7;font-size:13px;color:#6b7785">{ending}</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
"#
    )
}

/// The digits in groups. The gaps are drawn and hold no character, so that what is copied is the code.
fn grouped(code: &str) -> String {
    let digits: Vec<char> = code.chars().collect();
    let mut groups = String::new();
    for (place, group) in digits.chunks(GROUP).enumerate() {
        let gap = if place == 0 { 0 } else { 16 };
        let digits: String = group.iter().collect();
        let digits = escape(&digits);
        write!(groups, r#"<span style="padding-left:{gap}px">{digits}</span>"#)
            .expect("a string takes everything");
    }
    groups
}

/// The text as HTML shows it, also within quotes.
fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::wording::tests::mail_to_ada;
    use domain::accounts::MailLanguage;

    fn rendered(language: MailLanguage, change: impl FnOnce(&mut Wording<'_>)) -> String {
        let mail = mail_to_ada(language, false);
        let mut wording = Wording::of(&mail);
        change(&mut wording);
        render(&wording)
    }

    /// What a person reads: everything but the tags.
    fn read(html: &str) -> String {
        let (_, body) = html.split_once("<body").unwrap();
        let parts = body.split('<').filter_map(|part| part.split_once('>'));
        parts.map(|(_, text)| text).collect()
    }

    #[test]
    fn a_name_is_shown_and_never_obeyed() {
        let html = rendered(MailLanguage::English, |wording| {
            wording.name = "<b>Ada</b> & \"Co'";
        });
        assert!(
            html.contains("Hello &lt;b&gt;Ada&lt;/b&gt; &amp; &quot;Co&#39;,"),
            "{html}"
        );
        assert!(!html.contains("<b>"), "{html}");
    }

    #[test]
    fn the_code_is_shown_in_groups_and_copied_without_gaps() {
        let html = rendered(MailLanguage::English, |_| ());
        assert!(
            html.contains(">3141</span><span style=\"padding-left:16px\">5926</span>"),
            "{html}"
        );
        assert!(read(&html).contains("\n31415926\n"), "{}", read(&html));
    }

    #[test]
    fn a_page_names_its_language_and_says_what_the_text_says() {
        for language in [MailLanguage::English, MailLanguage::Spanish] {
            for recovery in [false, true] {
                let mail = mail_to_ada(language, recovery);
                let wording = Wording::of(&mail);
                let html = render(&wording);
                assert!(html.contains(&format!("<html lang=\"{}\">", language.as_str())));
                let page = read(&html);
                let lines: Vec<&str> = page.lines().filter(|line| !line.is_empty()).collect();
                let text = wording.text();
                let sentences = text
                    .lines()
                    .map(str::trim)
                    .filter(|line| !matches!(*line, "" | "--"));
                let said: Vec<&str> = std::iter::once("Ocellus").chain(sentences).collect();
                let shown: Vec<&str> = lines.iter().map(|line| line.trim()).collect();
                assert_eq!(shown, said);
            }
        }
    }

    #[test]
    fn a_page_links_and_loads_nothing() {
        let html = rendered(MailLanguage::Spanish, |_| ());
        for word in [
            "http", "//", "href", "src", "url(", "<img", "<link", "<script", "<style",
        ] {
            assert!(!html.contains(word), "{word}");
        }
    }
}
