//! A batch as it was received, to be looked at in place.

use bson::RawDocument;

use crate::command::CursorReply;
use crate::command::cursor_reply;
use crate::error::{Error, Result};

/// Some documents of a cursor, borrowed from it.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    reply: &'a CursorReply,
    from: usize,
}

impl<'a> Batch<'a> {
    pub(super) fn new(reply: &'a CursorReply, from: usize) -> Self {
        Self { reply, from }
    }

    /// The documents in order. Each is a slice of the server's reply: nothing is allocated
    /// for it, and `bson::deserialize_from_slice(document.as_bytes())` gives types that
    /// borrow from it.
    pub fn iter(&self) -> Documents<'a> {
        Documents { documents: self.reply.documents_from(self.from) }
    }
}

impl<'a> IntoIterator for Batch<'a> {
    type Item = Result<&'a RawDocument>;
    type IntoIter = Documents<'a>;

    fn into_iter(self) -> Documents<'a> {
        self.iter()
    }
}

/// Iterates over a [`Batch`].
#[derive(Clone, Debug)]
pub struct Documents<'a> {
    documents: cursor_reply::Documents<'a>,
}

impl<'a> Iterator for Documents<'a> {
    type Item = Result<&'a RawDocument>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.documents.next()?.map_err(Error::from))
    }
}
