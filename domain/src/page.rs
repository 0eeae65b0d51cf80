//! Pages of long lists.

use uuid::Uuid;

/// How many items a page holds: 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit(u16);

impl PageLimit {
    /// The most items that one page may hold.
    pub const MAX: u16 = 100;
    /// As many as one page may hold.
    pub const LARGEST: Self = Self(Self::MAX);

    /// `None` when the number is not between 1 and 100.
    pub fn new(items: u16) -> Option<Self> {
        (1..=Self::MAX).contains(&items).then_some(Self(items))
    }

    /// The number of items.
    pub fn get(self) -> u64 {
        u64::from(self.0)
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(20)
    }
}

/// Which page of a list, newest first, is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageRequest {
    /// At most this many items.
    pub limit: PageLimit,
    /// Only items older than this one: where the page before ended.
    pub after: Option<Uuid>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Where the next page starts; `None` on the last.
    pub next: Option<Uuid>,
}

impl<T> Page<T> {
    /// Makes a page from up to `limit + 1` items: the one too many shows that another page follows.
    pub fn from_lookahead(mut items: Vec<T>, limit: PageLimit, id: impl Fn(&T) -> Uuid) -> Self {
        let size = usize::from(limit.0);
        let more = items.len() > size;
        items.truncate(size);
        let next = if more { items.last().map(id) } else { None };
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(count: u128, limit: u16) -> Page<u128> {
        let limit = PageLimit::new(limit).expect("a valid limit");
        Page::from_lookahead((0..count).collect(), limit, |item| Uuid::from_u128(*item))
    }

    #[test]
    fn a_page_that_is_not_full_is_the_last() {
        assert_eq!(
            page(2, 3),
            Page {
                items: vec![0, 1],
                next: None
            }
        );
        assert_eq!(page(3, 3).next, None);
    }

    #[test]
    fn one_item_too_many_means_that_another_page_follows_the_last_item_shown() {
        assert_eq!(
            page(4, 3),
            Page {
                items: vec![0, 1, 2],
                next: Some(Uuid::from_u128(2))
            }
        );
    }

    #[test]
    fn limits_outside_one_to_a_hundred_are_refused() {
        assert_eq!(PageLimit::new(0), None);
        assert_eq!(PageLimit::new(101), None);
        assert_eq!(PageLimit::new(100).map(PageLimit::get), Some(100));
    }
}
