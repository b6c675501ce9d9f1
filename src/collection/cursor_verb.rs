//! What the builders have in common whose output is a cursor.

use std::sync::Arc;

use bson::RawDocumentBuf;

use super::Draft;
use crate::cursor::{CursorOptions, CursorSettings};
use crate::pool::Namespace;

impl Draft {
    /// What a cursor keeps for its further batches; `comment` is what goes along with each.
    pub fn cursor(
        &mut self,
        options: &CursorOptions,
        namespace: &Arc<Namespace>,
        comment: Option<RawDocumentBuf>,
    ) -> CursorSettings {
        let timeout = self.timeout.or_else(|| self.handle().scope().timeout);
        let settings = options.settings(namespace.clone(), timeout, comment);
        self.keep(settings, "cursor").unwrap_or_else(|| CursorSettings::plain(namespace.clone()))
    }
}

/// The options of every cursor. The builder has a field `cursor`.
macro_rules! cursor_verb {
    ($builder:ident<$item:ident>) => {
        impl<$item> $builder<$item> {
            /// Documents in a batch. Without it the server sends 101 in the first, and then as
            /// many as fit into a message. With 0 the first batch is empty.
            pub fn batch_size(mut self, size: u32) -> Self {
                self.cursor.batch_size = Some(i32::try_from(size).unwrap_or(i32::MAX));
                self
            }

            /// What the timeout is for: by default all that is read from the cursor
            /// together, and where it is tailable each call by itself. An error without a
            /// timeout.
            pub fn timeout_mode(mut self, mode: crate::cursor::TimeoutMode) -> Self {
                self.cursor.timeout_mode = Some(mode);
                self
            }
        }
    };
}

pub(crate) use cursor_verb;
