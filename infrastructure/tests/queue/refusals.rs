//! Brokers that cannot be used, and how they are told apart.

use crate::queues::{TestQueue, on_the_common_broker};
use infrastructure::queue::{QueueError, RabbitSettings, RabbitTaskQueue};
use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

async fn refusal(settings: RabbitSettings) -> QueueError {
    let Err(error) = RabbitTaskQueue::connect(settings).await else {
        panic!("the broker let us in");
    };
    error
}

/// The address with another login and another virtual host.
fn changed(queue: &TestQueue, login: &str, path: &str) -> RabbitSettings {
    let (_, rest) = queue.url.rsplit_once('@').expect("an address with a login");
    let (host, _) = rest.split_once('/').expect("an address with a virtual host");
    let mut settings = queue.settings(1);
    settings.url = format!("amqp://{login}@{host}/{path}").into();
    settings
}

#[tokio::test]
async fn a_wrong_login_is_told_without_its_password() {
    on_the_common_broker(async |queue| {
        for login in ["guest:hidden-word", "nobody:hidden-word"] {
            let error = refusal(changed(queue, login, "%2f")).await;
            assert!(matches!(error, QueueError::LoginRefused), "{error:?}");
            assert!(!format!("{error} {error:?}").contains("hidden-word"), "{error:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_unknown_virtual_host_is_told_by_its_name() {
    on_the_common_broker(async |queue| {
        let error = refusal(changed(queue, "guest:guest", "nowhere")).await;
        assert!(matches!(error, QueueError::VirtualHostRefused(_)), "{error:?}");
        assert!(error.to_string().contains("nowhere"), "{error}");
        assert!(!format!("{error} {error:?}").contains("guest:guest"), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn a_queue_with_other_arguments_is_told_by_what_differs() {
    on_the_common_broker(async |queue| {
        drop(queue.connect(1).await);
        let mut settings = queue.settings(1);
        settings.delivery_limit += 1;
        let error = refusal(settings).await;
        assert!(matches!(error, QueueError::DeclaredOtherwise(_)), "{error:?}");
        let message = error.to_string();
        assert!(
            message.contains("x-delivery-limit") && message.contains(&queue.name),
            "{message}"
        );
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_the_brokers_own_is_forbidden() {
    on_the_common_broker(async |queue| {
        let mut settings = queue.settings(1);
        settings.queue = "amq.tasks".to_owned();
        let error = refusal(settings).await;
        assert!(matches!(error, QueueError::Forbidden(_)), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_told_at_once() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let settings = RabbitSettings::new(format!("amqp://ada:hidden-word@{free}").into(), 1);
    let error = refusal(settings).await;
    assert!(matches!(error, QueueError::Unreachable(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("hidden-word"), "{error:?}");
}

#[tokio::test]
async fn a_port_where_somebody_listens_and_says_nothing_is_given_up_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut settings = RabbitSettings::new(format!("amqp://{address}").into(), 1);
    settings.connect_timeout = Duration::from_millis(500);
    let before = Instant::now();
    let error = refusal(settings).await;
    assert!(matches!(error, QueueError::Unreachable(_)), "{error:?}");
    assert!(before.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn somebody_who_speaks_something_else_is_told_apart_from_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::Write;
        for connection in listener.incoming() {
            let _ = connection.unwrap().write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }
    });
    let mut settings = RabbitSettings::new(format!("amqp://{address}").into(), 1);
    settings.connect_timeout = Duration::from_secs(2);
    let error = refusal(settings).await;
    assert!(!matches!(error, QueueError::LoginRefused), "{error:?}");
}
