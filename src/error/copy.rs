//! What a copy of a database did, as a whole or up to its failure. Plain data: an error must
//! be able to hold it, so it stands here and not with the verb.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::Error;

/// What [`Connection::copy_database`](crate::Connection::copy_database) copied.
///
/// Its text is one line for people: `3 collections, 1200 documents (0.1 MB), 2 indexes, 1 view
/// in 340.0ms`.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CopyReport {
    /// All collections that were to be copied, in the order of their names.
    pub collections: Vec<CollectionCopy>,
    /// The views that were made, in that order: each behind those it is a view of.
    pub views: Vec<String>,
    /// What the source has and the copy leaves to the server: all of `system.*`, but for
    /// `system.js`. Views, and the buckets of time series, come by their own names.
    pub skipped: Vec<String>,
    /// How long it took, from the first poll on.
    pub duration: Duration,
}

/// What was copied of one collection.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CollectionCopy {
    /// Its name.
    pub name: String,
    /// Documents that the target has acknowledged.
    pub documents: u64,
    /// Bytes of those documents.
    pub bytes: u64,
    /// Indexes that the target has acknowledged, beside the one of `_id`.
    pub indexes: u64,
    /// How long its documents and indexes took; zero if they were not begun.
    pub duration: Duration,
    /// Whether all of it is there.
    pub complete: bool,
}

impl CopyReport {
    /// Documents of all collections.
    pub fn documents(&self) -> u64 {
        self.sum(|collection| collection.documents)
    }

    /// Bytes of these documents.
    pub fn bytes(&self) -> u64 {
        self.sum(|collection| collection.bytes)
    }

    /// Indexes of all collections, beside those of `_id`.
    pub fn indexes(&self) -> u64 {
        self.sum(|collection| collection.indexes)
    }

    /// The collection of this name, if it was to be copied.
    pub fn collection(&self, name: &str) -> Option<&CollectionCopy> {
        self.collections.iter().find(|collection| collection.name == name)
    }

    fn sum(&self, count: impl Fn(&CollectionCopy) -> u64) -> u64 {
        self.collections.iter().map(count).fold(0, u64::saturating_add)
    }
}

impl fmt::Display for CopyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (done, all) =
            (self.collections.iter().filter(|one| one.complete).count(), self.collections.len());
        if done < all {
            write!(f, "{done} of ")?;
        }
        let megabytes = self.bytes() as f64 / 1e6;
        write!(f, "{}, {}", counted(all as u64, "collection"), counted(self.documents(), "document"))?;
        write!(f, " ({megabytes:.1} MB)")?;
        let views = self.views.len() as u64;
        for (count, one, plural) in [(self.indexes(), "index", "indexes"), (views, "view", "views")] {
            match count {
                0 => {}
                1 => write!(f, ", 1 {one}")?,
                _ => write!(f, ", {count} {plural}")?,
            }
        }
        write!(f, " in {:.1?}", self.duration)
    }
}

fn counted(count: u64, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

impl Error {
    /// What [`copy_database`](crate::Connection::copy_database) had copied when this error
    /// ended it; it is in the target. `None` if no copy failed, or it did not begin because an
    /// argument was wrong.
    ///
    /// Where [`may_have_run`](Self::may_have_run) is true, the target may have up to one batch
    /// more of each collection that is not complete.
    pub fn copy_report(&self) -> Option<&CopyReport> {
        self.inner.copy.as_deref()
    }

    pub(crate) fn with_copy_report(mut self, report: CopyReport) -> Self {
        // Without, it ended before there was anything to copy.
        if !report.collections.is_empty() {
            self.inner.message = format!("{}; copied before: {report}", self.inner.message);
        }
        self.inner.copy = Some(Arc::new(report));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    fn report() -> CopyReport {
        let one = |name: &str, documents, complete| CollectionCopy {
            name: name.to_owned(),
            documents,
            bytes: 1_000_000,
            indexes: 1,
            complete,
            ..CollectionCopy::default()
        };
        let duration = Duration::from_millis(340);
        CopyReport { collections: vec![one("a", 1, true), one("b", 2, true)], duration, ..Default::default() }
    }

    #[test]
    fn its_text_counts_and_names_what_is_not_complete() {
        let mut report = report();
        assert_eq!(report.to_string(), "2 collections, 3 documents (2.0 MB), 2 indexes in 340.0ms");
        report.collections[1].complete = false;
        report.views.push("v".to_owned());
        assert_eq!(
            report.to_string(),
            "1 of 2 collections, 3 documents (2.0 MB), 2 indexes, 1 view in 340.0ms"
        );
        assert_eq!((report.documents(), report.bytes(), report.indexes()), (3, 2_000_000, 2));
        assert_eq!(report.collection("a").map(|a| a.documents), Some(1));
    }

    #[test]
    fn an_error_says_what_was_copied_before_it() {
        let error = Error::new(Kind::Timeout, "too late").with_copy_report(report());
        assert!(error.to_string().starts_with("too late; copied before: 2 collections"), "{error}");
        assert_eq!(error.copy_report(), Some(&report()));
        let early = Error::new(Kind::Timeout, "too late").with_copy_report(CopyReport::default());
        assert_eq!((early.message(), early.copy_report().is_some()), ("too late", true));
        assert!(Error::new(Kind::Timeout, "too late").copy_report().is_none());
    }
}
