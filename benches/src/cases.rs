//! What is measured: the rows, their names, and which runs can share an official sample.

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Operation {
    /// `find_one` by `_id`, decoded into a `Document`
    Find,
    /// `insert_one` of a `Document` of about 200 bytes
    Insert,
    /// `run_command({ ping: 1 })`
    Ping,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HostKind {
    /// Callers are tasks of a multi-thread runtime
    Tokio,
    /// Callers are futures on one actix arbiter
    Arbiter,
}

impl Operation {
    pub fn name(self) -> &'static str {
        match self {
            Self::Find => "find",
            Self::Insert => "insert",
            Self::Ping => "ping",
        }
    }
}

impl HostKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Tokio => "tokio",
            Self::Arbiter => "arbiter",
        }
    }
}

/// Cases that differ in our pipeline depth alone. The official driver has no such option: it is
/// run once, and every depth is set against that run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub operation: Operation,
    pub host: HostKind,
    pub callers: u32,
    pub sockets: u32,
    pub depths: Vec<u32>,
}

impl Group {
    pub fn case(&self, depth: u32) -> String {
        format!("{}/depth{depth}", self.name())
    }

    fn name(&self) -> String {
        let (operation, host) = (self.operation.name(), self.host.name());
        format!("{operation}/{host}/{}x{}", self.callers, self.sockets)
    }
}

/// Callers, sockets, and the depths that are tried.
const ROWS: [(u32, u32, &[u32]); 7] = [
    (1, 10, &[1]),
    (16, 16, &[1]),
    (64, 64, &[1]),
    (100, 100, &[1]),
    (64, 10, &[1]),
    (256, 10, &[1, 16]),
    (10_000, 10, &[1]),
];

/// Every group with a case whose name contains `only`, without the other cases.
pub fn groups(only: Option<&str>) -> Vec<Group> {
    let mut groups = Vec::new();
    for &operation in Operation::value_variants() {
        for &host in HostKind::value_variants() {
            for (callers, sockets, depths) in ROWS {
                let depths = depths.to_vec();
                let mut group = Group { operation, host, callers, sockets, depths };
                let kept = |depth: &u32| only.is_none_or(|text| group.case(*depth).contains(text));
                group.depths = group.depths.iter().copied().filter(kept).collect();
                if !group.depths.is_empty() {
                    groups.push(group);
                }
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(only: Option<&str>) -> Vec<String> {
        let cases = |group: Group| group.depths.iter().map(|d| group.case(*d)).collect::<Vec<_>>();
        groups(only).into_iter().flat_map(cases).collect()
    }

    #[test]
    fn every_row_is_there_for_each_operation_and_host() {
        let all = names(None);
        assert_eq!(all.len(), 3 * 2 * 8);
        assert!(all.contains(&"find/arbiter/64x10/depth1".to_owned()));
        assert!(all.contains(&"insert/tokio/10000x10/depth1".to_owned()));
        assert!(all.contains(&"ping/tokio/256x10/depth16".to_owned()));
    }

    #[test]
    fn a_substring_may_keep_one_depth_of_a_group() {
        assert_eq!(
            names(Some("depth16")),
            [
                "find/tokio/256x10/depth16",
                "find/arbiter/256x10/depth16",
                "insert/tokio/256x10/depth16",
                "insert/arbiter/256x10/depth16",
                "ping/tokio/256x10/depth16",
                "ping/arbiter/256x10/depth16"
            ]
        );
        assert_eq!(names(Some("find/tokio/1x10/")), ["find/tokio/1x10/depth1"]);
        assert!(names(Some("nothing")).is_empty());
    }
}
