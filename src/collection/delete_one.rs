//! `delete`, of one document.

use std::sync::Arc;

use bson::RawDocumentBuf;
use serde::Serialize;

use super::DeleteResult;
use super::draft::{Draft, Running, concerns, options, verb};
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Deletes one document; see [`Collection::delete_one`](crate::Collection::delete_one).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct DeleteOne {
    draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
}

options! { DeleteOne {
    /// The index to use: its name, or its keys.
    hint(any) => "hint",
    /// How strings are compared.
    collation(document) => "collation",
    /// Values for variables that the filter refers to as `$$name`.
    let_vars(document) => "let",
    /// Shown in the server's logs and profiles.
    comment(any) => "comment",
} }

verb!(DeleteOne -> DeleteResult);
concerns!(writes DeleteOne);

/// The options that stand beside the filter, and not in the command itself.
const OF_THE_STATEMENT: [&str; 2] = ["hint", "collation"];

impl DeleteOne {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>, filter: impl Serialize) -> Self {
        let mut draft = Draft::new(handle);
        let filter = draft.encode("filter", filter);
        Self { draft, namespace: namespace.clone(), filter }
    }

    fn start(self) -> Running<DeleteResult> {
        let Self { mut draft, namespace, filter } = self;
        let plan = draft.writing(&namespace.database, filter.as_bytes().len());
        let mut options = draft.take_options();
        let statement = options.split_off(&OF_THE_STATEMENT);
        draft.run(
            "delete",
            plan,
            move |command, _| {
                let mut elements = command.elements();
                elements.str("delete", &namespace.collection).array_with("deletes", |deletes| {
                    deletes.document_with("0", |delete| {
                        delete.document("q", &filter).i32("limit", 1);
                        statement.write(delete);
                    });
                });
                options.write(&mut elements);
                Ok(())
            },
            |answer, _| Ok(DeleteResult::parse(&answer.body)),
        )
    }
}
