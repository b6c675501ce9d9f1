//! What of a database is to be copied, and in which order. Plain: it is given what both sides
//! listed, and asks nobody.

use std::collections::{BTreeMap, BTreeSet};

use bson::{Bson, Document, RawDocumentBuf};

use super::ExistingTarget;
use crate::database::{CollectionKind, CollectionSpecification};
use crate::error::{Error, Kind, Result};

/// Which collections and views were asked for, by their names.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// These and no others, if there is a list.
    pub include: Option<BTreeSet<String>>,
    /// None of these.
    pub exclude: BTreeSet<String>,
}

/// All that is to be made.
#[derive(Debug, Default)]
pub struct Plan {
    /// In the order of their names.
    pub collections: Vec<Item>,
    /// Each behind those that it is a view of.
    pub views: Vec<Item>,
    /// What is left to the server.
    pub skipped: Vec<String>,
}

/// A collection or view.
#[derive(Debug)]
pub struct Item {
    pub name: String,
    /// With what `create` makes it.
    pub options: RawDocumentBuf,
    /// The target has it already.
    pub exists: bool,
    pub is_timeseries: bool,
    /// It has rules for its documents.
    pub is_validated: bool,
}

/// What the server calls its own collections.
const SYSTEM: &str = "system.";
/// The one of them that users fill: functions for JavaScript on the server.
const FUNCTIONS: &str = "system.js";
/// What a listing may hold and is no option of `create`: the identity, and that a collection was
/// to be gone with a restart.
const NOT_FOR_CREATE: [&str; 2] = ["uuid", "temp"];
/// What every command may have, beside names that begin with `$`. The source's servers may be
/// less trusted than the target's: what they list must not change the command as a whole.
const OF_THE_COMMAND: [&str; 12] = [
    "create",
    "lsid",
    "txnNumber",
    "startTransaction",
    "autocommit",
    "readConcern",
    "writeConcern",
    "comment",
    "maxTimeMS",
    "apiVersion",
    "apiStrict",
    "apiDeprecationErrors",
];
/// What it tells of a time series with a granularity besides, and `create` takes in its place
/// only.
const FOLLOWS_FROM_GRANULARITY: [&str; 2] = ["bucketMaxSpanSeconds", "bucketRoundingSeconds"];

impl Filter {
    fn takes(&self, name: &str) -> bool {
        self.include.as_ref().is_none_or(|names| names.contains(name)) && !self.exclude.contains(name)
    }

    /// A name that the source does not have is a mistake.
    fn check(&self, source: &str, there: &BTreeSet<&str>) -> Result<()> {
        let missing = |name: &&String| !there.contains(name.as_str());
        match self.include.iter().flatten().find(missing) {
            None => Ok(()),
            Some(name) => Err(invalid(format!("the source {source:?} has no collection or view {name:?}"))),
        }
    }
}

impl Plan {
    /// From what both sides have. `source` and `target` are the databases' names.
    pub fn new(
        names: (&str, &str),
        source: Vec<CollectionSpecification>,
        target: &[CollectionSpecification],
        existing: ExistingTarget,
        filter: &Filter,
    ) -> Result<Self> {
        let (from, to) = names;
        if source.is_empty() {
            return Err(invalid(format!(
                "the source {from:?} has no collections; check its name, and what its user may see"
            )));
        }
        filter.check(from, &source.iter().map(|one| one.name.as_str()).collect())?;
        if existing == ExistingTarget::Refuse && !target.is_empty() {
            let sentence = format!(
                "the target {to:?} has {} collections or views; drop it or merge into it with `existing`, or \
                 choose another name",
                target.len()
            );
            return Err(Error::new(Kind::AlreadyExists, sentence));
        }
        // What is dropped is in nobody's way.
        let there: &[_] = if existing == ExistingTarget::Merge { target } else { &[] };
        let mut plan = Self::default();
        for one in source.into_iter().filter(|one| filter.takes(&one.name)) {
            plan.take(one, there)?;
        }
        plan.collections.sort_by(|a, b| a.name.cmp(&b.name));
        plan.skipped.sort();
        plan.views = by_dependency(plan.views);
        Ok(plan)
    }

    fn take(&mut self, one: CollectionSpecification, there: &[CollectionSpecification]) -> Result<()> {
        if one.name.starts_with(SYSTEM) && one.name != FUNCTIONS {
            // Views, and the buckets of time series, come by their own names.
            self.skipped.push(one.name);
            return Ok(());
        }
        if !is_name(&one.name) {
            let sentence = format!("no collection can have the name {:?}, which the source lists", one.name);
            return Err(Error::new(Kind::InvalidName, sentence));
        }
        let is_timeseries = one.kind == CollectionKind::Timeseries;
        let list = match &one.kind {
            CollectionKind::Collection | CollectionKind::Timeseries => &mut self.collections,
            CollectionKind::View => &mut self.views,
            CollectionKind::Other(kind) => {
                let sentence = format!("{:?} is a {kind}, which this driver does not know", one.name);
                return Err(Error::new(Kind::Unsupported, sentence));
            }
        };
        let present = there.iter().find(|other| other.name == one.name);
        if let Some(present) = present {
            compatible(&one, present)?;
            if one.kind == CollectionKind::View {
                return Ok(());
            }
        }
        let mut options: Document = one.options.into_iter().filter(|(key, _)| is_option(key)).collect();
        if let Ok(series) = options.get_document_mut("timeseries")
            && series.contains_key("granularity")
        {
            FOLLOWS_FROM_GRANULARITY.iter().for_each(|key| drop(series.remove(key)));
        }
        list.push(Item {
            is_validated: options.contains_key("validator"),
            options: RawDocumentBuf::try_from(&options)
                .map_err(|error| Error::new(Kind::Encode, format!("options of {:?}: {error}", one.name)))?,
            name: one.name,
            exists: present.is_some(),
            is_timeseries,
        });
        Ok(())
    }
}

/// Not by the rules for callers: servers take two dots, and one at the end.
fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['$', '\0'])
}

fn is_option(key: &str) -> bool {
    !key.starts_with('$') && !NOT_FOR_CREATE.contains(&key) && !OF_THE_COMMAND.contains(&key)
}

/// Whether one can be merged into what the target has by this name.
fn compatible(source: &CollectionSpecification, target: &CollectionSpecification) -> Result<()> {
    let name = &source.name;
    let refused = |why: &str| Err(Error::new(Kind::AlreadyExists, format!("the target's {name:?} {why}")));
    if source.kind != target.kind {
        return refused("is something else than the source's (a collection, a view or a time series)");
    }
    if source.kind == CollectionKind::View && source.options != target.options {
        return refused("is another view than the source's");
    }
    Ok(())
}

/// Views behind those that they are views of, else in the order of their names. Servers allow
/// no cycles; should there be one, each view comes once all the same.
fn by_dependency(views: Vec<Item>) -> Vec<Item> {
    let mut waiting: BTreeMap<String, Item> =
        views.into_iter().map(|view| (view.name.clone(), view)).collect();
    let mut ordered = Vec::with_capacity(waiting.len());
    while let Some((_, view)) = waiting.pop_first() {
        // Those above the last one are taken out already, so no view is met twice.
        let mut path = vec![(needed(&view), view)];
        while let Some((needs, _)) = path.last_mut() {
            match needs.pop() {
                Some(name) => {
                    if let Some(base) = waiting.remove(&name) {
                        path.push((needed(&base), base));
                    }
                }
                None => ordered.extend(path.pop().map(|(_, view)| view)),
            }
        }
    }
    ordered
}

/// All names that a view may read from. Some may be none: it is only for the order.
fn needed(view: &Item) -> Vec<String> {
    let mut names = Vec::new();
    let options = Document::try_from(&view.options).unwrap_or_default();
    collect(&Bson::Document(options), &mut names);
    names
}

/// The fields of stages in which collections are named.
const NAMING: [&str; 4] = ["viewOn", "from", "coll", "$unionWith"];

fn collect(value: &Bson, names: &mut Vec<String>) {
    match value {
        Bson::Document(document) => {
            for (key, value) in document {
                match value {
                    Bson::String(name) if NAMING.contains(&key.as_str()) => names.push(name.clone()),
                    other => collect(other, names),
                }
            }
        }
        Bson::Array(values) => values.iter().for_each(|value| collect(value, names)),
        _ => {}
    }
}

fn invalid(sentence: String) -> Error {
    Error::new(Kind::InvalidArgument, sentence)
}

#[cfg(test)]
mod tests;
