//! Reads values by their type. What is no value of that type is ignored with a warning,
//! as the specification asks.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::parts::Parts;

/// The options of one connection string, and what there is to say against them.
#[derive(Debug)]
pub struct Values<'a> {
    parts: &'a Parts,
    pub(super) warnings: Vec<String>,
    pub(super) refusals: Vec<String>,
}

/// Whole numbers from this one up to the largest of 32 bits.
pub fn from(least: i64) -> RangeInclusive<i64> {
    least..=i64::from(i32::MAX)
}

impl<'a> Values<'a> {
    /// Over the options of `parts`.
    pub fn new(parts: &'a Parts) -> Self {
        Self { parts, warnings: Vec::new(), refusals: Vec::new() }
    }

    /// Adds a warning.
    pub fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    /// Adds why no connection should be made with what was read. The reader ignores it with
    /// a warning, as the specification of options asks; who asked for a guarantee must not
    /// run without it.
    pub fn refuse(&mut self, refusal: impl Into<String>) {
        self.refusals.push(refusal.into());
    }

    /// Every value of a list option.
    pub fn all(&self, name: &'a str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.parts.values(name)
    }

    /// The value of an option that has one. If it is repeated, the last counts.
    pub fn text(&mut self, name: &'a str) -> Option<&'a str> {
        let mut values = self.parts.values(name);
        let last = values.next_back()?;
        if values.next().is_some() {
            self.warn(format!("the option {name} is given more than once; the last one counts"));
        }
        Some(last)
    }

    /// As [`text`](Self::text), but an empty value is none.
    pub fn filled(&mut self, name: &'a str) -> Option<&'a str> {
        let value = self.text(name)?;
        if value.is_empty() {
            self.warn(format!("the option {name} is empty, so it is ignored"));
            return None;
        }
        Some(value)
    }

    /// `true` or `false`, or an old way to write one of them.
    pub fn boolean(&mut self, name: &'a str) -> Option<bool> {
        let value = self.filled(name)?;
        let Some(meant) = truth(value) else {
            self.unsupported(name, value, "true or false");
            return None;
        };
        if value != meant.to_string() {
            self.warn(format!("deprecated value {value:?} of the option {name}; write {name}={meant}"));
        }
        Some(meant)
    }

    /// A whole number within `range`.
    pub fn integer(&mut self, name: &'a str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.filled(name)?;
        let number = value.parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            let (least, most) = range.into_inner();
            self.unsupported(name, value, &format!("a whole number from {least} to {most}"));
        }
        number
    }

    /// A whole number that counts something.
    pub fn count(&mut self, name: &'a str, range: RangeInclusive<i64>) -> Option<u32> {
        self.integer(name, range).and_then(|number| u32::try_from(number).ok())
    }

    /// A whole number of milliseconds.
    pub fn millis(&mut self, name: &'a str, least: i64) -> Option<Duration> {
        let number = self.integer(name, from(least))?;
        Some(Duration::from_millis(u64::try_from(number).ok()?))
    }

    /// Warns that a value has no meaning.
    pub fn unsupported(&mut self, name: &str, value: &str, expected: &str) {
        let shown = shown(value);
        self.warn(format!(
            "unsupported value {shown} of the option {name}, so it is ignored; it takes {expected}"
        ));
    }
}

/// What a boolean means, in its old spellings too.
pub fn truth(value: &str) -> Option<bool> {
    match value {
        "true" | "1" | "yes" | "y" | "t" => Some(true),
        "false" | "0" | "-1" | "no" | "n" | "f" => Some(false),
        _ => None,
    }
}

/// A value for a message. One with an '@' in it may be a piece of a password, and is not
/// shown.
pub fn shown(value: &str) -> String {
    if value.contains('@') { "***".to_owned() } else { format!("{value:?}") }
}
