//! New identifiers.

use domain::ids::IdGenerator;
use uuid::Uuid;

/// Makes `UUIDv7`s. Those of one process ascend, also within a millisecond.
#[derive(Debug, Clone, Copy, Default)]
pub struct UuidV7Generator;

impl IdGenerator for UuidV7Generator {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the adapter behind the IdGenerator port"
    )]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_in_the_order_of_their_making() {
        let ids: Vec<Uuid> = (0..10_000).map(|_| UuidV7Generator.next()).collect();
        assert!(ids.is_sorted_by(|earlier, later| earlier < later));
        assert!(ids.iter().all(|id| id.get_version_num() == 7));
    }
}
