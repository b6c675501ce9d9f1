//! What is measured: the rows, their names, and which runs can share an official sample.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// `find_one` by `_id`, decoded into a `Document`
    Find,
    /// `insert_one` of a `Document` of about 200 bytes
    Insert,
    /// `run_command({ ping: 1 })`
    Ping,
    /// `find` without a filter, to its end; figures are per document
    Scan(Scan),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Scan {
    pub form: Form,
    pub size: Size,
    /// `batchSize`; `None` leaves it to the server
    pub batch: Option<u32>,
}

/// How the documents of a scan are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Form {
    /// In place, one field read of each. Ours: batch by batch; official: one by one
    Raw,
    /// In place, one field read of each, batch by batch on both sides
    Batch,
    /// As a struct of serde's that owns what it holds
    Typed,
}

/// Of the documents of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// About 200 bytes
    Small,
    /// About 1 KiB
    Large,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum HostKind {
    /// Callers are tasks of a multi-thread runtime
    Tokio,
    /// Callers are futures on one actix arbiter
    Arbiter,
}

/// Which cases a subcommand has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// Against canned replies
    Client,
    /// Against the real server, which is what most rows wait for: fewer of them
    Server,
    /// With and without a listener
    Events,
    /// Two builds of ours, against canned replies
    Builds,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Find => f.pad("find"),
            Self::Insert => f.pad("insert"),
            Self::Ping => f.pad("ping"),
            Self::Scan(scan) => f.pad(&scan.to_string()),
        }
    }
}

impl fmt::Display for Scan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let form = match self.form {
            Form::Raw => "raw",
            Form::Batch => "batch",
            Form::Typed => "typed",
        };
        let size = match self.size {
            Size::Small => "200B",
            Size::Large => "1KiB",
        };
        match self.batch {
            Some(batch) => write!(f, "scan-{form}-{size}-b{batch}"),
            None => write!(f, "scan-{form}-{size}-default"),
        }
    }
}

impl FromStr for Operation {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let mut all = SINGLE.into_iter().chain(scans());
        all.find(|operation| operation.to_string() == name).ok_or_else(|| format!("no operation is {name:?}"))
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
        let (operation, host) = (self.operation, self.host.name());
        format!("{operation}/{host}/{}x{}", self.callers, self.sockets)
    }
}

impl Suite {
    fn operations(self) -> Vec<Operation> {
        match self {
            Self::Client | Self::Server | Self::Builds => SINGLE.into_iter().chain(scans()).collect(),
            Self::Events => vec![Operation::Find, Operation::Ping],
        }
    }

    /// Callers, sockets, and the depths that are tried.
    fn rows(self, operation: Operation) -> &'static [(u32, u32, &'static [u32])] {
        match (self, operation) {
            (_, Operation::Scan(_)) => &[(1, 10, &[1])],
            (Self::Server, _) => &[(1, 10, &[1]), (16, 16, &[1]), (64, 10, &[1])],
            (Self::Events, _) => &[(1, 10, &[1]), (64, 10, &[1]), (256, 10, &[16])],
            // Both sides have the depth, so nothing is shared between two of them.
            (Self::Builds, _) => {
                &[(1, 10, &[1]), (16, 16, &[1]), (64, 10, &[1]), (256, 10, &[1]), (256, 10, &[16])]
            }
            (Self::Client, _) => &[
                (1, 10, &[1]),
                (16, 16, &[1]),
                (64, 64, &[1]),
                (100, 100, &[1]),
                (64, 10, &[1]),
                (256, 10, &[1, 16]),
                (10_000, 10, &[1]),
            ],
        }
    }

    /// Every group with a case whose name contains `only`, without the other cases.
    pub fn groups(self, only: Option<&str>) -> Vec<Group> {
        let mut groups = Vec::new();
        for operation in self.operations() {
            for &host in HostKind::value_variants() {
                for &(callers, sockets, depths) in self.rows(operation) {
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
}

/// Every scan there is.
fn scans() -> impl Iterator<Item = Operation> {
    let shapes = [
        (Size::Small, None),
        (Size::Small, Some(LATER_BATCH)),
        (Size::Large, None),
        (Size::Large, Some(LATER_BATCH)),
    ];
    let forms = [Form::Raw, Form::Batch, Form::Typed].into_iter();
    forms.flat_map(move |form| {
        shapes.into_iter().map(move |(size, batch)| Operation::Scan(Scan { form, size, batch }))
    })
}

/// Those whose unit is one command.
const SINGLE: [Operation; 3] = [Operation::Find, Operation::Insert, Operation::Ping];
/// The other batch size beside the server's own.
const LATER_BATCH: u32 = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    fn names(suite: Suite, only: Option<&str>) -> Vec<String> {
        let cases = |group: Group| group.depths.iter().map(|d| group.case(*d)).collect::<Vec<_>>();
        suite.groups(only).into_iter().flat_map(cases).collect()
    }

    #[test]
    fn every_row_is_there_for_each_operation_and_host() {
        let all = names(Suite::Client, None);
        assert_eq!(all.len(), 3 * 2 * 8 + 12 * 2);
        assert!(all.contains(&"find/arbiter/64x10/depth1".to_owned()));
        assert!(all.contains(&"insert/tokio/10000x10/depth1".to_owned()));
        assert!(all.contains(&"ping/tokio/256x10/depth16".to_owned()));
        assert!(all.contains(&"scan-typed-1KiB-b1000/tokio/1x10/depth1".to_owned()));
        assert_eq!(names(Suite::Server, None).len(), 3 * 2 * 3 + 12 * 2);
    }

    #[test]
    fn a_substring_may_keep_one_depth_of_a_group() {
        assert_eq!(
            names(Suite::Client, Some("depth16")),
            [
                "find/tokio/256x10/depth16",
                "find/arbiter/256x10/depth16",
                "insert/tokio/256x10/depth16",
                "insert/arbiter/256x10/depth16",
                "ping/tokio/256x10/depth16",
                "ping/arbiter/256x10/depth16"
            ]
        );
        assert_eq!(names(Suite::Client, Some("find/tokio/1x10/")), ["find/tokio/1x10/depth1"]);
        assert!(names(Suite::Client, Some("nothing")).is_empty());
    }

    #[test]
    fn the_name_of_an_operation_is_read_back() {
        for suite in [Suite::Client, Suite::Server, Suite::Events, Suite::Builds] {
            for group in suite.groups(None) {
                assert_eq!(group.operation.to_string().parse(), Ok(group.operation));
                // Sides that both have a depth are run with one and the same.
                assert!(suite == Suite::Client || group.depths.len() == 1);
            }
        }
        assert!("scan-raw".parse::<Operation>().is_err());
    }
}
