//! The commands that write the target. What the source listed goes into them as it is: verbs
//! know the options by name, and would leave out one of a newer server.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bson::{RawDocument, RawDocumentBuf};

use super::load::Load;
use crate::collection::{Draft, Running};
use crate::command::reply;
use crate::dispatch::Handle;
use crate::pool::Namespace;

/// What all of them have in common.
#[derive(Clone, Debug)]
pub struct Call {
    pub handle: Handle,
    /// A document of this one element.
    pub comment: Option<RawDocumentBuf>,
    /// Zero is no limit.
    pub limit: Duration,
}

/// How an insertion is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Manner {
    pub ordered: bool,
    pub bypass: bool,
    /// Most bytes of documents in it.
    pub most: usize,
}

impl Call {
    fn draft(self) -> Draft {
        let mut draft = Draft::new(&self.handle);
        draft.timeout = Some(self.limit);
        if let Some(comment) = self.comment {
            draft.options.replace("comment", comment);
        }
        draft
    }

    /// `create`, with options as `listCollections` gave them.
    pub fn create(self, database: &Arc<str>, name: String, listed: RawDocumentBuf) -> Running<()> {
        let mut draft = self.draft();
        let plan = draft.changing(database, listed.as_bytes().len());
        let options = draft.take_options();
        draft.run(
            "create",
            plan,
            move |command, _| {
                let mut elements = command.elements();
                elements.str("create", &name).splice(&listed);
                options.write(&mut elements);
                Ok(())
            },
            |_, _| Ok(()),
        )
    }

    /// `createIndexes`, of indexes as `listIndexes` gave them.
    pub fn create_indexes(self, namespace: &Arc<Namespace>, indexes: Vec<RawDocumentBuf>) -> Running<()> {
        let mut draft = self.draft();
        let plan = draft.changing(namespace, indexes.iter().map(|index| index.as_bytes().len()).sum());
        let (options, namespace) = (draft.take_options(), namespace.clone());
        draft.run(
            "createIndexes",
            plan,
            move |command, _| {
                let mut elements = command.elements();
                elements.str("createIndexes", &namespace.collection).array_with("indexes", |array| {
                    for (at, index) in indexes.iter().enumerate() {
                        array.document(&at.to_string(), index);
                    }
                });
                options.write(&mut elements);
                Ok(())
            },
            |_, _| Ok(()),
        )
    }

    /// `insert`, of the documents from `from` on, as many as fit. Says where it ended, once it
    /// was sent, and how many were inserted.
    pub fn insert(
        self,
        namespace: &Arc<Namespace>,
        load: &Arc<Load>,
        from: usize,
        manner: Manner,
        end: &Arc<AtomicUsize>,
    ) -> Running<u64> {
        let mut draft = self.draft();
        if manner.bypass {
            draft.set("bypassDocumentValidation", true);
        }
        let plan = draft.writing(namespace, 0);
        let (options, namespace) = (draft.take_options(), namespace.clone());
        let (load, end) = (load.clone(), end.clone());
        draft.run(
            "insert",
            plan,
            move |command, limits| {
                load.check(limits)?;
                let until = load.message_end(from, manner.most, limits);
                end.store(until, Ordering::Relaxed);
                let mut elements = command.elements();
                elements.str("insert", &namespace.collection).bool("ordered", manner.ordered);
                options.write_for(limits, &mut elements);
                let message: Range<usize> = from..until;
                command.sequence("documents", |list| list.extend_from_slice(load.bytes(message.clone())));
                Ok(())
            },
            |answer, _| Ok(reply::count(&answer.body)),
        )
    }
}

/// An index as it is to be made: all that was listed but what older servers say of the place.
/// `None` for the one of `_id`, which is made with its collection.
pub fn index_of(listed: &RawDocument) -> Option<bson::error::Result<RawDocumentBuf>> {
    if listed.get_bool("clustered").unwrap_or(false) || is_of_id(listed) {
        return None;
    }
    let mut index = RawDocumentBuf::new();
    for element in listed {
        match element {
            Ok((key, _)) if key == "ns" => {}
            Ok((key, value)) => index.append(key, value),
            Err(error) => return Some(Err(error)),
        }
    }
    Some(Ok(index))
}

fn is_of_id(listed: &RawDocument) -> bool {
    let Ok(key) = listed.get_document("key") else { return false };
    let mut fields = key.iter();
    let only = matches!(fields.next(), Some(Ok((field, _))) if field == "_id") && fields.next().is_none();
    // One with `_id` hashed, or the like, is another.
    only && listed.get_str("name").is_ok_and(|name| name == "_id_")
}

#[cfg(test)]
mod tests {
    use bson::rawdoc;

    use super::*;

    #[test]
    fn an_index_keeps_all_but_its_place() {
        let listed = rawdoc! { "v": 2, "key": { "a": "2dsphere" }, "name": "a", "ns": "d.c", "sparse": true };
        let index = index_of(&listed).unwrap().unwrap();
        assert_eq!(index, rawdoc! { "v": 2, "key": { "a": "2dsphere" }, "name": "a", "sparse": true });
    }

    #[test]
    fn those_that_come_with_the_collection_are_left_out() {
        assert!(index_of(&rawdoc! { "v": 2, "key": { "_id": 1 }, "name": "_id_" }).is_none());
        let clustered =
            rawdoc! { "v": 2, "key": { "_id": 1 }, "name": "c", "unique": true, "clustered": true };
        assert!(index_of(&clustered).is_none());
        for other in [rawdoc! { "_id": "hashed" }, rawdoc! { "_id": 1, "a": 1 }] {
            assert!(index_of(&rawdoc! { "key": other, "name": "x" }).is_some());
        }
    }
}
