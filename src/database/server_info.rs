//! `buildInfo`: which release a server is, and what it was built with.

use std::sync::Arc;

use bson::{Bson, Document};
use serde::Deserialize;

use crate::collection::{Draft, Running, options, verb};
use crate::command::codec::decode;
use crate::dispatch::Handle;
use crate::topology::{Criteria, ReadPreference};

/// What a server says of its release. A field that it leaves out, or says in another type, is
/// `None`, empty or `false`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Document")]
#[non_exhaustive]
pub struct ServerInfo {
    /// The release, such as `"8.0.4"` or `"8.1.0-rc0"`.
    pub version: String,
    /// The same in numbers: three, and a fourth that is negative before the release. They can
    /// be compared.
    pub version_array: Vec<i32>,
    /// The commit that it was built of.
    pub git_version: Option<String>,
    /// 64, or 32.
    pub bits: Option<i32>,
    /// Whether it was built to be debugged.
    pub debug: bool,
    /// The largest document that it stores, in bytes.
    pub max_bson_object_size: Option<i64>,
    /// What was built in besides, such as `"enterprise"`.
    pub modules: Vec<String>,
    /// The storage engines that it could run with.
    pub storage_engines: Vec<String>,
    /// The whole reply.
    pub raw: Document,
}

/// Asks a server for its release; see
/// [`Connection::server_info`](crate::Connection::server_info).
#[derive(Clone, Debug)]
#[must_use = "nothing is sent before it is awaited"]
pub struct BuildInfo {
    draft: Draft,
}

options! { BuildInfo {} shared comment }

verb!(BuildInfo -> ServerInfo);

/// The database that the command runs on.
const ADMIN: &str = "admin";

impl BuildInfo {
    pub(crate) fn new(handle: &Handle) -> Self {
        Self { draft: Draft::new(handle) }
    }

    /// Which server is asked. Wins over the handle's.
    pub fn read_preference(mut self, preference: ReadPreference) -> Self {
        self.draft.scoped(|scope| scope.read_preference = preference);
        self
    }

    fn start(self) -> Running<ServerInfo> {
        let mut draft = self.draft;
        let preference = draft.handle().scope().read_preference.clone();
        draft.admit(preference.validate(), "read preference");
        // Without a read concern, which this command does not take.
        let plan = draft.plan(&Arc::<str>::from(ADMIN), Criteria::Read(preference), 0);
        let options = draft.take_options();
        draft.run(
            "buildInfo",
            plan,
            move |command, _| {
                let mut elements = command.elements();
                elements.i32("buildInfo", 1);
                options.write(&mut elements);
                Ok(())
            },
            |answer, _| decode(&answer.body),
        )
    }
}

impl TryFrom<Document> for ServerInfo {
    type Error = String;

    fn try_from(raw: Document) -> Result<Self, String> {
        let Some(Bson::String(version)) = raw.get("version") else {
            return Err("the server's version is missing, or is no string".to_owned());
        };
        Ok(Self {
            version: version.clone(),
            version_array: list(&raw, "versionArray", |it| whole(it).and_then(|it| i32::try_from(it).ok())),
            git_version: raw.get_str("gitVersion").ok().map(str::to_owned),
            bits: raw.get("bits").and_then(whole).and_then(|bits| i32::try_from(bits).ok()),
            debug: raw.get_bool("debug").unwrap_or(false),
            max_bson_object_size: raw.get("maxBsonObjectSize").and_then(whole),
            modules: list(&raw, "modules", text),
            storage_engines: list(&raw, "storageEngines", text),
            raw,
        })
    }
}

fn list<T>(all: &Document, key: &str, read: impl FnMut(&Bson) -> Option<T>) -> Vec<T> {
    let values = all.get_array(key).map(Vec::as_slice).unwrap_or_default();
    values.iter().filter_map(read).collect()
}

fn text(value: &Bson) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Servers say whole numbers in whatever type.
fn whole(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(number) => Some(i64::from(*number)),
        Bson::Int64(number) => Some(*number),
        Bson::Double(number) if number.fract() == 0.0 => Some(*number as i64),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;

    use super::*;

    fn read(reply: Document) -> Result<ServerInfo, impl std::fmt::Display> {
        bson::deserialize_from_document(reply)
    }

    #[test]
    fn a_reply_is_read_and_kept() {
        let reply = doc! {
            "version": "8.1.0-rc0", "versionArray": [8, 1_i64, 0.0, -50], "gitVersion": "abc", "bits": 64,
            "debug": true, "maxBsonObjectSize": 16_777_216.0, "modules": ["enterprise"],
            "storageEngines": ["devnull", "wiredTiger"], "new": 1, "ok": 1,
        };
        let info = read(reply.clone()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(
            (info.version.as_str(), info.version_array.as_slice()),
            ("8.1.0-rc0", &[8, 1, 0, -50][..])
        );
        assert_eq!((info.git_version.as_deref(), info.bits, info.debug), (Some("abc"), Some(64), true));
        assert_eq!(info.max_bson_object_size, Some(16 << 20));
        assert_eq!((info.modules, info.storage_engines.len()), (vec!["enterprise".to_owned()], 2));
        assert_eq!(info.raw, reply);
    }

    #[test]
    fn what_is_left_out_is_empty_but_for_the_version() {
        let info = read(doc! { "version": "9.9", "bits": "many", "modules": 5, "versionArray": ["9", 1.5] });
        let info = info.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((info.bits, info.git_version, info.max_bson_object_size), (None, None, None));
        assert!(info.version_array.is_empty() && info.modules.is_empty() && !info.debug);
        assert!(read(doc! { "version": 9 }).is_err());
        assert!(read(doc! {}).is_err());
    }
}
