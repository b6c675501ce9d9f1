//! `update`, of one document.

use std::sync::Arc;

use bson::{RawArray, RawDocument, RawDocumentBuf};
use serde::Serialize;

use super::UpdateResult;
use super::draft::{Draft, Running, concerns, options, verb};
use crate::command::codec::encode_field;
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// Changes one document; see [`Collection::update_one`](crate::Collection::update_one).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct UpdateOne {
    draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
    /// `{u: ..}`: a document or an array.
    update: RawDocumentBuf,
}

options! { UpdateOne {
    /// Whether a document is inserted if none matches.
    upsert(bool) => "upsert",
    /// Which array elements the update's `$[name]` refer to: a list of filters.
    array_filters(any) => "arrayFilters",
    /// Which of the documents that match is the first (servers from 8.0).
    sort(document) => "sort",
    /// The index to use: its name, or its keys.
    hint(any) => "hint",
    /// How strings are compared.
    collation(document) => "collation",
    /// Values for variables that filter and update refer to as `$$name`.
    let_vars(document) => "let",
    /// Whether the collection's validation rules are passed over.
    bypass_document_validation(bool) => "bypassDocumentValidation",
    /// Shown in the server's logs and profiles.
    comment(any) => "comment",
} }

verb!(UpdateOne -> UpdateResult);
concerns!(writes UpdateOne);

/// The options that stand beside the filter, and not in the command itself.
const OF_THE_STATEMENT: [&str; 5] = ["upsert", "arrayFilters", "sort", "hint", "collation"];

impl UpdateOne {
    pub(super) fn new(
        handle: &Handle,
        namespace: &Arc<Namespace>,
        filter: impl Serialize,
        update: impl Serialize,
    ) -> Self {
        let mut draft = Draft::new(handle);
        let filter = draft.encode("filter", filter);
        let update = draft.keep(encode_field("u", &update), "update").unwrap_or_default();
        if let Some(sentence) = objection(&update) {
            draft.refuse(sentence);
        }
        Self { draft, namespace: namespace.clone(), filter, update }
    }

    fn start(self) -> Running<UpdateResult> {
        let Self { mut draft, namespace, filter, update } = self;
        let size = filter.as_bytes().len() + update.as_bytes().len();
        let plan = draft.writing(&namespace.database, size);
        let mut options = draft.take_options();
        let statement = options.split_off(&OF_THE_STATEMENT);
        draft.run(
            "update",
            plan,
            move |command, _| {
                let mut elements = command.elements();
                elements.str("update", &namespace.collection).array_with("updates", |updates| {
                    updates.document_with("0", |statement_of| {
                        statement_of.document("q", &filter).splice(&update);
                        statement.write(statement_of);
                    });
                });
                options.write(&mut elements);
                Ok(())
            },
            |answer, _| UpdateResult::parse(&answer.body, &answer.server),
        )
    }
}

/// Why `{u: ..}` is no update.
fn objection(update: &RawDocument) -> Option<&'static str> {
    let first_key = |document: &RawDocument| Some(document.iter().next()?.ok()?.0.as_str().starts_with('$'));
    if let Ok(document) = update.get_document("u") {
        return match first_key(document) {
            Some(true) => None,
            Some(false) => {
                Some("an update's keys are operators such as $set; this one would replace the document")
            }
            None => Some("the update is empty"),
        };
    }
    let is_stages =
        |stages: &RawArray| stages.into_iter().all(|stage| stage.is_ok_and(|s| s.as_document().is_some()));
    match update.get_array("u") {
        Ok(stages) if is_stages(stages) => None,
        // What could not be encoded has told so already.
        _ => Some("an update is a document of operators, or a list of pipeline stages"),
    }
}

#[cfg(test)]
mod tests {
    use bson::{Bson, bson, doc};

    use super::*;

    fn refused(update: Bson) -> bool {
        objection(&encode_field("u", &update).unwrap()).is_some()
    }

    #[test]
    fn only_operators_and_pipelines_are_updates() {
        assert!(!refused(bson!({ "$set": { "a": 1 } })));
        assert!(!refused(bson!([{ "$set": { "a": 1 } }, { "$unset": "b" }])));
        assert!(!refused(bson!([])));
        assert!(refused(bson!({ "a": 1 })));
        assert!(refused(bson!({})));
        assert!(refused(bson!([1])));
        assert!(refused(bson!("x")));
        assert!(refused(Bson::Document(doc! { "a": { "$set": 1 } })));
    }
}
