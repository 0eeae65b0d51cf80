//! Tasks.

mod dto;

use crate::{
    api_error::{
        ApiError, BAD_REQUEST, CONFLICT, JSON_BODY, NOT_FOUND, TOO_LARGE, TOO_MANY, UNPROCESSABLE,
        UNSUPPORTED,
    },
    authentication::{AUTHENTICATED, Bearer},
    fields::RawField,
    idempotency::{Created, Request, execute_once, parse_key},
    images::FileUpload,
    json_body::JsonBody,
    named::Name,
    ocr::parse_languages,
    paging::page_request,
    services::Services,
    tags::Tag,
};
use application::{
    Error,
    tasks::{TaskRequest, TaskWatcher},
};
use domain::{
    ids::TaskId,
    ocr::LanguageSet,
    tasks::{Task, TaskStatus},
};
use dto::{NewTaskDto, SubmittedDto, TaskDto, TaskPageDto, parse_status, parse_wait};
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use poem::web::{Data, sse::Event};
use poem_openapi::{
    ApiResponse, OpenApi,
    param::{Header, Path, Query},
    payload::{EventStream, Json},
    types::ToJSON,
};
use std::{sync::Arc, time::Duration};
use uuid::Uuid;

/// The operations of tasks.
pub struct TasksApi;

/// How often an idle event stream sends a comment.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

#[derive(ApiResponse)]
enum UploadTaken {
    /// The image is stored and the task queued.
    #[oai(status = 202)]
    Accepted(
        Json<SubmittedDto>,
        /// Where the task is found.
        #[oai(header = "Location")]
        String,
    ),
}

#[derive(ApiResponse)]
enum TaskTaken {
    /// The task is queued.
    #[oai(status = 202)]
    Accepted(
        Json<TaskDto>,
        /// Where the task is found.
        #[oai(header = "Location")]
        String,
    ),
}

#[derive(ApiResponse)]
enum TaskCancelled {
    /// The task is cancelled and stays to be seen.
    #[oai(status = 204)]
    NoContent,
}

#[derive(ApiResponse)]
enum Events {
    /// An event named `task` for the task as it is and for every change; the stream ends with the task.
    #[oai(status = 200)]
    Stream(EventStream<BoxStream<'static, TaskDto>>),
}

#[OpenApi(tag = "Tag::Tasks")]
impl TasksApi {
    /// Upload an image and have it read
    ///
    /// Stores the image like `POST /images` and queues a task to read its text, both or neither.
    #[oai(path = "/upload", method = "post", operation_id = "uploadAndRead")]
    async fn upload_and_read(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// The languages of the text, comma-separated, as Tesseract names them: `eng,spa`. Those of the configuration
        /// when left out.
        languages: Query<Option<RawField<String>>>,
        /// Names this request, so that it can be repeated safely for a day.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<RawField<String>>>,
        upload: FileUpload,
    ) -> Result<
        UploadTaken,
        ApiError<
            { AUTHENTICATED | BAD_REQUEST | CONFLICT | TOO_LARGE | UNSUPPORTED | UNPROCESSABLE | TOO_MANY },
        >,
    > {
        let owner = sender.0.user.id;
        let languages = parse_languages(languages.0)?;
        let key = parse_key(owner, "uploadAndRead", key.0)?;
        let wish = joined(languages.as_ref());
        let (upload, said) = upload.open(owner, key.as_ref(), &[&wish]).await?;
        let services = services.0;
        let submit = |guard| async move {
            let submitted = services
                .submissions
                .submit_upload(upload, languages, Option::as_ref(&guard));
            submitted.await
        };
        let (submitted, location) =
            execute_once(&services.idempotency, key, said, 202, submitted, submit).await?;
        Ok(UploadTaken::Accepted(Json(submitted), location))
    }

    /// Submit work on an image
    ///
    /// Queues a task; `GET /tasks/{id}` tells what becomes of it. A text that was read before is not read again.
    #[oai(path = "/tasks", method = "post", operation_id = "submitTask")]
    async fn submit_task(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// Names this request, so that it can be repeated safely for a day.
        #[oai(name = "Idempotency-Key")]
        key: Header<Option<RawField<String>>>,
        body: JsonBody<NewTaskDto>,
    ) -> Result<
        TaskTaken,
        ApiError<{ AUTHENTICATED | JSON_BODY | NOT_FOUND | CONFLICT | UNPROCESSABLE | TOO_MANY }>,
    > {
        let owner = sender.0.user.id;
        let (image, request) = body.0.parse()?;
        let key = parse_key(owner, "submitTask", key.0)?;
        let (kind, wish) = match &request {
            TaskRequest::Ocr(languages) => ("ocr", joined(languages.as_ref())),
            TaskRequest::Prediction(model) => (
                "prediction",
                model.as_ref().map(ToString::to_string).unwrap_or_default(),
            ),
        };
        let said = Request::of_fields(&[kind, &image.to_string(), &wish]);
        let services = services.0;
        let submit = |guard| async move {
            let submitted = services
                .submissions
                .submit(owner, image, request, Option::as_ref(&guard));
            submitted.await
        };
        let (task, location) = execute_once(&services.idempotency, key, said, 202, shown, submit).await?;
        Ok(TaskTaken::Accepted(Json(task), location))
    }

    /// List my tasks
    ///
    /// A page of them, newest first, without their results.
    #[oai(path = "/tasks", method = "get", operation_id = "listTasks")]
    async fn list_tasks(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// Only tasks that stand so.
        status: Query<Option<RawField<Name<TaskStatus>>>>,
        /// How many at most: 1 to 100; 20 when left out.
        limit: Query<Option<RawField<u16>>>,
        /// The `next_cursor` of the page before.
        cursor: Query<Option<RawField<String>>>,
    ) -> Result<Json<TaskPageDto>, ApiError<{ AUTHENTICATED | BAD_REQUEST }>> {
        let status = parse_status(status.0)?;
        let page = page_request(limit.0, cursor.0)?;
        let page = services.tasks.list(sender.0.user.id, status, page).await?;
        Ok(Json(page.into()))
    }

    /// Show a task
    ///
    /// With `wait` the answer is held until the task has come to its end, or so many seconds are over.
    #[oai(path = "/tasks/:id", method = "get", operation_id = "getTask")]
    async fn get_task(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// The task.
        id: Path<Uuid>,
        /// Seconds to wait for its end: 0 to 60; 0 when left out.
        wait: Query<Option<RawField<u64>>>,
    ) -> Result<Json<TaskDto>, ApiError<{ AUTHENTICATED | BAD_REQUEST | NOT_FOUND }>> {
        let (owner, patience) = (sender.0.user.id, parse_wait(wait.0)?);
        let state = services.tasks.wait(owner, TaskId(id.0), patience).await?;
        Ok(Json(state.into()))
    }

    /// Show the result of a task
    ///
    /// The same as `GET /tasks/{id}`.
    #[oai(path = "/result/:task_id", method = "get", operation_id = "getResult")]
    async fn get_result(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// The task.
        task_id: Path<Uuid>,
        /// Seconds to wait for its end: 0 to 60; 0 when left out.
        wait: Query<Option<RawField<u64>>>,
    ) -> Result<Json<TaskDto>, ApiError<{ AUTHENTICATED | BAD_REQUEST | NOT_FOUND }>> {
        self.get_task(sender, services, task_id, wait).await
    }

    /// Cancel a task
    ///
    /// Takes back a task that waits, and stops one that is being worked on.
    #[oai(path = "/tasks/:id", method = "delete", operation_id = "cancelTask")]
    async fn cancel_task(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// The task.
        id: Path<Uuid>,
    ) -> Result<TaskCancelled, ApiError<{ AUTHENTICATED | NOT_FOUND | CONFLICT }>> {
        services.tasks.cancel(sender.0.user.id, TaskId(id.0)).await?;
        Ok(TaskCancelled::NoContent)
    }

    /// Follow a task
    ///
    /// Server-sent events: the task as it is, then every change of its status and progress, without its result.
    #[oai(path = "/tasks/:id/events", method = "get", operation_id = "followTask")]
    async fn follow_task(
        &self,
        sender: Bearer,
        services: Data<&Arc<Services>>,
        /// The task.
        id: Path<Uuid>,
    ) -> Result<Events, ApiError<{ AUTHENTICATED | NOT_FOUND }>> {
        let mut watcher = services.tasks.watch(sender.0.user.id, TaskId(id.0));
        let first = watcher.next().await?.ok_or(Error::NotFound)?;
        let states = stream::iter([first]).chain(changes(watcher));
        let events = EventStream::new(states.map(|task| TaskDto::from(&task)).boxed())
            .keep_alive(KEEP_ALIVE)
            .to_event(|task| Event::message(task.to_json_string()).event_type("task"));
        Ok(Events::Stream(events))
    }
}

/// The next states of a task. The stream ends on an error, and the client reconnects.
fn changes(watcher: TaskWatcher) -> impl futures_util::Stream<Item = Task> + Send {
    stream::unfold(watcher, |mut watcher| async move {
        match watcher.next().await {
            Ok(Some(task)) => Some((task, watcher)),
            Ok(None) => None,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an event stream was aborted"
                );
                None
            }
        }
    })
}

fn joined(languages: Option<&LanguageSet>) -> String {
    languages.map(LanguageSet::joined).unwrap_or_default()
}

fn location(task: &Task) -> String {
    format!("/tasks/{}", task.id)
}

fn submitted(task: &Task) -> Created<SubmittedDto> {
    (task.into(), location(task))
}

fn shown(task: &Task) -> Created<TaskDto> {
    (task.into(), location(task))
}
