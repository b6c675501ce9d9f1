//! `createSearchIndexes`.

use std::sync::Arc;

use bson::RawDocument;

use super::SearchIndexModel;
use crate::collection::draft::{Draft, Running, verb};
use crate::dispatch::Handle;
use crate::error::Result;
use crate::pool::Namespace;
use crate::wire::walk::Walk;

/// Has a search index made; see
/// [`Collection::create_search_index`](crate::Collection::create_search_index).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct CreateSearchIndex {
    draft: Draft,
    namespace: Arc<Namespace>,
    models: Vec<SearchIndexModel>,
}

/// Has search indexes made; see
/// [`Collection::create_search_indexes`](crate::Collection::create_search_indexes).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct CreateSearchIndexes {
    draft: Draft,
    namespace: Arc<Namespace>,
    models: Vec<SearchIndexModel>,
}

verb!(CreateSearchIndex -> String);
verb!(CreateSearchIndexes -> Vec<String>);

impl CreateSearchIndex {
    pub(super) fn new(handle: &Handle, namespace: &Arc<Namespace>, model: SearchIndexModel) -> Self {
        let CreateSearchIndexes { draft, namespace, models } =
            CreateSearchIndexes::new(handle, namespace, [model]);
        Self { draft, namespace, models }
    }

    fn start(self) -> Running<String> {
        let Self { draft, namespace, models } = self;
        let names = CreateSearchIndexes { draft, namespace, models }.start();
        Box::pin(async move { Ok(names.await?.pop().unwrap_or_default()) })
    }
}

impl CreateSearchIndexes {
    pub(super) fn new(
        handle: &Handle,
        namespace: &Arc<Namespace>,
        models: impl IntoIterator<Item = SearchIndexModel>,
    ) -> Self {
        let mut draft = Draft::new(handle);
        let models: Result<Vec<_>> = models.into_iter().map(SearchIndexModel::check).collect();
        let models = draft.keep(models, "search index").unwrap_or_default();
        Self { draft, namespace: namespace.clone(), models }
    }

    fn start(self) -> Running<Vec<String>> {
        let Self { draft, namespace, models } = self;
        let size = models.iter().map(SearchIndexModel::size).sum();
        let plan = draft.searching(&namespace, size);
        draft.run(
            "createSearchIndexes",
            plan,
            move |command, _| {
                command.elements().str("createSearchIndexes", &namespace.collection).array_with(
                    "indexes",
                    |array| {
                        for (at, model) in models.iter().enumerate() {
                            array.document_with(&at.to_string(), |fields| model.write(fields));
                        }
                    },
                );
                Ok(())
            },
            |answer, _| Ok(names(&answer.body)),
        )
    }
}

/// What the server says it makes: `{indexesCreated: [{id, name}, ..]}`.
fn names(reply: &RawDocument) -> Vec<String> {
    let created = Walk::over(reply)
        .map_while(|element| element.ok())
        .find(|element| element.key == b"indexesCreated")
        .and_then(|element| element.as_array());
    let entries = created.into_iter().flat_map(Walk::over).map_while(|entry| entry.ok());
    entries.filter_map(|entry| Some(entry.as_document()?.get_str("name").ok()?.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::*;

    #[test]
    fn the_names_are_the_servers() {
        let reply = rawdoc! { "indexesCreated": [{ "id": "1", "name": "a" }, { "id": "2", "name": "b" }] };
        assert_eq!(names(&reply), ["a", "b"]);
        assert!(names(&rawdoc! { "ok": 1 }).is_empty());
    }
}
