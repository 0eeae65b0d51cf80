//! What the documentation shows.

use super::{Kind, NewTaskDto, ProgressDto, SubmittedDto, TaskDto};
use crate::{fields::RawField, named::Name};
use chrono::DateTime;
use domain::tasks::TaskStatus;
use poem_openapi::types::Example;
use uuid::{Uuid, uuid};

const TASK: Uuid = uuid!("019aa4d1-8f10-7d1a-b0c4-5e9f7a2d6c31");
const IMAGE: Uuid = uuid!("019aa4d1-7b00-7c3e-9f52-2f6d3a8c1b77");

impl Example for NewTaskDto {
    fn example() -> Self {
        Self {
            kind: RawField(Some(Kind::Ocr)),
            image_id: RawField(Some(IMAGE)),
            languages: Some(RawField(Some(vec!["eng".to_owned()]))),
            model: None,
        }
    }
}

impl Example for SubmittedDto {
    fn example() -> Self {
        Self {
            task_id: TASK,
            image_id: IMAGE,
            status: Name(TaskStatus::Queued),
        }
    }
}

impl Example for TaskDto {
    fn example() -> Self {
        Self {
            task_id: TASK,
            kind: Kind::Ocr,
            image_id: IMAGE,
            languages: Some(vec!["eng".to_owned()]),
            model: None,
            status: Name(TaskStatus::Running),
            attempts: 1,
            progress: ProgressDto {
                pages_done: 1,
                pages: 2,
            },
            created_at: DateTime::from_timestamp_nanos(1_795_255_200_250_000_000),
            started_at: Some(DateTime::from_timestamp_nanos(1_795_255_200_262_000_000)),
            finished_at: None,
            result: None,
            error: None,
        }
    }
}
