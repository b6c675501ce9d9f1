//! A bulk write over many collections: the command `bulkWrite` of servers from 8.0 (bulk
//! write specification). What is refused, or asked for, comes through a cursor.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bson::RawDocumentBuf;

use super::model::{WriteModel, append_document};
use super::outcome::Outcome;
use super::reply::{Entry, Summary};
use crate::collection::draft::{Draft, Options, left_until};
use crate::command::name;
use crate::cursor::{Cursor, CursorSettings};
use crate::dispatch::{Handle, Operation, Plan, Retry, execute};
use crate::error::{BulkWriteResult, Error, Kind, Result};
use crate::pool::{Answer, Limits, Namespace};
use crate::wire::FrameBuilder;

/// The collections of a bulk write, and which operation is for which of them.
#[derive(Clone, Debug, Default)]
pub struct Target {
    namespaces: Vec<Arc<str>>,
    known: HashMap<Arc<str>, usize>,
    of: Vec<usize>,
}

/// A bulk write under way.
pub struct Mixed {
    draft: Draft,
    list: Arc<List>,
    ordered: bool,
    verbose: bool,
    /// Of all commands together.
    deadline: Option<Instant>,
    /// What events tell its commands by.
    operation_id: i64,
}

#[derive(Debug)]
struct List {
    models: Vec<WriteModel>,
    target: Target,
}

/// The wire version of servers that have the command (8.0).
const KNOWS_BULK_WRITE: i32 = 25;
/// What the specification leaves for the rest of a message.
const OVERHEAD: usize = 1000;
/// `{bulkWrite: 1, errorsOnly: .., ordered: ..}`
const COMMAND: usize = 43;
/// What a document of `nsInfo` has around the name.
const AROUND_NAME: usize = 4 + "\x02ns\0".len() + 4 + 1 + 1;

impl Target {
    /// The next operation is for this collection.
    pub fn push(&mut self, namespace: &str) -> Result<()> {
        if let Some(known) = self.known.get(namespace) {
            self.of.push(*known);
            return Ok(());
        }
        let Some((database, collection)) = namespace.split_once('.') else {
            let sentence =
                format!("{namespace:?} is no namespace: it needs a database, a dot, and a collection");
            return Err(Error::new(Kind::InvalidName, sentence));
        };
        name::check_database(database)?;
        name::check_collection(database, collection)?;
        let (namespace, index) = (Arc::<str>::from(namespace), self.namespaces.len());
        self.namespaces.push(namespace.clone());
        self.known.insert(namespace, index);
        self.of.push(index);
        Ok(())
    }
}

impl Mixed {
    /// The operations must not be empty, and the target has one entry for each.
    pub fn new(draft: Draft, target: Target, models: Vec<WriteModel>, ordered: bool, verbose: bool) -> Self {
        let (deadline, operation_id) = (draft.deadline(), draft.handle().core().operation_id());
        Self { draft, list: Arc::new(List { models, target }), ordered, verbose, deadline, operation_id }
    }

    /// Sends one command after the other, and reads the results of each.
    pub async fn run(self) -> Result<BulkWriteResult> {
        let acknowledged = self.draft.handle().scope().write_concern.is_acknowledged();
        let mut outcome = Outcome::new(acknowledged, self.verbose);
        let mut from = 0;
        while from < self.list.models.len() {
            // The limits of the server that takes a command decide how many it holds.
            let end = Arc::new(AtomicUsize::new(from));
            let reply = match self.send(from, end.clone())?.await {
                Ok(reply) => reply,
                Err(error) => return Err(outcome.broken_off(error)),
            };
            let end = end.load(Ordering::Relaxed);
            if let Some(reply) = reply
                && let Err(error) = self.take_in(reply, from..end, &mut outcome).await
            {
                return Err(outcome.broken_off(super::named(error)));
            }
            if self.ordered && !outcome.write_errors.is_empty() {
                break;
            }
            from = end;
        }
        outcome.end(self.list.models.len())
    }

    fn send(
        &self,
        from: usize,
        end: Arc<AtomicUsize>,
    ) -> Result<impl Future<Output = Result<Option<Reply>>> + Send + use<>> {
        let mut draft = self.draft.clone();
        let mut plan = draft.writing(&Arc::<str>::from("admin"), 0);
        draft.check().map_err(super::named)?;
        plan.operation_id = self.operation_id;
        // A write concern that is not met does not keep the results from being read.
        plan.reads_refusals = true;
        let operation = Batch {
            retry: plan.retry,
            plan,
            list: self.list.clone(),
            from,
            end,
            ordered: self.ordered,
            verbose: self.verbose,
            options: draft.take_options(),
        };
        Ok(execute(draft.handle().clone(), operation, Some(left_until(self.deadline))))
    }

    /// Reads what a command did to the operations of a range. Fails if its results can't be
    /// had; what was read until then is taken in.
    async fn take_in(&self, reply: Reply, range: Range<usize>, outcome: &mut Outcome) -> Result<()> {
        let Reply { summary, mut cursor, server, attempts } = reply;
        summary.add_to(range.len(), self.ordered, outcome);
        if let Some((concern, labels)) = summary.unmet {
            outcome.told_over_many(labels, &server, attempts);
            outcome.concern_errors.push(concern);
        }
        cursor.limit(self.deadline);
        loop {
            let Some(batch) = cursor.next_batch().await? else { return Ok(()) };
            for document in batch {
                let entry = Entry::parse(document?).map_err(|error| error.with_server(&server))?;
                let index = range.start.checked_add(entry.index).filter(|index| range.contains(index));
                let Some(index) = index else {
                    return Err(entry.of_no_operation().with_server(&server));
                };
                let refused = entry.add_to(index, &self.list.models[index], self.ordered, outcome);
                if refused {
                    outcome.told_over_many(Vec::new(), &server, attempts);
                    if self.ordered {
                        return Ok(());
                    }
                }
            }
        }
    }
}

/// One of the commands.
struct Batch {
    plan: Plan,
    /// If no operation in it is of many documents.
    retry: Retry,
    list: Arc<List>,
    from: usize,
    /// Set by the last attempt.
    end: Arc<AtomicUsize>,
    ordered: bool,
    verbose: bool,
    options: Options,
}

/// What a command was answered.
struct Reply {
    summary: Summary,
    cursor: Cursor<RawDocumentBuf>,
    server: String,
    attempts: u32,
}

impl Operation for Batch {
    /// None if the write concern asks for no answer.
    type Output = Option<Reply>;

    fn name(&self) -> &'static str {
        "bulkWrite"
    }

    fn plan(&mut self) -> &mut Plan {
        &mut self.plan
    }

    fn write(&mut self, command: &mut FrameBuilder, limits: &Limits) -> Result<()> {
        if limits.max_wire_version < KNOWS_BULK_WRITE {
            let sentence = "this server (before 8.0) has no command for a bulk write over many collections; \
                use the collections' own bulk_write";
            return Err(Error::new(Kind::Unsupported, sentence));
        }
        let room = limits.max_message.saturating_sub(OVERHEAD + COMMAND + self.options.spliced_size(limits));
        let Cut { end, namespaces } = self.list.cut(self.from, room, limits)?;
        self.end.store(end, Ordering::Relaxed);
        let of_many = self.list.models[self.from..end].iter().any(WriteModel::is_of_many);
        self.plan.retry = if of_many { Retry::Never } else { self.retry };
        let mut elements = command.elements();
        elements.i32("bulkWrite", 1).bool("errorsOnly", !self.verbose).bool("ordered", self.ordered);
        self.options.write_for(limits, &mut elements);
        command.sequence("ops", |ops| {
            for index in self.from..end {
                let namespace = namespaces[&self.list.target.of[index]];
                self.list.models[index].write_op(namespace, ops);
            }
        });
        let mut named: Vec<_> = namespaces.into_iter().collect();
        named.sort_by_key(|(_, place)| *place);
        command.sequence("nsInfo", |list| {
            for (namespace, _) in named {
                append_document(list, |info| {
                    info.str("ns", &self.list.target.namespaces[namespace]);
                });
            }
        });
        Ok(())
    }

    fn read(&mut self, answer: &mut Answer, handle: &Handle) -> Result<Option<Reply>> {
        if !self.plan.acknowledged {
            return Ok(None);
        }
        let summary = Summary::parse(&answer.body, &answer.server)?;
        let namespace = Namespace { database: "admin".into(), collection: "$cmd.bulkWrite".into() };
        let comment = self.options.get("comment").cloned();
        let settings = CursorSettings { comment, ..CursorSettings::plain(Arc::new(namespace)) };
        let (server, attempts) = (answer.server.to_string(), answer.attempts);
        Ok(Some(Reply { summary, cursor: Cursor::open(answer, handle, settings)?, server, attempts }))
    }
}

/// The operations of one command.
#[derive(Debug)]
struct Cut {
    end: usize,
    /// Which collections they are for, and the place of each in the command.
    namespaces: HashMap<usize, i32>,
}

impl List {
    /// As many operations from one on as fit into the room. Fails if there is none.
    fn cut(&self, from: usize, mut room: usize, limits: &Limits) -> Result<Cut> {
        let mut namespaces = HashMap::new();
        let last = self.models.len().min(from.saturating_add(limits.max_batch.max(1)));
        for index in from..last {
            let namespace = self.target.of[index];
            let mut size = self.models[index].op_size(limits);
            if !namespaces.contains_key(&namespace) {
                size += AROUND_NAME + self.target.namespaces[namespace].len();
            }
            let Some(left) = room.checked_sub(size) else {
                if index > from {
                    return Ok(Cut { end: index, namespaces });
                }
                let sentence = format!("operation {index} has {size} bytes, a message has room for {room}");
                return Err(Error::new(Kind::TooLarge, sentence));
            };
            room = left;
            let place = i32::try_from(namespaces.len()).unwrap_or(i32::MAX);
            namespaces.entry(namespace).or_insert(place);
        }
        Ok(Cut { end: last, namespaces })
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    fn list(namespaces: &[&str]) -> List {
        let mut target = Target::default();
        namespaces.iter().for_each(|namespace| target.push(namespace).unwrap());
        let models = namespaces.iter().map(|_| WriteModel::insert_one(doc! { "a": "b" })).collect();
        List { models, target }
    }

    /// An operation has 58 bytes, the namespace "db.coll" 21.
    #[test]
    fn a_command_holds_what_fits_with_the_names_it_needs() {
        let limits = Limits { max_batch: 3, ..Limits::default() };
        let list = list(&["db.coll", "db.coll", "db.other", "db.coll", "db.coll"]);
        let end = |from, room| list.cut(from, room, &limits).map(|cut| cut.end);
        assert_eq!(end(0, 10_000).unwrap(), 3, "the server's count");
        assert_eq!(end(3, 10_000).unwrap(), 5, "the end of the list");
        assert_eq!((end(0, 2 * 58 + 20).unwrap(), end(0, 2 * 58 + 21).unwrap()), (1, 2));
        assert_eq!((end(0, 3 * 58 + 21 + 21).unwrap(), end(0, 3 * 58 + 21 + 22).unwrap()), (2, 3));
        let error = end(0, 78).unwrap_err();
        assert_eq!(error.kind(), Kind::TooLarge);
        assert!(error.message().contains("operation 0 has 79 bytes"), "{error}");
    }

    #[test]
    fn each_name_stands_once_and_only_where_it_is_needed() {
        let list = list(&["db.a", "db.b", "db.a", "db.c"]);
        let all = list.cut(0, 10_000, &Limits::default()).unwrap().namespaces;
        assert_eq!((all[&0], all[&1], all[&2]), (0, 1, 2));
        let rest = list.cut(1, 10_000, &Limits::default()).unwrap().namespaces;
        assert_eq!((rest[&1], rest[&0], rest[&2]), (0, 1, 2));
        assert_eq!(list.cut(3, 10_000, &Limits::default()).unwrap().namespaces.len(), 1);
    }

    #[test]
    fn names_are_checked() {
        let mut target = Target::default();
        for bad in ["db", "", ".a", "d b.a", "db.", "db.$x"] {
            assert_eq!(target.push(bad).unwrap_err().kind(), Kind::InvalidName, "{bad}");
        }
        target.push("db.a.b").unwrap();
        assert_eq!((target.of.len(), &*target.namespaces[0]), (1, "db.a.b"));
    }
}
