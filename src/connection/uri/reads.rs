//! Which members reads go to.

use std::time::Duration;

use super::parts::invalid;
use super::values::{Values, from};
use crate::error::Result;
use crate::topology::{ReadMode, ReadPreference, TagSet};

const MODES: [ReadMode; 5] = [
    ReadMode::Primary,
    ReadMode::PrimaryPreferred,
    ReadMode::Secondary,
    ReadMode::SecondaryPreferred,
    ReadMode::Nearest,
];
/// The smallest limit that a server's own bookkeeping can tell (max staleness specification).
const SMALLEST_STALENESS: i64 = 90;

/// Reads `readPreference`, `readPreferenceTags` and `maxStalenessSeconds`.
pub fn read_preference(values: &mut Values<'_>) -> Result<Option<ReadPreference>> {
    let mode = mode(values);
    let tag_sets = tag_sets(values);
    let max_staleness = max_staleness(values);
    let primary = mode.is_none_or(|mode| mode == ReadMode::Primary);
    if primary && max_staleness.is_some() {
        return Err(invalid("maxStalenessSeconds needs a readPreference other than primary"));
    }
    if primary && tag_sets.iter().any(|set| !set.is_empty()) {
        return Err(invalid("readPreferenceTags needs a readPreference other than primary"));
    }
    if mode.is_none() && tag_sets.is_empty() {
        return Ok(None);
    }
    let preference = ReadPreference::new(mode.unwrap_or_default()).with_tag_sets(tag_sets);
    Ok(Some(match max_staleness {
        Some(limit) => preference.with_max_staleness(limit),
        None => preference,
    }))
}

/// Here names have one spelling, unlike those of options.
fn mode(values: &mut Values<'_>) -> Option<ReadMode> {
    let value = values.filled("readPreference")?;
    let mode = MODES.into_iter().find(|mode| mode.name() == value);
    if mode.is_none() {
        values.unsupported("readPreference", value, &MODES.map(ReadMode::name).join(", "));
    }
    mode
}

fn tag_sets(values: &mut Values<'_>) -> Vec<TagSet> {
    let mut sets = Vec::new();
    for text in values.all("readPreferenceTags") {
        let pair = |pair: &str| pair.split_once(':').map(|(key, value)| (key.to_owned(), value.to_owned()));
        let tags = text.split(',').filter(|tag| !tag.is_empty()).map(pair);
        match tags.collect::<Option<TagSet>>() {
            Some(set) => sets.push(set),
            None => values.unsupported("readPreferenceTags", text, "key:value pairs between commas"),
        }
    }
    sets
}

fn max_staleness(values: &mut Values<'_>) -> Option<Duration> {
    let seconds = values.integer("maxStalenessSeconds", from(-1))?;
    match seconds {
        -1 => None,
        SMALLEST_STALENESS.. => Some(Duration::from_secs(u64::try_from(seconds).ok()?)),
        _ => {
            let expected = format!("-1 (no limit) or at least {SMALLEST_STALENESS}");
            values.unsupported("maxStalenessSeconds", &seconds.to_string(), &expected);
            None
        }
    }
}
