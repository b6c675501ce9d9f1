//! A search index that is to be made.

use bson::RawDocumentBuf;
use serde::Serialize;

use crate::collection::draft::options;
use crate::collection::fields::Fields;
use crate::error::Result;
use crate::wire::ElementWriter;

/// A search index that is to be made: its definition, and what it is.
#[derive(Clone, Debug)]
#[must_use = "it is to be given to create_search_index"]
pub struct SearchIndexModel {
    draft: Fields,
    definition: RawDocumentBuf,
}

options! { SearchIndexModel {
    /// Its name; the server calls it `default` without one.
    name(String) => "name",
    /// `search`, as without it, or `vectorSearch`.
    kind(String) => "type",
} }

impl SearchIndexModel {
    /// A search index of this definition, whose syntax depends on its kind.
    pub fn new(definition: impl Serialize) -> Self {
        let mut draft = Fields::default();
        let definition = draft.encode("definition", definition);
        Self { draft, definition }
    }

    /// Fails if something could not be encoded.
    pub(super) fn check(mut self) -> Result<Self> {
        self.draft.check()?;
        Ok(self)
    }

    /// Bytes that it needs.
    pub(crate) fn size(&self) -> usize {
        self.definition.as_bytes().len() + self.draft.options.size() + 24
    }

    /// Appends its elements.
    pub(super) fn write(&self, index: &mut ElementWriter<'_>) {
        self.draft.options.write(index.document("definition", &self.definition));
    }
}
