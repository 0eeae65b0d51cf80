//! When the next task is claimed.

use super::*;
use futures_util::future::join;

/// A unit of work in which a task of so many pages is claimed at this moment.
fn claimed_at(moment: Timestamp, pages: u32) -> MockRepositories {
    let mut claimed = claim(1);
    claimed.task.progress.total = pages;
    let mut work = MockRepositories::default();
    work.tasks
        .expect_claim()
        .withf(move |now, _| *now == moment)
        .times(1)
        .return_once(move |_, _| Ok(Some(claimed)));
    work
}

/// Two work on two tasks of so many pages, with one turn between them; the second task is claimed at this moment, and the
/// first one ends after that.
async fn second_claimed_at(moment: Timestamp, pages: u32, engine: SlowEngine) {
    let mut reads = with_looks([true, true, false, false]);
    reads
        .images
        .expect_find()
        .returning(|_, _| Ok(Some(fixtures::image())));
    reads.texts.expect_find().returning(|_, _| Ok(None));
    let store = MockStore::reading(reads)
        .then_work(claimed_at(fixtures::now(), pages))
        .then_work(claimed_at(moment, pages))
        .then_work(succeeding())
        .then_work(succeeding());
    let store = Arc::new(store);
    let worker = worker(&store, engine);
    let (one, other) = soon(join(worker.execute_all(), worker.execute_all())).await;
    assert_eq!((one.expect("worked"), other.expect("worked")), (1, 1));
    assert_eq!((store.commits(), store.left()), (4, 0));
}

#[tokio::test(start_paused = true)]
async fn while_a_page_is_read_the_next_task_is_claimed() {
    second_claimed_at(fixtures::now(), 1, SlowEngine::taking(milliseconds(100))).await;
}

#[tokio::test(start_paused = true)]
async fn no_task_is_claimed_before_the_last_page_of_a_document_is_begun() {
    let mut engine = SlowEngine::taking(milliseconds(20));
    engine.pages = vec![milliseconds(20), milliseconds(20)];
    second_claimed_at(after(milliseconds(40)), 3, engine).await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_turn_when_the_process_ends_takes_on_nothing() {
    let store = Arc::new(MockStore::default());
    let worker = worker(&store, fixtures::engine());
    let _taken = worker.slot().await.expect("a turn");
    let ending = async { worker.signals.drain() };
    soon(join(worker.run(), ending)).await;
}
