//! `dropDatabase`.

use std::sync::Arc;

use crate::collection::{Draft, Running, concerns, gone_is_well, options, verb};
use crate::dispatch::Handle;

/// Drops a database; see [`Database::drop`](crate::Database::drop).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct DropDatabase {
    draft: Draft,
    database: Arc<str>,
}

options! { DropDatabase {} shared comment }

verb!(DropDatabase -> ());
concerns!(writes DropDatabase);

impl DropDatabase {
    pub(super) fn new(handle: &Handle, database: &Arc<str>) -> Self {
        Self { draft: Draft::new(handle), database: database.clone() }
    }

    fn start(self) -> Running<()> {
        let Self { mut draft, database } = self;
        let plan = draft.changing(&database, 0);
        let options = draft.take_options();
        gone_is_well(draft.run(
            "dropDatabase",
            plan,
            move |command, _| {
                let mut elements = command.elements();
                elements.i32("dropDatabase", 1);
                options.write(&mut elements);
                Ok(())
            },
            |_, _| Ok(()),
        ))
    }
}
