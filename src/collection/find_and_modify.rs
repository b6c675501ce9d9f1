//! The command `findAndModify`, which three verbs share.

use std::sync::Arc;

use bson::RawDocumentBuf;
use serde::de::DeserializeOwned;

use super::draft::{Draft, Running};
use super::statement::{Change, check_hint};
use crate::command::codec::decode;
use crate::command::reply::unreadable;
use crate::error::Result;
use crate::pool::{Answer, Namespace};
use crate::wire::walk::Walk;

/// Which state of a document `find_one_and_update` and `find_one_and_replace` give back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReturnDocument {
    /// As it was found (the server's default). None if the write inserted it.
    #[default]
    Before,
    /// As the write left it.
    After,
}

/// Changes the first document that matches, or deletes it if there is no change, and gives
/// it back.
pub fn find_and_modify<T: DeserializeOwned + Send + 'static>(
    mut draft: Draft,
    namespace: Arc<Namespace>,
    filter: RawDocumentBuf,
    change: Option<Change>,
) -> Running<Option<T>> {
    let size = filter.as_bytes().len() + change.as_ref().map_or(0, Change::size);
    let plan = draft.writing(&namespace, size);
    let acknowledged = plan.acknowledged;
    let options = draft.take_options();
    let hinted = options.get("hint").is_some();
    draft.run(
        "findAndModify",
        plan,
        move |command, limits| {
            check_hint(hinted, acknowledged, limits)?;
            let mut elements = command.elements();
            elements.str("findAndModify", &namespace.collection).document("query", &filter);
            match &change {
                Some(change) => change.write_as("update", &mut elements),
                None => {
                    elements.bool("remove", true);
                }
            }
            options.write_for(limits, &mut elements);
            Ok(())
        },
        move |answer, _| if acknowledged { found(answer) } else { Ok(None) },
    )
}

/// The reply's `value`: a document, or null.
fn found<T: DeserializeOwned + 'static>(answer: &Answer) -> Result<Option<T>> {
    for element in Walk::over(&answer.body) {
        let element = element.map_err(|error| unreadable(error, &answer.server))?;
        if element.key == b"value" {
            return element.as_document().map(decode).transpose();
        }
    }
    Ok(None)
}
