//! The bearer token.

use crate::{api_error::UNAUTHORIZED, problem::Problem, use_cases::UseCases};
use application::accounts::Authenticated;
use poem::Request;
use poem_openapi::{SecurityScheme, auth::Bearer as BearerToken};
use std::sync::Arc;

/// The access token of a login, or an API key.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", rename = "bearer", checker = "check")]
pub struct Bearer(pub Authenticated);

/// The statuses of every operation that needs a token.
pub const AUTHENTICATED: u16 = UNAUTHORIZED;

async fn check(request: &Request, bearer: BearerToken) -> poem::Result<Authenticated> {
    let use_cases: &Arc<UseCases> = request.data().ok_or_else(|| {
        poem::Error::from_string("no use cases", poem::http::StatusCode::INTERNAL_SERVER_ERROR)
    })?;
    let sender = use_cases.authenticate.execute(&bearer.token).await;
    Ok(sender.map_err(Problem::from_error)?)
}
