//! `insert`, of one document.

use std::sync::Arc;

use serde::Serialize;

use super::InsertOneResult;
use super::documents::Documents;
use super::draft::{Draft, Running, concerns, options, raw_data, verb};
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Inserts a document; see [`Collection::insert_one`](crate::Collection::insert_one).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct InsertOne {
    draft: Draft,
    namespace: Arc<Namespace>,
    documents: Documents,
}

options! { InsertOne {} shared bypass_document_validation, comment }

verb!(InsertOne -> InsertOneResult);
concerns!(writes InsertOne);
raw_data!(InsertOne);

/// What a document usually needs.
const USUAL: usize = 512;

impl InsertOne {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>, document: &impl Serialize) -> Self {
        let mut draft = Draft::new(handle);
        let mut documents = Documents::with_capacity(USUAL);
        let pushed = documents.push(document);
        draft.keep(pushed, "document");
        Self { draft, namespace: namespace.clone(), documents }
    }

    fn start(self) -> Running<InsertOneResult> {
        let Self { mut draft, namespace, mut documents } = self;
        let plan = draft.writing(&namespace, documents.size());
        let options = draft.take_options();
        let acknowledged = plan.acknowledged;
        let mut ids = documents.take_ids();
        draft.run(
            "insert",
            plan,
            move |command, limits| {
                documents.check(limits)?;
                let document = documents.first()?;
                let mut elements = command.elements();
                elements.str("insert", &namespace.collection).bool("ordered", true);
                options.write_for(limits, &mut elements);
                elements.array_with("documents", |list| {
                    list.document("0", document);
                });
                Ok(())
            },
            move |_, _| Ok(InsertOneResult { inserted_id: ids.pop().unwrap_or_default(), acknowledged }),
        )
    }
}
