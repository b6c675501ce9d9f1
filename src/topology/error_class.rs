//! Which server errors say that the client is wrong about a server's state.

use bson::RawDocument;

use super::hello::{small, truth};
use super::version::TopologyVersion;

/// An error by which a server says that it is not (or no longer) what the client takes
/// it for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateChange {
    /// It does not take writes.
    NotWritablePrimary,
    /// It serves nothing for now.
    Recovering,
    /// It is going away: its sockets are of no more use.
    ShuttingDown,
}

impl StateChange {
    /// Judges by the code alone if there is one, else by the sentence.
    pub fn of(code: Option<i32>, message: &str) -> Option<Self> {
        match code {
            Some(91 | 11600) => Some(Self::ShuttingDown),
            Some(189 | 11602 | 13436) => Some(Self::Recovering),
            Some(10058 | 10107 | 13435) => Some(Self::NotWritablePrimary),
            Some(_) => None,
            None if message.contains("node is recovering") => Some(Self::Recovering),
            None if message.contains("not master or secondary") => Some(Self::Recovering),
            None if message.contains("not master") => Some(Self::NotWritablePrimary),
            None => None,
        }
    }
}

/// The part of a refused command's reply that says something of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandFailure {
    /// The error's code.
    pub code: Option<i32>,
    /// The server's sentence.
    pub message: String,
    /// How fresh the error is.
    pub topology_version: Option<TopologyVersion>,
}

impl CommandFailure {
    /// Reads a reply: the error of the command, else of its write concern. `None` if it
    /// has neither; errors of single documents say nothing of the server.
    pub fn parse(reply: &RawDocument) -> Option<Self> {
        let field = |document: &RawDocument, key: &str| {
            let text = document.get_str(key).unwrap_or_default().to_owned();
            (document.get("code").ok().flatten().and_then(small), text)
        };
        let ok = reply.get("ok").ok().flatten().is_some_and(truth);
        let (code, message) = match reply.get_document("writeConcernError") {
            _ if !ok => field(reply, "errmsg"),
            Ok(concern) => field(concern, "errmsg"),
            Err(_) => return None,
        };
        let version = reply.get_document("topologyVersion").ok();
        Some(Self { code, message, topology_version: version.and_then(TopologyVersion::parse) })
    }

    /// Whether the error is a change of the server's state, and which.
    pub fn state_change(&self) -> Option<StateChange> {
        StateChange::of(self.code, &self.message)
    }
}

#[cfg(test)]
mod tests {
    use bson::{RawDocumentBuf, rawdoc};

    use super::*;

    #[test]
    fn a_code_is_judged_alone() {
        let of = |code| StateChange::of(Some(code), "not master");
        for code in [91, 11600] {
            assert_eq!(of(code), Some(StateChange::ShuttingDown));
        }
        for code in [189, 11602, 13436] {
            assert_eq!(of(code), Some(StateChange::Recovering));
        }
        for code in [10058, 10107, 13435] {
            assert_eq!(of(code), Some(StateChange::NotWritablePrimary));
        }
        for code in [0, 6, 7, 18, 89, 9001] {
            assert_eq!(of(code), None);
        }
    }

    #[test]
    fn the_sentence_is_judged_where_there_is_no_code() {
        let of = |message| StateChange::of(None, message);
        assert_eq!(of("not master"), Some(StateChange::NotWritablePrimary));
        assert_eq!(of("not master or secondary; cannot read"), Some(StateChange::Recovering));
        assert_eq!(of("not master: node is recovering"), Some(StateChange::Recovering));
        assert_eq!(of("node is well"), None);
    }

    #[test]
    fn the_write_concern_counts_and_single_writes_do_not() {
        let parse = |document: &RawDocumentBuf| CommandFailure::parse(document).map(|f| (f.code, f.message));
        let concern = rawdoc! { "ok": 1, "writeConcernError": { "code": 91, "errmsg": "bye" } };
        assert_eq!(parse(&concern), Some((Some(91), "bye".to_owned())));
        assert_eq!(parse(&rawdoc! { "ok": 1, "writeErrors": [{ "index": 0, "code": 91 }] }), None);
        let both = rawdoc! { "ok": 0, "errmsg": "no", "writeConcernError": { "code": 91 } };
        assert_eq!(parse(&both), Some((None, "no".to_owned())));
        assert_eq!(parse(&rawdoc! { "ok": 1.0 }), None);
    }
}
