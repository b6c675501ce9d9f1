//! The arrow table: which module may import which.

use std::collections::{BTreeMap, BTreeSet};

/// What is left of an arrow never imports what is right of it; what is right may
/// import all to its left, as far as arrows lead. Names in one place of a line do
/// not import each other. docs/architecture.md shows the same lines.
const ARROWS: &str = "
error <- wire <- topology <- {command, events} <- pool
error <- session <- pool
pool <- cursor_policy <- dispatch
error <- {auth, tls, runtime}
error <- dates <- dispatch
topology <- dns
{auth, tls, dns, command, events, session} <- establish
pool, establish <- actors::{socket, monitor, srv_poller, timer} <- actors::snapshot <- actors::supervisor <- dispatch
dispatch <- {actors::cursor_manager, cursor, client_session} <- collection <- database <- actors::gateway <- connection <- web <- lib
runtime <- actors::supervisor
race <- {actors::monitor, dispatch}
errands <- {auth, dns}
guide <- lib
actors::vital <- {actors::timer, actors::supervisor, actors::cursor_manager}
actors::provoke <- {actors::socket, actors::monitor, actors::srv_poller, actors::timer, actors::supervisor, actors::cursor_manager}
";

/// The arrows, ready to be asked.
pub(super) struct Table {
    text: String,
    /// For each module those directly to its left.
    left: BTreeMap<String, BTreeSet<String>>,
}

impl Table {
    /// The project's own.
    pub fn of_the_project() -> Self {
        Self::parse(ARROWS)
    }

    /// Reads lines such as `a <- {b, c} <- actors::{d, e}`.
    pub fn parse(text: &str) -> Self {
        let mut left: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for line in text.lines() {
            let mut before: Vec<String> = Vec::new();
            for place in line.split("<-").filter(|place| !place.trim().is_empty()) {
                let names = names(place);
                for name in &names {
                    let entry = left.entry(name.clone()).or_default();
                    entry.extend(before.iter().cloned());
                }
                before = names;
            }
        }
        Self { text: text.to_owned(), left }
    }

    /// The lines, as they stand in the documentation.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.text.lines().filter(|line| !line.trim().is_empty())
    }

    /// Whether the table has this module.
    pub fn knows(&self, module: &str) -> bool {
        self.left.contains_key(module)
    }

    /// Whether `from` may import `to`.
    pub fn allows(&self, from: &str, to: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(module) = open.pop() {
            for left in self.left.get(module).into_iter().flatten() {
                if left == to {
                    return true;
                }
                if seen.insert(left) {
                    open.push(left);
                }
            }
        }
        false
    }

    /// The module of the table that a path from the crate's root lies in. A name
    /// of the root itself lies in `lib`; a module that the table has not is
    /// named by its first segment.
    pub fn module_of(&self, path: &[String]) -> String {
        let longest =
            (1..=path.len()).rev().map(|length| path[..length].join("::")).find(|name| self.knows(name));
        let is_module = |name: &String| name.starts_with(|first: char| first.is_lowercase());
        longest.unwrap_or_else(|| match path.first().filter(|name| is_module(name)) {
            Some(name) => name.clone(),
            None => "lib".into(),
        })
    }

    /// The first part of a file's path that the table has no place for: neither
    /// a module of it, nor a folder of such.
    pub fn stranger(&self, path: &[String]) -> Option<String> {
        for length in 1..=path.len() {
            let name = path[..length].join("::");
            if self.knows(&name) {
                return None;
            }
            let folder = format!("{name}::");
            if !self.left.keys().any(|known| known.starts_with(&folder)) {
                return Some(name);
            }
        }
        None
    }
}

/// `{a, b}`, `a, b` and `x::{a, b}`, one by one.
fn names(place: &str) -> Vec<String> {
    let (prefix, list) = match place.split_once('{') {
        Some((prefix, rest)) => (prefix.trim(), rest.trim_end().trim_end_matches('}')),
        None => ("", place),
    };
    list.split(',').map(|name| format!("{prefix}{}", name.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_reach_as_far_as_they_lead() {
        let table = Table::of_the_project();
        for (from, to) in [
            ("wire", "error"),
            ("pool", "wire"),
            ("pool", "session"),
            ("establish", "topology"),
            ("establish", "tls"),
            ("actors::socket", "pool"),
            ("actors::supervisor", "actors::monitor"),
            ("actors::cursor_manager", "dispatch"),
            ("lib", "error"),
            ("connection", "runtime"),
        ] {
            assert!(table.allows(from, to), "{from} imports {to}");
            assert!(!table.allows(to, from), "{to} imports {from}");
        }
        for (from, to) in [
            ("command", "events"),
            ("actors::socket", "actors::monitor"),
            ("cursor", "client_session"),
            ("pool", "establish"),
            ("wire", "session"),
            ("pool", "runtime"),
        ] {
            assert!(!table.allows(from, to), "{from} imports {to}");
            assert!(!table.allows(to, from), "{to} imports {from}");
        }
    }

    #[test]
    fn the_table_has_no_circle() {
        let table = Table::of_the_project();
        for module in table.left.keys() {
            assert!(!table.allows(module, module), "{module} is left of itself");
        }
    }

    #[test]
    fn paths_lie_in_the_longest_module_that_is_known() {
        let table = Table::of_the_project();
        let of = |path: &str| {
            let path: Vec<_> = path.split("::").map(str::to_owned).collect();
            table.module_of(&path)
        };
        assert_eq!(of("pool::entry::Entry"), "pool");
        assert_eq!(of("actors::socket::messages::Submit"), "actors::socket");
        assert_eq!(of("actors::Unknown"), "actors");
        assert_eq!(of("Error"), "lib");
        assert_eq!(of("stranger::Thing"), "stranger");
        let stranger = |path: &[&str]| {
            let path: Vec<_> = path.iter().map(|&segment| segment.to_owned()).collect();
            table.stranger(&path)
        };
        for path in [&[][..], &["actors"], &["pool", "entry"], &["actors", "socket", "pump"]] {
            assert_eq!(stranger(path), None, "{path:?}");
        }
        assert_eq!(stranger(&["actor"]).as_deref(), Some("actor"));
        assert_eq!(stranger(&["actors", "new", "file"]).as_deref(), Some("actors::new"));
    }
}
