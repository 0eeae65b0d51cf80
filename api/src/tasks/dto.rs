//! What requests and answers of tasks look like.

mod examples;

use crate::{
    fields::{FieldErrors, RawField},
    named::Name,
    ocr::TextDto,
    paging::write_cursor,
    predictions::{PredictionDto, parse_model},
    problem::ProblemDto,
};
use application::{
    Error,
    tasks::{TaskRequest, TaskResult, TaskState},
};
use chrono::{DateTime, Utc};
use domain::{
    clock::Timestamp,
    ids::ImageId,
    ocr::{Language, LanguageSet},
    page::Page,
    tasks::{Task, TaskStatus, TaskWork},
};
use poem_openapi::{Enum, Object, Union};
use std::time::Duration;
use uuid::Uuid;

/// What a task does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[oai(rename_all = "snake_case", rename = "TaskKind")]
pub enum Kind {
    /// Reads the text of an image.
    Ocr,
    /// Classifies an image.
    Prediction,
}

/// Work to do on an image that was uploaded.
#[derive(Object)]
#[oai(rename = "NewTask", example = true)]
pub struct NewTaskDto {
    /// What to do.
    kind: RawField<Kind>,
    /// The image.
    image_id: RawField<Uuid>,
    /// The languages of the text, as Tesseract names them, the main one first; those of the configuration when left out.
    /// For `ocr`.
    languages: Option<RawField<Vec<String>>>,
    /// The name of a classifier, or `name@version`; the default one when left out. For `prediction`.
    #[oai(skip_serializing_if_is_none)]
    model: Option<RawField<String>>,
}

impl NewTaskDto {
    /// What is asked for, and of what the request is known again.
    pub fn parse(self) -> Result<(ImageId, TaskRequest), Error> {
        let mut fields = FieldErrors::default();
        let kind = fields.required("kind", self.kind, Some, "must be ocr or prediction");
        let image = fields.required("image_id", self.image_id, Some, "must be the id of an image");
        let rule = "must be a list of language codes such as eng, at least one";
        let languages = fields.optional("languages", self.languages, |codes| language_set(&codes), rule);
        let model = fields.optional("model", self.model, Some, "must be the name of a model");
        let (Some(kind), Some(image)) = (kind, image) else {
            return Err(fields.into_error());
        };
        fields.finish()?;
        let request = match kind {
            Kind::Ocr => TaskRequest::Ocr(languages),
            Kind::Prediction => TaskRequest::Prediction(parse_model(model.as_deref())?),
        };
        Ok((ImageId(image), request))
    }
}

fn language_set(codes: &[String]) -> Option<LanguageSet> {
    let languages = codes.iter().map(|code| Language::parse(code));
    LanguageSet::new(languages.collect::<Option<Vec<_>>>()?)
}

/// A task with the image that was uploaded for it.
#[derive(Debug, PartialEq, Eq, Object)]
#[oai(rename = "SubmittedTask", example = true)]
pub struct SubmittedDto {
    /// Names the task.
    task_id: Uuid,
    /// Names the image.
    image_id: Uuid,
    /// Where the task stands.
    status: Name<TaskStatus>,
}

impl From<&Task> for SubmittedDto {
    fn from(task: &Task) -> Self {
        Self {
            task_id: task.id.0,
            image_id: task.image_id.0,
            status: Name(task.status),
        }
    }
}

/// How far a task is.
#[derive(Object)]
#[oai(rename = "TaskProgress")]
pub struct ProgressDto {
    /// Pages that are done, of the latest attempt.
    pages_done: u32,
    /// Pages of the image.
    pages: u32,
}

/// What a task came to.
#[derive(Union)]
#[oai(rename = "TaskResult", one_of = true)]
pub enum ResultDto {
    /// What was read.
    Text(TextDto),
    /// What was predicted.
    Prediction(PredictionDto),
}

impl From<TaskResult> for ResultDto {
    fn from(result: TaskResult) -> Self {
        match result {
            TaskResult::Text(text) => Self::Text(text.into()),
            TaskResult::Prediction(prediction) => Self::Prediction(prediction.into()),
        }
    }
}

/// Work that was asked for.
#[derive(Object)]
#[oai(rename = "Task", example = true)]
pub struct TaskDto {
    /// Names the task.
    task_id: Uuid,
    /// What it does.
    kind: Kind,
    /// The image.
    image_id: Uuid,
    /// The languages of the text, the main one first; for `ocr`.
    #[oai(skip_serializing_if_is_none)]
    languages: Option<Vec<String>>,
    /// The model, with its version where one was asked for; for `prediction`.
    #[oai(skip_serializing_if_is_none)]
    model: Option<String>,
    /// Where it stands.
    status: Name<TaskStatus>,
    /// How often a worker began it.
    attempts: u32,
    /// How far it is.
    progress: ProgressDto,
    /// When it was asked for.
    created_at: DateTime<Utc>,
    /// When the latest attempt began.
    #[oai(skip_serializing_if_is_none)]
    started_at: Option<DateTime<Utc>>,
    /// When it came to its end.
    #[oai(skip_serializing_if_is_none)]
    finished_at: Option<DateTime<Utc>>,
    /// What was read or predicted, once it succeeded and as long as that is there; not in lists and events.
    #[oai(skip_serializing_if_is_none)]
    result: Option<ResultDto>,
    /// Why it failed.
    #[oai(skip_serializing_if_is_none)]
    error: Option<ProblemDto>,
}

impl From<&Task> for TaskDto {
    fn from(task: &Task) -> Self {
        let codes = |languages: &LanguageSet| languages.iter().map(|code| code.as_str().to_owned()).collect();
        let (kind, languages, model) = match &task.work {
            TaskWork::Ocr { languages } => (Kind::Ocr, Some(codes(languages)), None),
            TaskWork::Prediction { model } => (Kind::Prediction, None, Some(model.to_string())),
        };
        let failure = task.failure.as_ref();
        let failure = failure.filter(|_| task.status == TaskStatus::Failed);
        Self {
            task_id: task.id.0,
            kind,
            image_id: task.image_id.0,
            languages,
            model,
            status: Name(task.status),
            attempts: task.attempts,
            progress: ProgressDto {
                pages_done: task.progress.done,
                pages: task.progress.total,
            },
            created_at: task.created_at.to_utc(),
            started_at: task.started_at.map(Timestamp::to_utc),
            finished_at: task.finished_at.map(Timestamp::to_utc),
            result: None,
            error: failure.map(ProblemDto::from_task_failure),
        }
    }
}

impl From<TaskState> for TaskDto {
    fn from(state: TaskState) -> Self {
        Self {
            result: state.result.map(ResultDto::from),
            ..Self::from(&state.task)
        }
    }
}

/// A page of tasks.
#[derive(Object)]
#[oai(rename = "TaskPage")]
pub struct TaskPageDto {
    /// Newest first, without their results.
    items: Vec<TaskDto>,
    /// The `cursor` of the next page; absent on the last.
    #[oai(skip_serializing_if_is_none)]
    next_cursor: Option<String>,
}

impl From<Page<Task>> for TaskPageDto {
    fn from(page: Page<Task>) -> Self {
        Self {
            items: page.items.iter().map(TaskDto::from).collect(),
            next_cursor: page.next.map(write_cursor),
        }
    }
}

/// How long an answer may wait for the end of a task.
pub fn parse_wait(wait: Option<RawField<u64>>) -> Result<Duration, Error> {
    let mut fields = FieldErrors::default();
    let seconds = |seconds| (seconds <= 60).then(|| Duration::from_secs(seconds));
    let wait = fields.optional("wait", wait, seconds, "must be a number of seconds from 0 to 60");
    fields.finish()?;
    Ok(wait.unwrap_or_default())
}

/// The status that a list is limited to.
pub fn parse_status(status: Option<RawField<Name<TaskStatus>>>) -> Result<Option<TaskStatus>, Error> {
    let mut fields = FieldErrors::default();
    let rule = "must be queued, running, succeeded, failed or cancelled";
    let status = fields.optional("status", status, |Name(status)| Some(status), rule);
    fields.finish()?;
    Ok(status)
}
