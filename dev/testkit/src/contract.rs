//! What every adapter of a port must do, and every fake: plain functions that panic where it
//! does not. They make their own records, with ids of their own, and can run on tables in use.

pub mod cmdb;
pub mod described;
pub mod directory;
pub mod keys;
pub mod ledger;
pub mod mail;
pub mod queues;
pub mod servicenow;
pub mod users;

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

pub use cmdb::{CmdbWorld, cmdb};
pub use described::described;
pub use directory::{DirectoryWorld, directory};
pub use keys::keys;
pub use ledger::{ledger, requests};
pub use mail::mailer;
pub use queues::queues;
pub use servicenow::{ServiceNowWorld, servicenow};
pub use users::{Administrator, Given, UsersWorld, users};

/// Runs futures side by side on one task, and gives what they gave, in their order.
pub async fn together<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, done) in running.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(output) = future.as_mut().poll(context)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) {
            Poll::Ready(done.iter_mut().filter_map(Option::take).collect())
        } else {
            Poll::Pending
        }
    })
    .await
}
