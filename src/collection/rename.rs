//! `renameCollection`.

use std::sync::Arc;

use super::draft::{Draft, Running, concerns, options, verb};
use crate::command::name;
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Gives a collection another name; see [`Collection::rename`](crate::Collection::rename).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct Rename {
    draft: Draft,
    from: Arc<Namespace>,
    to: String,
}

options! { Rename {
    /// Whether a collection that has the new name is dropped; by default that is an error.
    drop_target(bool) => "dropTarget",
} shared comment }

verb!(Rename -> ());
concerns!(writes Rename);

/// The database that the command runs on.
const ADMIN: &str = "admin";

impl Rename {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>, to: &str) -> Self {
        let mut draft = Draft::new(handle);
        draft.keep(name::check_collection(&namespace.database, to), "new name");
        Self { draft, from: namespace.clone(), to: to.to_owned() }
    }

    fn start(self) -> Running<()> {
        let Self { mut draft, from, to } = self;
        let plan = draft
            .altering(&Arc::<str>::from(ADMIN), 2 * from.database.len() + from.collection.len() + to.len());
        let options = draft.take_options();
        draft.run(
            "renameCollection",
            plan,
            move |command, _| {
                let mut elements = command.elements();
                elements
                    .str("renameCollection", &format!("{}.{}", from.database, from.collection))
                    .str("to", &format!("{}.{to}", from.database));
                options.write(&mut elements);
                Ok(())
            },
            |_, _| Ok(()),
        )
    }
}
