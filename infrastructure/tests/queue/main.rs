//! The adapter of `RabbitMQ`, on the common broker of the tests and on one that is killed and frozen.

#[path = "../../../tests/src/broker.rs"]
mod broker;
mod calls;
mod logs;
mod outages;
mod queues;
mod refusals;
