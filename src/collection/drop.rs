//! `drop`.

use std::sync::Arc;

use super::admin::gone_is_well;
use super::draft::{Draft, Running, concerns, options, verb};
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Drops a collection; see [`Collection::drop`](crate::Collection::drop).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct DropCollection {
    draft: Draft,
    namespace: Arc<Namespace>,
}

options! { DropCollection {} shared comment }

verb!(DropCollection -> ());
concerns!(writes DropCollection);

impl DropCollection {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>) -> Self {
        Self { draft: Draft::new(handle), namespace: namespace.clone() }
    }

    fn start(self) -> Running<()> {
        let Self { mut draft, namespace } = self;
        let plan = draft.changing(&namespace, 0);
        let options = draft.take_options();
        gone_is_well(draft.run(
            "drop",
            plan,
            move |command, _| {
                let mut elements = command.elements();
                elements.str("drop", &namespace.collection);
                options.write(&mut elements);
                Ok(())
            },
            |_, _| Ok(()),
        ))
    }
}
