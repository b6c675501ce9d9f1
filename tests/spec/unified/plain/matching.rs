//! Whether an actual value is what a case expects ("Evaluating Matches" of the format).

use bson::{Bson, Document};

use super::operators;

/// What operators look up by name.
pub trait Names {
    /// A value that an operation saved.
    fn saved_value(&self, name: &str) -> Result<Bson, String>;
    /// The id of a session entity.
    fn session_id(&self, name: &str) -> Result<Bson, String>;
}

/// Compares by the rules of the format. Errors say where the values differ.
#[derive(Clone, Copy)]
pub struct Matcher<'a> {
    names: &'a dyn Names,
}

impl<'a> Matcher<'a> {
    pub fn new(names: &'a dyn Names) -> Self {
        Self { names }
    }

    pub fn names(&self) -> &'a dyn Names {
        self.names
    }

    /// A value that stands alone: if it is a document, it may have more fields.
    pub fn root(&self, expected: &Bson, actual: Option<&Bson>) -> Result<(), String> {
        self.value(expected, actual, true, "")
    }

    /// Documents of a cursor: a list, of which each stands alone.
    pub fn rows(&self, expected: &Bson, actual: &[Document]) -> Result<(), String> {
        let Bson::Array(expected) = expected else {
            let actual = Bson::from(actual.to_vec());
            return self.root(expected, Some(&actual));
        };
        same_count(expected.len(), actual.len(), "")?;
        for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
            self.value(expected, Some(&Bson::from(actual.clone())), true, &format!("/{index}"))?;
        }
        Ok(())
    }

    /// See the module. `None` is a value that is not there.
    pub fn value(
        &self,
        expected: &Bson,
        actual: Option<&Bson>,
        root: bool,
        path: &str,
    ) -> Result<(), String> {
        if let Some((operator, argument)) = operators::of(expected) {
            return operators::check(self, operator, argument, actual, root, path);
        }
        let differ = || Err(format!("at '{path}': expected {expected}, got {}", shown(actual)));
        match (expected, actual) {
            (Bson::Document(expected), Some(Bson::Document(actual))) => {
                self.fields(expected, actual, root, path)
            }
            (Bson::Array(expected), Some(Bson::Array(actual))) => {
                same_count(expected.len(), actual.len(), path)?;
                for (index, (expected, actual)) in expected.iter().zip(actual).enumerate() {
                    self.value(expected, Some(actual), false, &format!("{path}/{index}"))?;
                }
                Ok(())
            }
            (expected, Some(actual)) if same_number(expected, actual) || same(expected, actual) => Ok(()),
            _ => differ(),
        }
    }

    fn fields(&self, expected: &Document, actual: &Document, root: bool, path: &str) -> Result<(), String> {
        for (key, value) in expected {
            self.value(value, actual.get(key), false, &format!("{path}/{key}"))?;
        }
        let extra = actual.keys().find(|key| !expected.contains_key(key));
        match extra.filter(|_| !root) {
            Some(key) => Err(format!("at '{path}': '{key}' is not expected in {actual}")),
            None => Ok(()),
        }
    }
}

/// Whether two documents hold the same, in whatever order of keys. Types count.
pub fn same_document(one: &Document, other: &Document) -> bool {
    let held = |(key, value): (&String, &Bson)| other.get(key).is_some_and(|other| same(value, other));
    one.len() == other.len() && one.iter().all(held)
}

fn same(one: &Bson, other: &Bson) -> bool {
    match (one, other) {
        (Bson::Document(one), Bson::Document(other)) => same_document(one, other),
        (Bson::Array(one), Bson::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Bson::JavaScriptCodeWithScope(one), Bson::JavaScriptCodeWithScope(other)) => {
            one.code == other.code && same_document(&one.scope, &other.scope)
        }
        (Bson::Double(one), Bson::Double(other)) => one == other || (one.is_nan() && other.is_nan()),
        (one, other) => one == other,
    }
}

/// Whether both are numbers (but decimals) of the same value, whatever their types.
pub fn same_number(one: &Bson, other: &Bson) -> bool {
    compare(one, other).is_some_and(std::cmp::Ordering::is_eq)
}

/// How two numbers compare; `None` if one is no number, or a decimal.
pub fn compare(one: &Bson, other: &Bson) -> Option<std::cmp::Ordering> {
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => Some(one.cmp(&other)),
        _ => double(one)?.partial_cmp(&double(other)?),
    }
}

fn whole(value: &Bson) -> Option<i64> {
    value.as_i64().or_else(|| value.as_i32().map(i64::from))
}

fn double(value: &Bson) -> Option<f64> {
    // Only beside a double, for which more digits would mean nothing.
    value.as_f64().or_else(|| whole(value).map(|whole| whole as f64))
}

fn same_count(expected: usize, actual: usize, path: &str) -> Result<(), String> {
    match expected == actual {
        true => Ok(()),
        false => Err(format!("at '{path}': expected {expected} elements, got {actual}")),
    }
}

/// For error sentences.
pub fn shown(value: Option<&Bson>) -> String {
    value.map_or_else(|| "nothing".to_owned(), ToString::to_string)
}
