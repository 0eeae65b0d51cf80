//! The security events of an account.

use super::event_dto::EventPageDto;
use crate::{
    api_error::{ApiError, BAD_REQUEST},
    authentication::{AUTHENTICATED, Bearer},
    fields::RawField,
    paging::page_request,
    services::Services,
    tags::Tag,
};
use poem::web::Data;
use poem_openapi::{OpenApi, param::Query, payload::Json};
use std::sync::Arc;

/// The operations of events.
pub struct EventsApi;

#[OpenApi(tag = "Tag::Accounts")]
impl EventsApi {
    /// List the security events of my account
    ///
    /// Returns logins, rejected logins and changes of the last year, newest first.
    #[oai(path = "/user/events", method = "get", operation_id = "listEvents")]
    async fn list_events(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// How many at most: 1 to 100; 20 when left out.
        limit: Query<Option<RawField<u16>>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<RawField<String>>>,
    ) -> Result<Json<EventPageDto>, ApiError<{ AUTHENTICATED | BAD_REQUEST }>> {
        let page = page_request(limit.0, cursor.0)?;
        let page = services.events.list(sender.0.user.id, page).await?;
        Ok(Json(page.into()))
    }
}
