//! What the builders have in common whose output is a cursor.

use std::sync::Arc;

use bson::RawDocumentBuf;

use super::Draft;
use super::command::Command;
use super::draft::Running;
use crate::cursor::{Cursor, CursorOptions, CursorSettings};
use crate::dispatch::{Handle, Plan, execute};
use crate::error::Result;
use crate::pool::{Answer, Limits, Namespace};
use crate::wire::FrameBuilder;

/// What a cursor keeps for its further batches. Boxed, since a call under way should be small.
pub struct Opening(Box<CursorSettings>);

impl Draft {
    /// Those of a cursor to come; `comment` is what goes along with each further batch.
    pub fn cursor(
        &mut self,
        options: &CursorOptions,
        namespace: &Arc<Namespace>,
        comment: Option<RawDocumentBuf>,
    ) -> Opening {
        let timeout = self.timeout.or_else(|| self.handle().scope().timeout);
        let settings = options.settings(namespace.clone(), timeout, comment);
        let settings = self.admit(settings, "cursor");
        Opening(Box::new(settings.unwrap_or_else(|| CursorSettings::plain(namespace.clone()))))
    }

    /// Sends a command that opens a cursor, unless an argument was refused. `write` writes it
    /// for a server of given limits.
    pub fn open<W, T: 'static>(
        mut self,
        name: &'static str,
        plan: Plan,
        opening: Opening,
        write: W,
    ) -> Running<Cursor<T>>
    where
        W: FnMut(&mut FrameBuilder, &Limits) -> Result<()> + Send + 'static,
    {
        let (handle, timeout) = (self.handle().clone(), self.timeout);
        match self.check() {
            Ok(()) => {
                let read = move |answer: &mut Answer, handle: &Handle| {
                    Cursor::open(answer, handle, (*opening.0).clone())
                };
                Box::pin(execute(handle, Command { name, plan, write, read }, timeout))
            }
            Err(error) => Box::pin(std::future::ready(Err(error.with_operation(name)))),
        }
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
