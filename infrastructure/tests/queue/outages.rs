//! What becomes of messages when the broker dies or hangs.

use crate::{
    broker::PrivateBroker,
    logs::Lines,
    queues::{TestQueue, call, follow, new_tasks, silent},
};
use domain::{
    operations::HealthProbe,
    tasks::{TaskNotifications, TaskPublisher},
};
use infrastructure::queue::RabbitTaskQueue;
use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::{Mutex, MutexGuard};

/// How long a broker that is back may go unnoticed: the longest pause between attempts and what connecting takes.
const RECOVERY: Duration = Duration::from_secs(15);

/// The one broker of these tests, which take turns with it. It dies with this process.
async fn private_broker() -> MutexGuard<'static, PrivateBroker> {
    static BROKER: LazyLock<Mutex<PrivateBroker>> = LazyLock::new(|| Mutex::new(PrivateBroker::start()));
    BROKER.lock().await
}

/// Publishes until it succeeds again.
async fn publish_again(rabbit: &RabbitTaskQueue) {
    let deadline = Instant::now() + RECOVERY;
    while let Err(error) = rabbit.publish(&new_tasks(1)).await {
        assert!(Instant::now() < deadline, "publishing never recovers: {error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_confirmed_before_the_broker_was_killed_is_delivered_after_its_restart() {
    let mut broker = private_broker().await;
    let queue = TestQueue::on(&broker);
    let rabbit = Arc::new(queue.connect(2).await);

    let confirmed = Arc::new(AtomicUsize::new(0));
    let load = tokio::spawn({
        let (rabbit, confirmed) = (Arc::clone(&rabbit), Arc::clone(&confirmed));
        async move {
            loop {
                let before = Instant::now();
                let tasks = new_tasks(20);
                if let Err(error) = rabbit.publish(&tasks).await {
                    return (error.to_string(), before.elapsed());
                }
                confirmed.fetch_add(tasks.len(), Ordering::Relaxed);
            }
        }
    });
    while confirmed.load(Ordering::Relaxed) < 500 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let held = call(&*rabbit).await;
    follow(&*rabbit, 99).await;
    broker.kill();
    let (error, waited) = load.await.unwrap();
    assert!(
        waited < Duration::from_secs(6),
        "publishing hung for {waited:?}: {error}"
    );
    rabbit.publish(&new_tasks(1)).await.unwrap_err();
    rabbit.probe().await.unwrap_err();
    assert!(silent(&*rabbit).await);

    let waiting = tokio::spawn({
        let rabbit = Arc::clone(&rabbit);
        async move { rabbit.next().await }
    });
    broker.start_again();
    let recovered = tokio::time::timeout(RECOVERY, waiting).await;
    recovered.expect("next recovers").unwrap().ack().await;
    publish_again(&rabbit).await;
    rabbit.probe().await.unwrap();

    // The connection of this one is gone: it was delivered again, and its answer must do no harm.
    held.ack().await;
    // At least what was confirmed and not answered, one of which came above, and the one that was published since. Of
    // the last batch before the end and of the last answers nobody can say whether they arrived.
    let certain = confirmed.load(Ordering::Relaxed) - 99;
    follow(&*rabbit, certain).await;
    let mut more = 0;
    while !silent_or_follow(&rabbit).await {
        more += 1;
    }
    assert!(more <= 20 + 99, "{more} messages more than were published");
}

/// Whether nothing came; what came was followed.
async fn silent_or_follow(rabbit: &RabbitTaskQueue) -> bool {
    match tokio::time::timeout(Duration::from_secs(1), rabbit.next()).await {
        Ok(call) => {
            call.ack().await;
            false
        }
        Err(_) => true,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_hangs_fails_what_waits_for_it_in_time_and_is_used_again() {
    let broker = private_broker().await;
    let queue = TestQueue::on(&broker);
    let mut settings = queue.settings(1);
    settings.publish_timeout = Duration::from_secs(1);
    settings.connect_timeout = Duration::from_secs(1);
    let rabbit = RabbitTaskQueue::connect(settings).await.unwrap();
    rabbit.publish(&new_tasks(1)).await.unwrap();
    follow(&rabbit, 1).await;
    let threads = threads();

    broker.freeze();
    for _ in 0..5 {
        let before = Instant::now();
        let publishing = rabbit.publish(&new_tasks(1)).await;
        let waited = before.elapsed();
        assert!(
            publishing.is_err() && waited < Duration::from_secs(3),
            "{waited:?}"
        );
    }
    rabbit.probe().await.unwrap_err();
    let left = threads_settle_at(threads).await;
    assert!(left <= threads, "{threads} threads became {left}");

    broker.thaw();
    publish_again(&rabbit).await;
    follow(&rabbit, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_connection_returns_without_a_failure_where_nothing_was_under_way() {
    let mut broker = private_broker().await;
    let queue = TestQueue::on(&broker);
    let rabbit = queue.connect(1).await;
    broker.kill();
    broker.start_again();
    rabbit.publish(&new_tasks(1)).await.unwrap();
    follow(&rabbit, 1).await;
}

#[tokio::test]
async fn each_loss_is_told_once_and_so_is_the_return() {
    let mut broker = private_broker().await;
    let queue = TestQueue::on(&broker);
    let rabbit = queue.connect(1).await;
    rabbit.publish(&new_tasks(1)).await.unwrap();
    follow(&rabbit, 1).await;
    let (lines, _guard) = Lines::of_this_thread();
    broker.kill();
    for _ in 0..3 {
        rabbit.publish(&new_tasks(1)).await.unwrap_err();
        assert!(silent(&rabbit).await);
    }
    broker.start_again();
    publish_again(&rabbit).await;
    follow(&rabbit, 1).await;
    for purpose in ["publishing", "calls"] {
        let told = lines.about(purpose);
        let [lost, back] = &told[..] else {
            panic!("{purpose}: {told:#?}");
        };
        assert!(lost.starts_with("WARN") && lost.contains("lost"), "{lost}");
        assert!(back.starts_with("INFO") && back.contains("back"), "{back}");
    }
}

/// How many threads of the driver this process has.
fn threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").expect("Linux lists threads");
    let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with("lapin")).count()
}

/// Waits until there are no more threads than so many, or long enough.
async fn threads_settle_at(limit: usize) -> usize {
    let deadline = Instant::now() + Duration::from_secs(5);
    while threads() > limit && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    threads()
}
