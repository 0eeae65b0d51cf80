//! DTOs of security events.

use crate::{named::Name, paging::write_cursor};
use chrono::{DateTime, Utc};
use domain::{
    accounts::{EventKind, SecurityEvent},
    page::Page,
};
use poem_openapi::Object;
use uuid::Uuid;

/// Something that happened to the account.
#[derive(Object)]
#[oai(rename = "SecurityEvent")]
struct EventDto {
    /// The id.
    id: Uuid,
    /// What happened.
    kind: Name<EventKind>,
    /// The client's IP address; absent if an admin or the operator did it.
    #[oai(skip_serializing_if_is_none)]
    address: Option<String>,
    /// The `User-Agent` that the client sent.
    #[oai(skip_serializing_if_is_none)]
    user_agent: Option<String>,
    /// When it happened.
    created_at: DateTime<Utc>,
}

impl From<SecurityEvent> for EventDto {
    fn from(event: SecurityEvent) -> Self {
        Self {
            id: event.id.0,
            kind: Name(event.kind),
            address: event.origin.address,
            user_agent: event.origin.user_agent,
            created_at: event.created_at.to_utc(),
        }
    }
}

/// A page of events.
#[derive(Object)]
#[oai(rename = "SecurityEventPage")]
pub struct EventPageDto {
    /// Newest first.
    items: Vec<EventDto>,
    /// The `cursor` of the next page; absent on the last.
    #[oai(skip_serializing_if_is_none)]
    next_cursor: Option<String>,
}

impl From<Page<SecurityEvent>> for EventPageDto {
    fn from(page: Page<SecurityEvent>) -> Self {
        Self {
            items: page.items.into_iter().map(EventDto::from).collect(),
            next_cursor: page.next.map(write_cursor),
        }
    }
}
