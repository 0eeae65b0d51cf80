//! Listing tasks.

use crate::Error;
use domain::{
    ids::UserId,
    page::{Page, PageRequest},
    store::Store,
    tasks::{Task, TaskStatus},
};
use std::sync::Arc;

/// Lists a user's tasks.
pub struct ListTasks {
    /// Where tasks are kept.
    pub store: Arc<dyn Store>,
}

impl ListTasks {
    /// A page, newest first, of one status or of all. What they came to is not in it.
    pub async fn execute(
        &self,
        owner: UserId,
        status: Option<TaskStatus>,
        page: PageRequest,
    ) -> Result<Page<Task>, Error> {
        Ok(self.store.read().tasks().list(owner, status, page).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use domain::store::test_support::{MockRepositories, MockStore};

    #[tokio::test]
    async fn only_the_owners_tasks_of_the_status_are_asked_for() {
        let mut reads = MockRepositories::default();
        reads
            .tasks
            .expect_list()
            .withf(|owner, status, page| {
                *owner == fixtures::owner()
                    && *status == Some(TaskStatus::Failed)
                    && *page == PageRequest::default()
            })
            .returning(|_, _, _| {
                Ok(Page {
                    items: vec![fixtures::task()],
                    next: None,
                })
            });
        let list = ListTasks {
            store: Arc::new(MockStore::reading(reads)),
        };
        let page = list
            .execute(
                fixtures::owner(),
                Some(TaskStatus::Failed),
                PageRequest::default(),
            )
            .await;
        assert_eq!(page.expect("a page").items, [fixtures::task()]);
    }
}
