//! What becomes of messages while the broker is well.

use crate::queues::{TestQueue, call, follow, new_tasks, on_the_common_broker, silent};
use domain::{
    operations::HealthProbe,
    tasks::{TaskNotifications, TaskPublisher},
};
use infrastructure::queue::RabbitTaskQueue;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

#[tokio::test]
async fn a_published_task_calls_a_worker_once() {
    on_the_common_broker(async |queue| {
        let rabbit = queue.connect(2).await;
        rabbit.probe().await.unwrap();
        rabbit.publish(&new_tasks(3)).await.unwrap();
        follow(&rabbit, 3).await;
        assert!(silent(&rabbit).await);
        drop(rabbit);
        assert!(silent(&queue.connect(2).await).await);
    })
    .await;
}

#[tokio::test]
async fn a_message_holds_the_id_of_the_task_as_text() {
    on_the_common_broker(async |queue| {
        let tasks = new_tasks(1);
        queue.connect(1).await.publish(&tasks).await.unwrap();
        assert_eq!(queue.take(&queue.name, 1).await, [tasks[0].to_string()]);
    })
    .await;
}

#[tokio::test]
async fn many_messages_are_published_at_once_and_none_is_nothing() {
    on_the_common_broker(async |queue| {
        let rabbit = queue.connect(1).await;
        rabbit.publish(&[]).await.unwrap();
        rabbit.publish(&new_tasks(2000)).await.unwrap();
        assert_eq!(queue.waiting(&queue.name).await, 2000);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_workers_of_a_process_share_one_consumer() {
    on_the_common_broker(async |queue| {
        let rabbit = Arc::new(queue.connect(4).await);
        let workers: Vec<_> = (0..4)
            .map(|_| {
                let rabbit = Arc::clone(&rabbit);
                tokio::spawn(async move { call(&*rabbit).await })
            })
            .collect();
        rabbit.publish(&new_tasks(5)).await.unwrap();
        let mut held = Vec::new();
        for worker in workers {
            held.push(worker.await.unwrap());
        }
        assert!(silent(&*rabbit).await, "a fifth call came to four workers");
        held.pop().unwrap().ack().await;
        held.push(call(&*rabbit).await);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_is_dropped_unanswered_comes_again() {
    on_the_common_broker(async |queue| {
        let rabbit = queue.connect(1).await;
        rabbit.publish(&new_tasks(1)).await.unwrap();
        for _ in 0..3 {
            drop(call(&rabbit).await);
        }
        let dropped_elsewhere = call(&rabbit).await;
        let thread = std::thread::spawn(move || drop(dropped_elsewhere));
        thread.join().unwrap();
        follow(&rabbit, 1).await;
        assert!(silent(&rabbit).await);
    })
    .await;
}

#[tokio::test]
async fn giving_up_waiting_loses_no_call() {
    on_the_common_broker(async |queue| {
        let rabbit = queue.connect(1).await;
        let publishing = async {
            for task in new_tasks(50) {
                rabbit.publish(&[task]).await.unwrap();
            }
        };
        let waiting = async {
            let mut followed = 0;
            while followed < 50 {
                let soon = Duration::from_micros(500);
                if let Ok(call) = tokio::time::timeout(soon, rabbit.next()).await {
                    call.ack().await;
                    followed += 1;
                }
            }
        };
        // Impatient waits would never get as far as a connection.
        assert!(silent(&rabbit).await);
        tokio::join!(publishing, waiting);
        assert!(silent(&rabbit).await);
    })
    .await;
}

#[tokio::test]
async fn processes_share_the_messages_and_inherit_those_of_one_that_died() {
    on_the_common_broker(async |queue| {
        let (here, there) = (queue.connect(1).await, queue.connect(1).await);
        here.publish(&new_tasks(2)).await.unwrap();
        let (own, foreign) = tokio::join!(call(&here), call(&there));
        assert!(silent(&here).await);
        own.ack().await;
        drop(there);
        follow(&here, 1).await;
        // It was the other's, whose answer comes too late.
        foreign.ack().await;
        assert!(silent(&here).await);
    })
    .await;
}

#[tokio::test]
async fn a_call_that_nobody_ever_answers_becomes_a_dead_letter() {
    on_the_common_broker(async |queue| {
        let mut settings = queue.settings(1);
        settings.delivery_limit = 3;
        let rabbit = RabbitTaskQueue::connect(settings).await.unwrap();
        let tasks = new_tasks(1);
        rabbit.publish(&tasks).await.unwrap();
        let calls = AtomicUsize::new(0);
        let never_answering = async {
            loop {
                drop(rabbit.next().await);
                calls.fetch_add(1, Ordering::Relaxed);
            }
        };
        let dead = async { queue.take(&queue.dead(), 1).await };
        tokio::select! {
            () = never_answering => {}
            dead = dead => assert_eq!(dead, [tasks[0].to_string()]),
        }
        assert_eq!(calls.into_inner(), 4, "the first and three more");
        assert!(silent(&rabbit).await);
    })
    .await;
}

#[tokio::test]
async fn a_message_that_is_no_task_becomes_a_dead_letter_and_calls_nobody() {
    on_the_common_broker(async |queue| {
        let rabbit = queue.connect(1).await;
        let garbage = ["", "hello", "0192f0c1-0000-7000-8000-00000000000g"];
        for text in garbage {
            queue.publish_text(text.as_bytes()).await;
        }
        queue.publish_text(&vec![0xff; 200_000]).await;
        rabbit.publish(&new_tasks(1)).await.unwrap();
        follow(&rabbit, 1).await;
        assert!(silent(&rabbit).await);
        let dead = queue.take(&queue.dead(), 4).await;
        assert_eq!(dead[..3], garbage);
    })
    .await;
}

#[tokio::test]
async fn dead_letters_do_not_grow_without_bound() {
    on_the_common_broker(async |queue| {
        let mut settings = queue.settings(10);
        settings.dead_letters = 5;
        let rabbit = RabbitTaskQueue::connect(settings).await.unwrap();
        for number in 0..8 {
            queue.publish_text(format!("garbage {number}").as_bytes()).await;
        }
        assert!(silent(&rabbit).await);
        let dead = queue.take(&queue.dead(), 5).await;
        assert_eq!(dead.last().unwrap(), "garbage 7");
        assert_eq!(queue.waiting(&queue.dead()).await, 0);
    })
    .await;
}

#[tokio::test]
async fn queues_that_somebody_deletes_are_declared_anew() {
    on_the_common_broker(async |queue| {
        let rabbit = queue.connect(1).await;
        rabbit.publish(&new_tasks(1)).await.unwrap();
        follow(&rabbit, 1).await;
        queue.delete().await;
        rabbit.probe().await.unwrap_err();
        rabbit.probe().await.unwrap();
        queue.delete().await;
        rabbit.publish(&new_tasks(1)).await.unwrap_err();
        rabbit.publish(&new_tasks(1)).await.unwrap();
        follow(&rabbit, 1).await;
        publish_unheard(queue).await;
        follow(&rabbit, 1).await;
    })
    .await;
}

/// Publishes from another process.
async fn publish_unheard(queue: &TestQueue) {
    let other = queue.connect(1).await;
    let published = other.publish(&new_tasks(1)).await;
    published.expect("the queues are there");
}
