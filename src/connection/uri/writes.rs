//! How writes are acknowledged. Here a number out of range is not only ignored, but
//! refused (read and write concern specification).

use std::time::Duration;

use super::parts::{Parts, invalid};
use super::values::Values;
use crate::command::WriteConcern;
use crate::error::Result;

/// Reads `w`, `journal` and `wTimeoutMS`.
pub fn write_concern(parts: &Parts, values: &mut Values<'_>) -> Result<Option<WriteConcern>> {
    let mut concern = WriteConcern::new();
    if let Some(w) = values.filled("w") {
        concern = match w.parse::<i32>().ok().filter(|count| *count >= 0) {
            Some(count) => concern.w(count.unsigned_abs()),
            None if !is_number(w) => concern.w(w),
            _ => {
                let expected = "a number of servers, or a name";
                values.unsupported("w", w, expected);
                values.refuse(format!("w={w} is out of range: w is {expected}"));
                concern
            }
        };
    }
    if let Some(journal) = renamed(parts, values, "journal", "j").and_then(|name| values.boolean(name)) {
        concern = concern.journal(journal);
    }
    if let Some(name) = renamed(parts, values, "wTimeoutMS", "wtimeout") {
        if parts.values(name).any(|value| value.starts_with('-')) {
            values.refuse(format!("{name} is negative; it is a number of milliseconds, 0 for no limit"));
        }
        let limit = values.integer(name, 0..=i64::MAX).and_then(|limit| u64::try_from(limit).ok());
        if let Some(limit) = limit {
            concern = concern.timeout(Duration::from_millis(limit));
        }
    }
    concern.validate().map_err(|error| invalid(error.message()))?;
    Ok((!concern.is_default()).then_some(concern))
}

/// Whether it is meant to be a whole number, however large.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// The name under which an option is given that once had another one.
fn renamed(
    parts: &Parts,
    values: &mut Values<'_>,
    name: &'static str,
    old: &'static str,
) -> Option<&'static str> {
    match (parts.has(name), parts.has(old)) {
        (true, both) => {
            if both {
                values.warn(format!("the deprecated option {old} is ignored, since {name} is given"));
            }
            Some(name)
        }
        (false, true) => {
            values.warn(format!("the option {old} is deprecated; write {name}"));
            Some(old)
        }
        (false, false) => None,
    }
}
