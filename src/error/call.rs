//! Which call an error ended: the collection or database, and how often it was tried.

use std::fmt;
use std::sync::Arc;

use super::Error;

/// What is known of the call.
#[derive(Clone, Debug)]
pub(super) struct CallInfo {
    /// `database.collection`, or the database alone.
    namespace: Arc<str>,
    attempts: u32,
}

impl Error {
    /// What the call was about: `database.collection`, or the name of a database alone.
    /// `None` if nothing was tried: an argument was wrong, or the session was not free in time.
    pub fn namespace(&self) -> Option<&str> {
        self.inner.call.as_ref().map(|call| &*call.namespace)
    }

    /// How often the call was tried before it ended with this error; an attempt counts also
    /// where no server was found for it. 0 if nothing was tried: an argument was wrong, or the
    /// session was not free in time.
    pub fn attempts(&self) -> u32 {
        self.inner.call.as_ref().map_or(0, |call| call.attempts)
    }

    pub(crate) fn with_call(mut self, database: &str, collection: Option<&str>, attempts: u32) -> Self {
        let namespace = match collection {
            Some(collection) => Arc::from(format!("{database}.{collection}")),
            None => Arc::from(database),
        };
        self.inner.call = Some(Box::new(CallInfo { namespace, attempts }));
        self
    }

    /// Takes over which call that other error ended.
    pub(crate) fn with_call_of(mut self, other: &Self) -> Self {
        self.inner.call.clone_from(&other.inner.call);
        self
    }

    /// ` [server .., d.c, 2 attempts]`, with what is known of these.
    pub(super) fn write_place(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut before = " [";
        let mut write = |f: &mut fmt::Formatter<'_>, part: fmt::Arguments<'_>| {
            write!(f, "{}{part}", std::mem::replace(&mut before, ", "))
        };
        if let Some(server) = &self.inner.server {
            write(f, format_args!("server {server}"))?;
        }
        if let Some(call) = &self.inner.call {
            write(f, format_args!("{}", call.namespace))?;
            if call.attempts > 1 {
                write(f, format_args!("{} attempts", call.attempts))?;
            }
        }
        if before == " [" { Ok(()) } else { f.write_str("]") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn the_sentence_ends_with_where_it_happened_and_how_often_it_was_tried() {
        let error = Error::new(Kind::Timeout, "too late");
        assert_eq!(error.to_string(), "too late");
        assert_eq!((error.namespace(), error.attempts()), (None, 0));
        let once = error.clone().with_operation("find").with_call("d", Some("c"), 1);
        assert_eq!(once.to_string(), "find: too late [d.c]");
        let twice = error.with_server("a:1").with_call("d", None, 2);
        assert_eq!(twice.to_string(), "too late [server a:1, d, 2 attempts]");
        let other = Error::new(Kind::Closed, "over").with_call_of(&twice);
        assert_eq!((other.namespace(), other.attempts()), (Some("d"), 2));
    }
}
