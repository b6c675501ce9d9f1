//! `createIndexes`.

use std::sync::Arc;

use super::IndexModel;
use super::model::Index;
use crate::collection::draft::{Draft, Running, concerns, options, raw_data, verb};
use crate::dispatch::Handle;
use crate::error::{Error, Kind, Result};
use crate::pool::Namespace;

/// Makes an index; see [`Collection::create_index`](crate::Collection::create_index).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct CreateIndex {
    draft: Draft,
    namespace: Arc<Namespace>,
    indexes: Vec<Index>,
}

/// Makes indexes; see [`Collection::create_indexes`](crate::Collection::create_indexes).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct CreateIndexes {
    draft: Draft,
    namespace: Arc<Namespace>,
    indexes: Vec<Index>,
}

/// Servers know `commitQuorum` from this wire version on (4.4).
const KNOWS_COMMIT_QUORUM: i32 = 9;

macro_rules! creating {
    ($builder:ident -> $output:ty) => {
        options! { $builder {
            /// How many members that hold data must have built the indexes before they are
            /// ready: a number, `"majority"`, `"votingMembers"` (the server's default) or a
            /// mode of the replica set. An error on servers before 4.4.
            commit_quorum(any) => "commitQuorum",
            /// How long the server may build. Wins over what is left of the timeout.
            max_time(millis) => "maxTimeMS",
        } shared comment }

        verb!($builder -> $output);
        concerns!(writes $builder);
        raw_data!($builder);
    };
}

creating!(CreateIndex -> String);
creating!(CreateIndexes -> Vec<String>);

impl CreateIndex {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>, model: IndexModel) -> Self {
        let mut draft = Draft::new(handle);
        let index = draft.admit(model.finish(), "index");
        Self { draft, namespace: namespace.clone(), indexes: index.into_iter().collect() }
    }

    fn start(self) -> Running<String> {
        let Self { draft, namespace, indexes } = self;
        let names = create(draft, namespace, indexes);
        Box::pin(async move { Ok(names.await?.pop().unwrap_or_default()) })
    }
}

impl CreateIndexes {
    pub(super) fn new(
        handle: &Handle,
        namespace: &Arc<Namespace>,
        models: impl IntoIterator<Item: Into<IndexModel>>,
    ) -> Self {
        let mut draft = Draft::new(handle);
        let indexes: Result<Vec<_>> = models.into_iter().map(|model| model.into().finish()).collect();
        if indexes.as_ref().is_ok_and(Vec::is_empty) {
            draft.refuse("no index was given");
        }
        let indexes = draft.admit(indexes, "index").unwrap_or_default();
        Self { draft, namespace: namespace.clone(), indexes }
    }

    fn start(self) -> Running<Vec<String>> {
        create(self.draft, self.namespace, self.indexes)
    }
}

fn create(mut draft: Draft, namespace: Arc<Namespace>, indexes: Vec<Index>) -> Running<Vec<String>> {
    let plan = draft.changing(&namespace, indexes.iter().map(Index::size).sum());
    let options = draft.take_options();
    let names: Vec<String> = indexes.iter().map(|index| index.name.clone()).collect();
    draft.run(
        "createIndexes",
        plan,
        move |command, limits| {
            if options.get("commitQuorum").is_some() && limits.max_wire_version < KNOWS_COMMIT_QUORUM {
                return Err(Error::new(
                    Kind::Unsupported,
                    "commit_quorum needs a server from 4.4 on; leave it out",
                ));
            }
            let mut elements = command.elements();
            elements.str("createIndexes", &namespace.collection).array_with("indexes", |array| {
                for (at, index) in indexes.iter().enumerate() {
                    array.document_with(&at.to_string(), |fields| index.write(fields));
                }
            });
            options.write_for(limits, &mut elements);
            Ok(())
        },
        move |_, _| Ok(names.clone()),
    )
}
