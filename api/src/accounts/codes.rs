//! The operations with mailed codes: verifying an e-mail address, and resetting a password.

use super::code_dto::{CodeWish, ResetRequest, VerificationRequest};
use crate::{
    api_error::{ApiError, JSON_BODY, TOO_MANY, UNAUTHORIZED},
    http::{AcceptedLanguage, ClientOrigin},
    json_body::JsonBody,
    services::Services,
    tags::Tag,
};
use domain::accounts::CodePurpose;
use poem::web::Data;
use poem_openapi::{ApiResponse, OpenApi};
use std::sync::Arc;

/// The operations of mailed codes.
pub struct CodesApi;

#[derive(ApiResponse)]
enum EmailVerified {
    /// The e-mail is verified.
    #[oai(status = 204)]
    NoContent,
}

#[derive(ApiResponse)]
enum CodeMailed {
    /// If the e-mail belongs to a user, a code is mailed to it.
    #[oai(status = 202)]
    Accepted,
}

#[derive(ApiResponse)]
enum PasswordReset {
    /// The password is changed, and every session has ended.
    #[oai(status = 204)]
    NoContent,
}

#[OpenApi(tag = "Tag::Accounts")]
impl CodesApi {
    /// Verify an e-mail
    ///
    /// Verifies the e-mail with the code that was mailed to it. Only the latest code is valid: once, for ten minutes and five
    /// attempts. A wrong, expired or used code and an unknown e-mail are answered alike. Wrong codes are rate-limited by
    /// network.
    #[oai(path = "/email/verify", method = "post", operation_id = "verifyEmail")]
    async fn verify_email(
        &self,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        body: JsonBody<VerificationRequest>,
    ) -> Result<EmailVerified, ApiError<{ JSON_BODY | UNAUTHORIZED | TOO_MANY }>> {
        let (email, code) = body.0.parse()?;
        services.recovery.verify_email(&email, &code, origin.0).await?;
        Ok(EmailVerified::NoContent)
    }

    /// Request another code to verify an e-mail
    ///
    /// The mail is in English or Spanish, by `Accept-Language`. Registered and unknown e-mails are answered alike.
    #[oai(
        path = "/email/verify/resend",
        method = "post",
        operation_id = "resendVerification"
    )]
    async fn resend_verification(
        &self,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        language: AcceptedLanguage,
        body: JsonBody<CodeWish>,
    ) -> Result<CodeMailed, ApiError<JSON_BODY>> {
        let email = body.0.parse()?;
        let purpose = CodePurpose::VerifyEmail;
        services
            .recovery
            .request_code(&email, purpose, language.0, origin.0)
            .await?;
        Ok(CodeMailed::Accepted)
    }

    /// Request a code to reset my password
    ///
    /// The mail is in English or Spanish, by `Accept-Language`. Registered and unknown e-mails are answered alike.
    #[oai(path = "/password/forgot", method = "post", operation_id = "forgotPassword")]
    async fn forgot_password(
        &self,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        language: AcceptedLanguage,
        body: JsonBody<CodeWish>,
    ) -> Result<CodeMailed, ApiError<JSON_BODY>> {
        let email = body.0.parse()?;
        let purpose = CodePurpose::RecoverPassword;
        services
            .recovery
            .request_code(&email, purpose, language.0, origin.0)
            .await?;
        Ok(CodeMailed::Accepted)
    }

    /// Reset my password with a mailed code
    ///
    /// Ends every session and opens none. This also verifies the e-mail. If it was unverified, API keys, linked identities and
    /// an enrolled face are revoked, because another person may have registered the e-mail. Only the latest code is valid:
    /// once, for ten minutes and five attempts. A wrong, expired or used code and an unknown e-mail are answered alike. Wrong
    /// codes are rate-limited by network.
    #[oai(path = "/password/reset", method = "post", operation_id = "resetPassword")]
    async fn reset_password(
        &self,
        services: Data<&Arc<Services>>,
        origin: ClientOrigin,
        body: JsonBody<ResetRequest>,
    ) -> Result<PasswordReset, ApiError<{ JSON_BODY | UNAUTHORIZED | TOO_MANY }>> {
        let (email, code, new) = body.0.parse()?;
        services
            .recovery
            .reset_password(&email, &code, new, origin.0)
            .await?;
        Ok(PasswordReset::NoContent)
    }
}
