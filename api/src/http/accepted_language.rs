//! In which language somebody wants to be written to.

use domain::accounts::MailLanguage;
use poem::{FromRequest, Request, RequestBody, Result, http::header};

/// The language for mails that a request leads to, by its `Accept-Language`.
pub struct AcceptedLanguage(pub MailLanguage);

impl<'a> FromRequest<'a> for AcceptedLanguage {
    async fn from_request(request: &'a Request, _body: &mut RequestBody) -> Result<Self> {
        let lines = request.headers().get_all(header::ACCEPT_LANGUAGE);
        // Several lines are one list (RFC 9110, 5.3).
        let lines: Vec<&str> = lines.iter().filter_map(|line| line.to_str().ok()).collect();
        Ok(Self(MailLanguage::from_accept_language(&lines.join(","))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn several_headers_are_one_list_and_none_is_english() {
        for (lines, expected) in [
            (&["fr", "es;q=0.5"][..], MailLanguage::Spanish),
            (&["es;q=0.5", "en;q=0.6"], MailLanguage::English),
            (&[], MailLanguage::English),
        ] {
            let request = Request::builder();
            let request = lines
                .iter()
                .fold(request, |request, line| request.header("Accept-Language", *line))
                .finish();
            let language = AcceptedLanguage::from_request(&request, &mut RequestBody::default()).await;
            assert_eq!(language.expect("always some").0, expected);
        }
    }
}
