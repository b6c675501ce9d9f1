//! Concerns, read preferences and options of sessions, from the format's words to the driver's.

use std::time::Duration;

use actix_mongo::{ReadConcern, ReadMode, ReadPreference, TagSet, WriteConcern};
use bson::{Bson, Document};

use super::failure::{Checked, Failure};

pub fn read_concern(of: &Document) -> Checked<ReadConcern> {
    only(of, &["level"])?;
    Ok(of.get_str("level").map(ReadConcern::new).unwrap_or_default())
}

pub fn write_concern(of: &Document) -> Checked<WriteConcern> {
    only(of, &["w", "journal", "wtimeoutMS"])?;
    let mut concern = WriteConcern::new();
    match of.get("w") {
        None => {}
        Some(Bson::String(mode)) => concern = concern.w(mode.as_str()),
        Some(nodes) => concern = concern.w(count("w", nodes)?),
    }
    if let Ok(journal) = of.get_bool("journal") {
        concern = concern.journal(journal);
    }
    if let Some(timeout) = of.get("wtimeoutMS") {
        concern = concern.timeout(Duration::from_millis(count("wtimeoutMS", timeout)?.into()));
    }
    Ok(concern)
}

pub fn read_preference(of: &Document) -> Checked<ReadPreference> {
    if of.contains_key("hedge") {
        return Err(Failure::NotBuilt("hedged reads, which servers no longer have".to_owned()));
    }
    only(of, &["mode", "tagSets", "maxStalenessSeconds"])?;
    let mode = of.get_str("mode").ok().and_then(ReadMode::parse);
    let mut preference = ReadPreference::new(mode.ok_or_else(|| format!("not a read preference: {of}"))?);
    if let Ok(sets) = of.get_array("tagSets") {
        preference = preference.with_tag_sets(sets.iter().filter_map(Bson::as_document).map(tags));
    }
    if let Some(seconds) = of.get("maxStalenessSeconds") {
        preference =
            preference.with_max_staleness(Duration::from_secs(count("maxStalenessSeconds", seconds)?.into()));
    }
    Ok(preference)
}

/// What a database and a collection have alike.
macro_rules! scoped {
    ($handle:ident, $of:expr, $key:literal) => {{
        let mut handle = $handle;
        for (option, value) in $of.get_document($key).into_iter().flatten() {
            handle = match (option.as_str(), value) {
                ("readConcern", bson::Bson::Document(of)) => {
                    handle.with_read_concern($crate::unified::options::read_concern(of)?)
                }
                ("writeConcern", bson::Bson::Document(of)) => {
                    handle.with_write_concern($crate::unified::options::write_concern(of)?)
                }
                ("readPreference", bson::Bson::Document(of)) => {
                    handle.with_read_preference($crate::unified::options::read_preference(of)?)
                }
                _ => return Err($crate::unified::options::not_built(option)),
            };
        }
        handle
    }};
}
pub(crate) use scoped;

/// An option of a database or collection that the driver does not have.
pub fn not_built(option: &str) -> Failure {
    Failure::NotBuilt(format!("{option} of a database or collection"))
}

fn tags(of: &Document) -> TagSet {
    of.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn count(key: &str, value: &Bson) -> Checked<u32> {
    let number = value.as_i64().or_else(|| value.as_i32().map(i64::from));
    let number = number.and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| Failure::Case(format!("{key} is {value}")))
}

fn only(of: &Document, known: &[&str]) -> Checked {
    match of.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(Failure::Case(format!("an option that the runner does not know: {key} in {of}"))),
        None => Ok(()),
    }
}
