//! What a row of `tasks` says.

use crate::persistence::{
    entities::tasks::{ActiveModel, Model},
    error::CorruptRow,
    images::stored,
};
use domain::{
    clock::Timestamp,
    ids::{ImageId, TaskId, UserId},
    ocr::LanguageSet,
    predictions::ModelReference,
    tasks::{Claim, Lease, Task, TaskFailure, TaskProgress, TaskStatus, TaskWork},
};
use sea_orm::{ActiveValue::Set, Value};

/// What is stored of where a task stands: what its owner sees as queued is two states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Any worker may claim it.
    Ready,
    /// Its next attempt may not begin yet.
    WaitingForRetry,
    /// A worker has it.
    Running,
    /// It is done.
    Succeeded,
    /// It cannot be done.
    Failed,
    /// It was taken back.
    Cancelled,
}

impl State {
    const ALL: [Self; 6] = [
        Self::Ready,
        Self::WaitingForRetry,
        Self::Running,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];
    /// Those of tasks that have not ended.
    pub(super) const IN_FLIGHT: [Self; 3] = [Self::Ready, Self::WaitingForRetry, Self::Running];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::WaitingForRetry => "resting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    fn status(self) -> TaskStatus {
        match self {
            Self::Ready | Self::WaitingForRetry => TaskStatus::Queued,
            Self::Running => TaskStatus::Running,
            Self::Succeeded => TaskStatus::Succeeded,
            Self::Failed => TaskStatus::Failed,
            Self::Cancelled => TaskStatus::Cancelled,
        }
    }

    /// Those that are one status.
    pub(super) fn of(status: TaskStatus) -> impl Iterator<Item = Self> {
        Self::ALL
            .into_iter()
            .filter(move |state| state.status() == status)
    }
}

impl From<State> for Value {
    fn from(state: State) -> Self {
        state.name().into()
    }
}

pub(super) fn read(row: Model) -> Result<Task, CorruptRow> {
    let state = State::from_name(&row.state).ok_or(corrupt("state"))?;
    let languages = row.languages.as_deref().and_then(LanguageSet::from_joined);
    let model = row.model.as_deref().and_then(ModelReference::parse);
    let work = match row.kind.as_str() {
        "ocr" => TaskWork::Ocr {
            languages: languages.ok_or(corrupt("languages"))?,
        },
        "prediction" => TaskWork::Prediction {
            model: model.ok_or(corrupt("model"))?,
        },
        _ => return Err(corrupt("kind")),
    };
    // A row keeps the failure through the next attempt, which may be handed back as if it had not been.
    let shows_failure = matches!(state, State::Ready | State::WaitingForRetry | State::Failed);
    let failure = match (row.failure_code, row.failure_detail) {
        (Some(code), Some(detail)) if shows_failure => Some(TaskFailure { code, detail }),
        _ => None,
    };
    Ok(Task {
        id: TaskId(row.id),
        owner_id: UserId(row.owner_id),
        image_id: ImageId(row.image_id),
        work,
        status: state.status(),
        attempts: row.attempts.try_into().map_err(|_| corrupt("attempts"))?,
        progress: TaskProgress {
            done: row.pages_done.try_into().map_err(|_| corrupt("pages_done"))?,
            total: row.pages_total.try_into().map_err(|_| corrupt("pages_total"))?,
        },
        created_at: Timestamp::new(row.created_at),
        started_at: row.started_at.map(Timestamp::new),
        finished_at: row.finished_at.map(Timestamp::new),
        failure,
    })
}

/// A running task with the lease of its latest claim.
pub(super) fn read_claim(row: Model) -> Result<Claim, CorruptRow> {
    let token = row.token.try_into().map_err(|_| corrupt("token"))?;
    let task = read(row)?;
    let lease = Lease { task: task.id, token };
    Ok(Claim { task, lease })
}

/// A token as it is stored.
pub(super) fn stored_token(lease: &Lease) -> i64 {
    stored(lease.token)
}

/// The row of a task that is ready and was never claimed.
pub(super) fn new_row(task: &Task, turn: i64) -> ActiveModel {
    let (kind, languages, model) = match &task.work {
        TaskWork::Ocr { languages } => ("ocr", Some(languages.joined()), None),
        TaskWork::Prediction { model } => ("prediction", None, Some(model.to_string())),
    };
    ActiveModel {
        id: Set(task.id.0),
        owner_id: Set(task.owner_id.0),
        image_id: Set(task.image_id.0),
        kind: Set(kind.to_owned()),
        languages: Set(languages),
        model: Set(model),
        state: Set(State::Ready.name().to_owned()),
        turn: Set(turn),
        attempts: Set(0),
        token: Set(0),
        due_at: Set(Some(task.created_at.to_utc())),
        pages_done: Set(0),
        pages_total: Set(task.progress.total.into()),
        created_at: Set(task.created_at.to_utc()),
        started_at: Set(None),
        finished_at: Set(None),
        failure_code: Set(None),
        failure_detail: Set(None),
    }
}

fn corrupt(column: &'static str) -> CorruptRow {
    CorruptRow {
        table: "tasks",
        column,
    }
}
