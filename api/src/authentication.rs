//! The extractor of bearer tokens.

use crate::{api_error::UNAUTHORIZED, problem::Problem};
use application::accounts::{Authenticated, Authentication};
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
    let authentication: &Arc<Authentication> = request.data().ok_or_else(|| {
        poem::Error::from_string("no authentication", poem::http::StatusCode::INTERNAL_SERVER_ERROR)
    })?;
    let caller = authentication.authenticate(&bearer.token).await;
    Ok(caller.map_err(Problem::from_error)?)
}
