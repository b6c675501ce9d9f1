//! Client entities: a connection of the driver's, and what is observed of it.

use std::net::SocketAddr;
use std::time::Duration;

use actix_mongo::{Connection, Kind, ServerApi, ServerApiVersion};
use bson::{Bson, Document};

use super::failure::{Checked, Failure};
use super::logs::Logs;
use super::recorder::{Group, Recorder, Seen};
use super::servers::{Server, extra_options};

/// See the module.
pub struct Client {
    pub connection: Connection,
    recorder: Recorder,
    /// The names of events that are kept; others happened for the runner alone.
    observed: Vec<String>,
    /// Commands of which no event counts.
    ignored: Vec<String>,
    sensitive: bool,
    logs: Logs,
}

/// Log messages are compared with what they tell, so nothing is cut off.
const WHOLE_DOCUMENTS: usize = 10_000;

/// Commands that show secrets, and so don't show at all.
const SENSITIVE: [&str; 9] = [
    "authenticate",
    "saslStart",
    "saslContinue",
    "getnonce",
    "createUser",
    "updateUser",
    "copydbgetnonce",
    "copydbsaslstart",
    "copydb",
];

/// Fields of a client entity that are looked at below, or mean nothing on these servers.
const KNOWN: [&str; 9] = [
    "id",
    "uriOptions",
    "useMultipleMongoses",
    "observeEvents",
    "ignoreCommandMonitoringEvents",
    "observeLogMessages",
    "observeSensitiveCommands",
    "serverApi",
    "storeEventsAsEntities",
];

/// Fields that the driver has nothing for yet.
const NOT_BUILT: [(&str, &str); 2] =
    [("observeTracingMessages", "spans"), ("autoEncryptOpts", "client-side encryption")];

impl Client {
    /// Connects to a server, there, as the entity asks. `quick` is for cases with fail points: servers are
    /// looked at as often as may be.
    pub fn create(entity: &Document, server: &Server, at: SocketAddr, quick: bool) -> Checked<Self> {
        if let Some(key) = entity.keys().find(|key| !KNOWN.contains(&key.as_str())) {
            return Err(match NOT_BUILT.iter().find(|(name, _)| name == key) {
                Some((_, what)) => Failure::NotBuilt((*what).to_owned()),
                None => Failure::Case(format!("a field of a client that the runner does not know: {key}")),
            });
        }
        let api = entity.get_document("serverApi").ok().map(server_api).transpose()?;
        let recorder = Recorder::default();
        let record = recorder.clone();
        let uri = uri(entity, server, at, quick)?;
        let logs =
            entity.get_document("observeLogMessages").map_or_else(|_| Ok(Logs::default()), Logs::of)?;
        let connect = || {
            let mut builder = Connection::builder().uri(&uri)?.log_max_document_length(WHOLE_DOCUMENTS);
            if let Some(api) = api {
                builder = builder.server_api(api);
            }
            builder.on_event(move |event| record.record(&event)).connect_lazy()
        };
        let connected = tracing::subscriber::with_default(logs.clone(), connect);
        let connection = connected.map_err(|error| match error.kind() {
            Kind::Unsupported => Failure::NotBuilt(error.message().to_owned()),
            _ => Failure::from(error).at(&uri),
        })?;
        Ok(Self {
            connection,
            recorder,
            observed: strings(entity, "observeEvents"),
            ignored: strings(entity, "ignoreCommandMonitoringEvents"),
            logs,
            sensitive: entity.get_bool("observeSensitiveCommands").unwrap_or(false),
        })
    }

    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// Of these events, those that a case may look at.
    pub fn visible(&self, events: &[Seen]) -> Vec<Seen> {
        events.iter().filter(|event| self.shows(event)).cloned().collect()
    }

    fn shows(&self, event: &Seen) -> bool {
        if !self.observed.iter().any(|name| name == event.name) {
            return false;
        }
        if event.group != Group::Command {
            return true;
        }
        let command = event.fields.get_str("commandName").unwrap_or_default();
        let is = |name: &str| name.eq_ignore_ascii_case(command);
        let hidden = is("configureFailPoint") || self.ignored.iter().any(|name| is(name));
        !hidden && (self.sensitive || !is_sensitive(event))
    }
}

/// A hello is one if it carries credentials; then both command and reply come empty.
fn is_sensitive(event: &Seen) -> bool {
    let command = event.fields.get_str("commandName").unwrap_or_default();
    if SENSITIVE.iter().any(|name| name.eq_ignore_ascii_case(command)) {
        return true;
    }
    let is_hello = ["hello", "isMaster"].iter().any(|name| name.eq_ignore_ascii_case(command));
    let content = event.fields.get_document("command").or_else(|_| event.fields.get_document("reply"));
    is_hello && content.is_ok_and(Document::is_empty)
}

fn server_api(of: &Document) -> Checked<ServerApi> {
    let version = of.get_str("version").unwrap_or_default();
    if version != ServerApiVersion::V1.name() {
        return Err(Failure::Case(format!("an API version that the driver does not know: {of}")));
    }
    let mut api = ServerApi::new(ServerApiVersion::V1);
    if let Ok(strict) = of.get_bool("strict") {
        api = api.strict(strict);
    }
    if let Ok(errors) = of.get_bool("deprecationErrors") {
        api = api.deprecation_errors(errors);
    }
    Ok(api)
}

fn strings(entity: &Document, key: &str) -> Vec<String> {
    let list = entity.get_array(key).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Bson::as_str).map(str::to_owned).collect()
}

/// The shortest time between two looks at a server.
const QUICK: Duration = Duration::from_millis(500);

/// Options that some drivers have had; others are to pass their cases over.
const LEFT_TO_DRIVERS: [&str; 2] = ["waitQueueSize", "waitQueueMultiple"];

fn uri(entity: &Document, server: &Server, at: SocketAddr, quick: bool) -> Checked<String> {
    let given = entity.get_document("uriOptions").cloned().unwrap_or_default();
    let mut options = Vec::new();
    if quick && !given.contains_key("heartbeatFrequencyMS") {
        options.push(format!("heartbeatFrequencyMS={}", QUICK.as_millis()));
    }
    for (name, value) in &given {
        // Beside the other it is there for handshakes, which the other limits.
        if name == "socketTimeoutMS" && !given.contains_key("connectTimeoutMS") {
            return Err(Failure::NotBuilt(format!("{name}, which gives a warning")));
        }
        if LEFT_TO_DRIVERS.contains(&name.as_str()) {
            return Err(Failure::NotBuilt(format!("{name}, which the specifications leave to drivers")));
        }
        match value {
            Bson::Array(list) => {
                for item in list {
                    options.push(format!("{name}={}", escaped(&plain(name, item)?)));
                }
            }
            value => options.push(format!("{name}={}", escaped(&plain(name, value)?))),
        }
    }
    let of_server = server.options().into_iter().map(|(name, value)| format!("{name}={}", escaped(&value)));
    for option in of_server.chain(extra_options()) {
        let name = option.split_once('=').map_or(option.as_str(), |(name, _)| name);
        let given = |it: &String| it.split_once('=').is_some_and(|(it, _)| it.eq_ignore_ascii_case(name));
        // What a case has of its own is what it is about.
        if !options.iter().any(given) {
            options.push(option);
        }
    }
    Ok(format!("mongodb://{}{at}/?{}", server.user(), options.join("&")))
}

fn plain(name: &str, value: &Bson) -> Checked<String> {
    match value {
        Bson::String(text) => Ok(text.clone()),
        Bson::Boolean(value) => Ok(value.to_string()),
        Bson::Int32(value) => Ok(value.to_string()),
        Bson::Int64(value) => Ok(value.to_string()),
        Bson::Document(document) if document.contains_key("$$placeholder") => {
            Err(Failure::NotBuilt(format!("a secret for {name}")))
        }
        other => Err(Failure::Case(format!("an option that the runner can't write: {name}: {other}"))),
    }
}

fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let escape = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(escape).collect()
}
