//! How writes are acknowledged. Here a bad value is an error and no warning: who asked for
//! a guarantee must not run without it.

use std::time::Duration;

use super::parts::{Parts, invalid};
use super::values::Values;
use crate::command::WriteConcern;
use crate::error::Result;

/// Reads `w`, `journal` and `wTimeoutMS`.
pub fn write_concern(parts: &Parts, values: &mut Values<'_>) -> Result<Option<WriteConcern>> {
    let mut concern = WriteConcern::new();
    if let Some(w) = values.filled("w") {
        concern = match w.parse::<i64>() {
            Ok(count) => match u32::try_from(count) {
                Ok(count) if i32::try_from(count).is_ok() => concern.w(count),
                _ => {
                    return Err(invalid(format!(
                        "w={count} is out of range: w is a number of servers, or a name"
                    )));
                }
            },
            Err(_) => concern.w(w),
        };
    }
    if let Some(journal) = renamed(parts, values, "journal", "j").and_then(|name| values.boolean(name)) {
        concern = concern.journal(journal);
    }
    if let Some(name) = renamed(parts, values, "wTimeoutMS", "wtimeout") {
        if values.text(name).is_some_and(|value| value.starts_with('-')) {
            return Err(invalid(format!(
                "{name} is negative; it is a number of milliseconds, 0 for no limit"
            )));
        }
        let limit = values.integer(name, 0..=i64::MAX).and_then(|limit| u64::try_from(limit).ok());
        if let Some(limit) = limit {
            concern = concern.timeout(Duration::from_millis(limit));
        }
    }
    concern.validate().map_err(|error| invalid(error.message()))?;
    Ok((!concern.is_default()).then_some(concern))
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
