//! Which members of a deployment a read may go to.

use std::fmt;
use std::time::Duration;

use super::description::TopologyKind;
use super::hello::TagSet;
use super::server::ServerKind;
use crate::error::{Error, Kind, Result};
use crate::wire::ElementWriter;

/// Which kind of replica set member a read goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ReadMode {
    /// The primary alone.
    #[default]
    Primary,
    /// The primary, or a secondary while there is none.
    PrimaryPreferred,
    /// Secondaries alone.
    Secondary,
    /// Secondaries, or the primary if none of them will do.
    SecondaryPreferred,
    /// The primary and the secondaries alike.
    Nearest,
}

impl ReadMode {
    /// The mode's name on the wire and in connection strings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::PrimaryPreferred => "primaryPreferred",
            Self::Secondary => "secondary",
            Self::SecondaryPreferred => "secondaryPreferred",
            Self::Nearest => "nearest",
        }
    }

    /// The mode of this name, in whatever case.
    pub fn parse(name: &str) -> Option<Self> {
        let modes =
            [Self::Primary, Self::PrimaryPreferred, Self::Secondary, Self::SecondaryPreferred, Self::Nearest];
        modes.into_iter().find(|mode| mode.name().eq_ignore_ascii_case(name))
    }
}

/// Which servers a read may go to: a mode, tag sets to try in turn, and how far behind
/// a secondary may be. The default is the primary alone.
///
/// The server option `hedge` is deprecated and has no place here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadPreference {
    mode: ReadMode,
    tag_sets: Vec<TagSet>,
    max_staleness: Option<Duration>,
}

impl ReadPreference {
    /// A preference of this mode, without tags or staleness.
    pub const fn new(mode: ReadMode) -> Self {
        Self { mode, tag_sets: Vec::new(), max_staleness: None }
    }

    /// With these tag sets: the first that any server matches decides. An empty set
    /// matches every server, an empty list is as if there were no tags.
    #[must_use]
    pub fn with_tag_sets(mut self, tag_sets: impl IntoIterator<Item = TagSet>) -> Self {
        self.tag_sets = tag_sets.into_iter().collect();
        self
    }

    /// Secondaries may be at most so far behind, in whole seconds. At least 90 seconds,
    /// and at least the heartbeat interval and 10 seconds.
    #[must_use]
    pub fn with_max_staleness(mut self, max_staleness: Duration) -> Self {
        self.max_staleness = Some(max_staleness);
        self
    }

    /// The mode.
    pub fn mode(&self) -> ReadMode {
        self.mode
    }

    /// The tag sets.
    pub fn tag_sets(&self) -> &[TagSet] {
        &self.tag_sets
    }

    /// How far behind a secondary may be.
    pub fn max_staleness(&self) -> Option<Duration> {
        self.max_staleness
    }

    /// Fails if tags or a staleness stand beside mode `primary`, where they mean nothing.
    pub fn validate(&self) -> Result<()> {
        let refuse = |what| {
            let sentence = format!("read preference mode 'primary' can't be combined with {what}");
            Err(Error::new(Kind::InvalidArgument, sentence))
        };
        match self.mode {
            ReadMode::Primary if self.tag_sets.iter().any(|set| !set.is_empty()) => refuse("tag sets"),
            ReadMode::Primary if self.max_staleness.is_some_and(|limit| !limit.is_zero()) => {
                refuse("maxStalenessSeconds")
            }
            _ => Ok(()),
        }
    }

    /// What a command to that server says of this preference; `None` if it says nothing.
    pub fn for_server(&self, topology: TopologyKind, server: ServerKind) -> Option<Self> {
        let direct = topology == TopologyKind::Single;
        match (server, self.mode) {
            (ServerKind::Standalone, _) => None,
            // A member that we were pointed at must serve reads, whatever it is.
            (kind, ReadMode::Primary) if direct && kind != ServerKind::Mongos => {
                Some(Self::new(ReadMode::PrimaryPreferred))
            }
            (_, ReadMode::Primary) => None,
            _ => Some(self.clone()),
        }
    }

    /// Appends `$readPreference` to a command.
    pub fn write(&self, command: &mut ElementWriter<'_>) {
        command.document_with("$readPreference", |writer| {
            writer.str("mode", self.mode.name());
            if !self.tag_sets.is_empty() {
                writer.array_with("tags", |array| {
                    for (index, set) in self.tag_sets.iter().enumerate() {
                        array.document_with(&index.to_string(), |document| {
                            for (key, value) in set {
                                document.str(key, value);
                            }
                        });
                    }
                });
            }
            if let Some(limit) = self.max_staleness {
                writer.i64("maxStalenessSeconds", limit.as_secs().try_into().unwrap_or(i64::MAX));
            }
        });
    }
}

impl fmt::Display for ReadPreference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mode.name())?;
        if !self.tag_sets.is_empty() {
            f.write_str(", tags")?;
            for (index, set) in self.tag_sets.iter().enumerate() {
                let tags: Vec<_> = set.iter().map(|(key, value)| format!("{key}:{value}")).collect();
                write!(f, "{} [{}]", if index > 0 { " or" } else { "" }, tags.join(","))?;
            }
        }
        match self.max_staleness {
            Some(limit) => write!(f, ", at most {} s stale", limit.as_secs()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use bson::{RawDocumentBuf, rawdoc};

    use super::*;

    fn tags(pairs: &[(&str, &str)]) -> TagSet {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_command_carries_it_where_the_server_routes_or_must_be_told() {
        let sent = |mode, topology, server| {
            ReadPreference::new(mode).for_server(topology, server).map(|preference| preference.mode)
        };
        use ReadMode::{Nearest, Primary, PrimaryPreferred, SecondaryPreferred};
        use TopologyKind::{LoadBalanced, ReplicaSetWithPrimary, Sharded, Single};
        assert_eq!(sent(Primary, Sharded, ServerKind::Mongos), None);
        assert_eq!(sent(SecondaryPreferred, Sharded, ServerKind::Mongos), Some(SecondaryPreferred));
        assert_eq!(sent(Primary, LoadBalanced, ServerKind::LoadBalancer), None);
        assert_eq!(sent(Nearest, LoadBalanced, ServerKind::LoadBalancer), Some(Nearest));
        assert_eq!(sent(Primary, ReplicaSetWithPrimary, ServerKind::RsPrimary), None);
        assert_eq!(sent(Nearest, ReplicaSetWithPrimary, ServerKind::RsPrimary), Some(Nearest));
        assert_eq!(sent(Primary, Single, ServerKind::RsSecondary), Some(PrimaryPreferred));
        assert_eq!(sent(Nearest, Single, ServerKind::RsSecondary), Some(Nearest));
        assert_eq!(sent(Primary, Single, ServerKind::Mongos), None);
        assert_eq!(sent(Nearest, Single, ServerKind::Standalone), None);
    }

    #[test]
    fn the_document_has_what_was_set_and_nothing_else() {
        let write = |preference: &ReadPreference| {
            let mut buffer = vec![0; 4];
            preference.write(&mut ElementWriter::new(&mut buffer));
            buffer.push(0);
            let length = i32::try_from(buffer.len()).unwrap();
            buffer[..4].copy_from_slice(&length.to_le_bytes());
            RawDocumentBuf::from_bytes(buffer).unwrap()
        };
        let bare = ReadPreference::new(ReadMode::Nearest);
        assert_eq!(write(&bare), rawdoc! { "$readPreference": { "mode": "nearest" } });
        let full = bare
            .with_tag_sets([tags(&[("dc", "ny")]), TagSet::new()])
            .with_max_staleness(Duration::from_secs(120));
        assert_eq!(
            write(&full),
            rawdoc! { "$readPreference": {
                "mode": "nearest", "tags": [{ "dc": "ny" }, {}], "maxStalenessSeconds": 120_i64
            } }
        );
    }

    #[test]
    fn primary_alone_takes_neither_tags_nor_staleness() {
        let primary = || ReadPreference::new(ReadMode::Primary);
        assert!(primary().validate().is_ok());
        assert!(primary().with_tag_sets([TagSet::new()]).validate().is_ok());
        assert!(primary().with_tag_sets([tags(&[("dc", "ny")])]).validate().is_err());
        assert!(primary().with_max_staleness(Duration::from_secs(120)).validate().is_err());
        let nearest = ReadPreference::new(ReadMode::Nearest).with_tag_sets([tags(&[("dc", "ny")])]);
        assert!(nearest.validate().is_ok());
    }

    #[test]
    fn names_are_read_in_any_case() {
        assert_eq!(ReadMode::parse("SecondaryPreferred"), Some(ReadMode::SecondaryPreferred));
        assert_eq!(ReadMode::parse("nearest"), Some(ReadMode::Nearest));
        assert_eq!(ReadMode::parse("far"), None);
    }
}
