//! What the documentation shows.

use super::{LoginRequest, ProfileRequest, RegisterRequest, TokensDto, UserDto};
use crate::fields::RawField;
use chrono::{DateTime, Utc};
use poem_openapi::types::{Example, Password};
use uuid::uuid;

const USERNAME: &str = "ada";
const EMAIL: &str = "ada@example.org";
const PASSWORD: &str = "a long and private phrase";
const REGISTERED: DateTime<Utc> = DateTime::from_timestamp_nanos(1_795_255_140_125_000_000);

fn given(text: &str) -> RawField<String> {
    RawField(Some(text.to_owned()))
}

fn password() -> RawField<Password> {
    RawField(Some(Password(PASSWORD.to_owned())))
}

impl Example for RegisterRequest {
    fn example() -> Self {
        Self {
            username: given(USERNAME),
            email: given(EMAIL),
            password: password(),
        }
    }
}

impl Example for LoginRequest {
    fn example() -> Self {
        Self {
            username: given(USERNAME),
            password: password(),
        }
    }
}

impl Example for ProfileRequest {
    fn example() -> Self {
        Self {
            username: given(USERNAME),
            email: given(EMAIL),
        }
    }
}

impl Example for TokensDto {
    fn example() -> Self {
        Self {
            access_token: "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9...".to_owned(),
            token_type: "Bearer".to_owned(),
            expires_in: 900,
            refresh_token: "kq3J0m...".to_owned(),
        }
    }
}

impl Example for UserDto {
    fn example() -> Self {
        Self {
            id: uuid!("019aa4cf-4c25-7b60-8d7e-0a4f1c9e2b58"),
            username: USERNAME.to_owned(),
            email: EMAIL.to_owned(),
            email_verified: true,
            has_password: true,
            has_face: false,
            created_at: REGISTERED,
            updated_at: REGISTERED,
        }
    }
}
