//! What is done with codes that come by mail: verifying an e-mail, and recovering from a forgotten password.

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
    /// If the e-mail is a user's, a code is on its way.
    #[oai(status = 202)]
    Accepted,
}

#[derive(ApiResponse)]
enum PasswordReset {
    /// The password is the new one; every session has ended.
    #[oai(status = 204)]
    NoContent,
}

#[OpenApi(tag = "Tag::Accounts")]
impl CodesApi {
    /// Verify an e-mail
    ///
    /// With the code that was mailed there. It counts once, for ten minutes and five tries, and only the latest one does.
    /// Whatever is wrong with it, and for an e-mail of nobody, the answer is the same. After too many wrong ones a network
    /// must wait.
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

    /// Mail the code for verification again
    ///
    /// In English or Spanish, by `Accept-Language`. The answer is the same for every e-mail, whoever has it.
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

    /// Mail a code to choose another password with
    ///
    /// In English or Spanish, by `Accept-Language`. The answer is the same for every e-mail, whoever has it.
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

    /// Choose another password with a mailed code
    ///
    /// Ends every session, and logs nobody in; the e-mail is verified by it, too, and where it was not before, API keys and
    /// linked identities end with the sessions, for they may be another's. The code counts once, for ten minutes and
    /// five tries, and only the latest one does. Whatever is wrong with it, and for an e-mail of nobody, the answer is the
    /// same. After too many wrong ones a network must wait.
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
