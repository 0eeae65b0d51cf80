//! Accounts.
#![expect(
    clippy::unused_async,
    reason = "operations are async, whether or not they wait"
)]

mod api_key_dto;
mod api_keys;
mod dto;
mod session_dto;
mod sessions;

use crate::{
    authentication::{Bearer, PRIVATE},
    failure::{CONFLICT, FORBIDDEN, Failure, JSON_BODY, TOO_MANY, UNAUTHORIZED},
    http::ClientOrigin,
    json_body::JsonBody,
    tags::Tag,
    use_cases::UseCases,
};
pub use api_keys::ApiKeysApi;
use dto::{LoginRequest, ProfileRequest, RegisterRequest, TokensDto, UserDto};
use poem::web::Data;
use poem_openapi::{ApiResponse, OpenApi, payload::Json};
pub use sessions::SessionsApi;
use std::sync::Arc;

/// The operations of accounts.
pub struct AccountsApi;

#[derive(ApiResponse)]
enum Registered {
    /// The new user.
    #[oai(status = 201)]
    Created(
        Json<UserDto>,
        /// Where a logged-in user finds the account.
        #[oai(header = "Location")]
        String,
    ),
}

#[derive(ApiResponse)]
enum UserDeleted {
    /// The user and everything the user owned is gone.
    #[oai(status = 204)]
    NoContent,
}

#[OpenApi(tag = "Tag::Accounts")]
impl AccountsApi {
    /// Register
    ///
    /// Makes an account. The name and the e-mail are unique without case; the password is not a common one.
    #[oai(path = "/register", method = "post", operation_id = "register")]
    async fn register(
        &self,
        use_cases: Data<&Arc<UseCases>>,
        origin: ClientOrigin,
        body: JsonBody<RegisterRequest>,
    ) -> Result<Registered, Failure<{ JSON_BODY | CONFLICT | TOO_MANY }>> {
        let registration = body.0.parse()?;
        let user = use_cases.register_user.execute(registration, &origin.0).await?;
        Ok(Registered::Created(Json(user.into()), "/user".to_owned()))
    }

    /// Log in
    ///
    /// Opens a session for the user of this name or e-mail. A wrong password and an unknown user are answered alike.
    /// After too many of them only networks from which the user logged in before may go on.
    #[oai(path = "/login", method = "post", operation_id = "login")]
    async fn log_in(
        &self,
        use_cases: Data<&Arc<UseCases>>,
        origin: ClientOrigin,
        body: JsonBody<LoginRequest>,
    ) -> Result<Json<TokensDto>, Failure<{ JSON_BODY | UNAUTHORIZED | TOO_MANY }>> {
        let (username, password) = body.0.parse()?;
        let tokens = use_cases.log_in.execute(&username, password, origin.0).await?;
        Ok(Json(tokens.into()))
    }

    /// Show my account
    #[oai(path = "/user", method = "get", operation_id = "getUser")]
    async fn get_user(&self, sender: Bearer) -> Result<Json<UserDto>, Failure<PRIVATE>> {
        Ok(Json(sender.0.user.into()))
    }

    /// Change my name and e-mail
    ///
    /// A changed e-mail is unverified again.
    #[oai(path = "/user", method = "put", operation_id = "updateUser")]
    async fn update_user(
        &self,
        sender: Bearer,
        use_cases: Data<&Arc<UseCases>>,
        body: JsonBody<ProfileRequest>,
    ) -> Result<Json<UserDto>, Failure<{ PRIVATE | JSON_BODY | CONFLICT }>> {
        let (username, email) = body.0.parse()?;
        let user = use_cases
            .update_profile
            .execute(sender.0.user.id, username, email)
            .await?;
        Ok(Json(user.into()))
    }

    /// Delete my account
    ///
    /// Removes the user and everything the user owned; every token of the user ends at once. Not for API
    /// keys.
    #[oai(path = "/user", method = "delete", operation_id = "deleteUser")]
    async fn delete_user(
        &self,
        sender: Bearer,
        use_cases: Data<&Arc<UseCases>>,
    ) -> Result<UserDeleted, Failure<{ PRIVATE | FORBIDDEN }>> {
        sender.0.session()?;
        use_cases.delete_user.execute(sender.0.user.id).await?;
        Ok(UserDeleted::NoContent)
    }
}
