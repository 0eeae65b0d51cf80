//! Whatever workers, owners, clocks and the reaper do: of all the leases that were ever given for a task, only the
//! latest is accepted, and none after the end. Random sequences on a real database, beside a small model of it.

use super::{
    cancel, claim, failure, finish, found, make_due_ready,
    model::{Expected, State, Step, TASKS, step},
    postpone, release, renew, stored_task,
};
use crate::{
    databases::TestDatabase,
    samples::{begin, commit, moment, stored_user},
};
use chrono::TimeDelta;
use domain::{
    clock::Timestamp,
    tasks::{Cancellation, Lease, MAX_ATTEMPTS, TaskOutcome, TaskStatus},
};
use infrastructure::persistence::SeaStore;
use proptest::{
    prelude::*,
    sample::Index,
    test_runner::{Config, TestRunner},
};
use tempfile::TempDir;
use tokio::runtime::Runtime;

struct World {
    store: SeaStore,
    now: Timestamp,
    tasks: Vec<Expected>,
    leases: Vec<Lease>,
}

impl World {
    async fn new(store: SeaStore) -> Self {
        let ada = stored_user(&store, "ada").await;
        let mut tasks = Vec::new();
        for _ in 0..TASKS {
            tasks.push(Expected {
                task: stored_task(&store, &ada).await,
                state: State::Ready,
                token: 0,
                attempts: 0,
            });
        }
        Self {
            store,
            now: moment(1000),
            tasks,
            leases: Vec::new(),
        }
    }

    /// What a step with one of the leases should do, and that lease; `None` while there is none.
    fn lease(&mut self, index: Index) -> Option<(Lease, Option<&mut Expected>)> {
        let leases = &self.leases;
        let lease = *(!leases.is_empty()).then(|| index.get(leases))?;
        let accepting = self.tasks.iter_mut().find(|task| task.accepts(&lease));
        Some((lease, accepting))
    }

    async fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        let (store, now) = (self.store.clone(), self.now);
        match step {
            Step::Claim => return self.claim().await,
            Step::Reap => return self.reap().await,
            Step::Jump(seconds) => self.now = now + TimeDelta::seconds(*seconds),
            Step::Renew(index) => {
                if let Some((lease, expected)) = self.lease(*index) {
                    let until = now + TimeDelta::seconds(60);
                    prop_assert_eq!(renew(&store, &lease, until, 1).await, expected.is_some());
                    if let Some(task) = expected {
                        task.state = State::Running(until);
                    }
                }
            }
            Step::Succeed(index) => {
                self.end(*index, TaskOutcome::Succeeded, TaskStatus::Succeeded)
                    .await?;
            }
            Step::Fail(index) => {
                self.end(*index, TaskOutcome::Failed(failure()), TaskStatus::Failed)
                    .await?;
            }
            Step::Postpone(index, rest) => {
                if let Some((lease, expected)) = self.lease(*index) {
                    let until = now + TimeDelta::seconds(*rest);
                    prop_assert_eq!(postpone(&store, &lease, until).await, expected.is_some());
                    if let Some(task) = expected {
                        task.state = State::WaitingForRetry(until);
                    }
                }
            }
            Step::HandBack(index) => {
                if let Some((lease, expected)) = self.lease(*index) {
                    prop_assert_eq!(release(&store, &lease, now).await, expected.is_some());
                    if let Some(task) = expected {
                        task.state = State::Ready;
                        task.attempts -= 1;
                    }
                }
            }
            Step::Cancel(index) => {
                let task = &mut self.tasks[*index];
                let (expected, state) = match task.state {
                    State::Ended(_) => (Cancellation::Finished, task.state),
                    _ => (Cancellation::Cancelled, State::Ended(TaskStatus::Cancelled)),
                };
                prop_assert_eq!(cancel(&store, &task.task, now).await, expected);
                task.state = state;
            }
            Step::Wake => {
                let rested = |task: &&mut Expected| matches!(task.state, State::WaitingForRetry(until) if until <= now);
                let mut made_ready = 0;
                for task in self.tasks.iter_mut().filter(rested) {
                    task.state = State::Ready;
                    made_ready += 1;
                }
                prop_assert_eq!(make_due_ready(&store, now, 100).await, made_ready);
            }
        }
        Ok(())
    }

    async fn end(
        &mut self,
        index: Index,
        outcome: TaskOutcome,
        status: TaskStatus,
    ) -> Result<(), TestCaseError> {
        let (store, now) = (self.store.clone(), self.now);
        if let Some((lease, expected)) = self.lease(index) {
            prop_assert_eq!(finish(&store, &lease, &outcome, now).await, expected.is_some());
            if let Some(task) = expected {
                task.state = State::Ended(status);
            }
        }
        Ok(())
    }

    async fn claim(&mut self) -> Result<(), TestCaseError> {
        let claim = claim(&self.store, self.now).await;
        let ready = |task: &&mut Expected| task.state == State::Ready;
        let Some(claim) = claim else {
            prop_assert_eq!(self.tasks.iter_mut().filter(ready).count(), 0);
            return Ok(());
        };
        let mut ready = self.tasks.iter_mut().filter(ready);
        let task = ready.find(|task| task.task.id == claim.task.id);
        let task = task.ok_or_else(|| TestCaseError::fail("a task that was not ready was claimed"))?;
        task.state = State::Running(self.now + TimeDelta::seconds(60));
        task.token += 1;
        task.attempts += 1;
        prop_assert_eq!((claim.lease.task, claim.lease.token), (task.task.id, task.token));
        self.leases.push(claim.lease);
        Ok(())
    }

    /// Looks after abandoned tasks: those that have attempts left rest for ten seconds, the others fail.
    async fn reap(&mut self) -> Result<(), TestCaseError> {
        let now = self.now;
        let until = now + TimeDelta::seconds(10);
        let work = begin(&self.store).await;
        let expired = work
            .tasks()
            .lock_expired_leases(now, 100)
            .await
            .expect("an answer");
        let mut expected = 0;
        for task in &mut self.tasks {
            if !matches!(task.state, State::Running(until) if until <= now) {
                continue;
            }
            expected += 1;
            let claim = expired.iter().find(|claim| task.accepts(&claim.lease));
            let claim = claim.ok_or_else(|| TestCaseError::fail("an expired lease was not found"))?;
            prop_assert_eq!(claim.task.attempts, task.attempts);
            let written = if task.attempts < MAX_ATTEMPTS {
                task.state = State::WaitingForRetry(until);
                work.tasks().postpone(&claim.lease, &failure(), until).await
            } else {
                task.state = State::Ended(TaskStatus::Failed);
                let spent = TaskOutcome::Failed(failure());
                work.tasks().finish(&claim.lease, &spent, now).await
            };
            prop_assert!(written.expect("an answer"));
        }
        prop_assert_eq!(expired.len(), expected);
        commit(work).await;
        Ok(())
    }

    async fn check(&self) -> Result<(), TestCaseError> {
        // Rolled back, so that looking changes nothing.
        let work = begin(&self.store).await;
        for lease in &self.leases {
            let accepted = work.tasks().renew(lease, moment(0), 0).await.expect("an answer");
            let expected = self.tasks.iter().any(|task| task.accepts(lease));
            prop_assert_eq!(accepted, expected, "{:?}", lease);
        }
        drop(work);
        for expected in &self.tasks {
            let task = found(&self.store, &expected.task).await;
            prop_assert_eq!(
                (task.status, task.attempts),
                (expected.status(), expected.attempts)
            );
        }
        Ok(())
    }
}

async fn play(steps: Vec<Step>) -> Result<(), TestCaseError> {
    let folder = TempDir::new().expect("a temporary folder");
    let url = format!("sqlite://{}/ocellus.db", folder.path().display());
    let mut world = World::new(TestDatabase { url }.store().await).await;
    for step in steps {
        world.take(&step).await?;
        world.check().await?;
    }
    Ok(())
}

#[test]
fn only_the_latest_lease_of_a_task_that_runs_is_accepted() {
    let config = Config {
        cases: 64,
        failure_persistence: None,
        ..Config::default()
    };
    let runtime = Runtime::new().expect("a runtime");
    let outcome = TestRunner::new(config).run(&prop::collection::vec(step(), 1..60), |steps| {
        runtime.block_on(play(steps))
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}
