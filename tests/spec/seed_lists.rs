//! Cases of `mongodb+srv://`, against a name server on the loopback that has the zone which
//! the specification of initial DNS seed lists describes: seeds, options, and errors. What
//! the cases say beyond that (`hosts`, `ping`) is about deployments on fixed ports.

use std::collections::BTreeSet;
use std::time::Duration;

use actix_mongo::Resolver;
use actix_mongo::connection::uri::ConnectionString;
use actix_mongo::dns::{SrvLookup, SrvName};
use actix_mongo::topology::TopologySettings;
use serde_json::Value;
use test_support::{DnsServer, Zone};

use crate::case::Case;
use crate::corpus::TestFile;
use crate::{json, uri_options};

/// The one case of a file.
pub fn cases(file: &TestFile, content: &Value) -> Vec<Case> {
    let content = content.clone();
    vec![Case::new(file, "", move |_| run(&content))]
}

fn run(case: &Value) -> Result<(), String> {
    let server = DnsServer::start(zone());
    let read = resolve(json::text(case, "uri")?, &server);
    let is_error = case.get("error").and_then(Value::as_bool).unwrap_or_default();
    let read = match (read, is_error) {
        (Ok(read), false) => read,
        (Err(_), true) => return Ok(()),
        (Ok(_), true) => return Err("no error".to_owned()),
        (Err(error), false) => return Err(format!("an error: {error}")),
    };
    let settings = settings(&read);
    settings.initial_kind().map_err(|error| error.to_string())?;
    let most = if settings.srv_max_hosts == 0 { usize::MAX } else { settings.srv_max_hosts };
    let seeds: BTreeSet<String> = settings.seeds.iter().take(most).map(ToString::to_string).collect();
    if case.get("seeds").is_some() {
        let expected = json::array(case, "seeds")?.iter();
        let expected: BTreeSet<String> = expected.filter_map(Value::as_str).map(str::to_owned).collect();
        // Each file that names a number of seeds besides has as many in its list.
        if seeds != expected {
            return Err(format!("the seeds are {seeds:?}, not {expected:?}"));
        }
    }
    if let Some(count) = case.get("numSeeds").and_then(Value::as_u64)
        && u64::try_from(seeds.len()).ok() != Some(count)
    {
        return Err(format!("there are {} seeds, not {count}", seeds.len()));
    }
    if let Some(options) = case.get("options") {
        uri_options::compare(&read, options)?;
    }
    match case.get("parsed_options").and_then(Value::as_object) {
        Some(parsed) => parsed.iter().try_for_each(|(name, value)| compare(&read, name, value)),
        None => Ok(()),
    }
}

/// What DNS makes of a connection string.
fn resolve(uri: &str, server: &DnsServer) -> Result<ConnectionString, String> {
    let sentence = |error: actix_mongo::Error| error.to_string();
    let read = ConnectionString::read(uri).map_err(sentence)?;
    let service = read.options.srv_service_name.as_deref().unwrap_or(SrvName::DEFAULT_SERVICE);
    let host = read.hosts.first().ok_or("there is no host")?.host();
    let lookup = SrvLookup {
        name: SrvName::new(host, service),
        resolver: Resolver::name_servers([server.address()]),
        limit: Some(Duration::from_secs(10)),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let (list, defaults) =
        runtime.map_err(|error| error.to_string())?.block_on(lookup.first()).map_err(sentence)?;
    read.resolved(list.hosts, defaults.as_deref()).map_err(sentence)
}

fn settings(read: &ConnectionString) -> TopologySettings {
    let options = &read.options;
    TopologySettings {
        seeds: read.seeds().unwrap_or_default().to_vec(),
        srv: true,
        replica_set: options.replica_set.clone(),
        load_balanced: options.load_balanced.unwrap_or_default(),
        direct_connection: options.direct_connection.unwrap_or_default(),
        srv_max_hosts: options.srv_max_hosts.and_then(|most| most.try_into().ok()).unwrap_or_default(),
    }
}

fn compare(read: &ConnectionString, name: &str, expected: &Value) -> Result<(), String> {
    let user = read.user.as_ref();
    let found = match name {
        "user" => user.map(|user| user.username.as_str()),
        "password" => user.and_then(|user| user.password.as_ref()).map(|password| password.reveal()),
        "db" | "auth_database" => read.database.as_deref(),
        _ => return Err(format!("a part that the runner does not know: {name}")),
    };
    if found == expected.as_str() { Ok(()) } else { Err(format!("{name} is {found:?}, not {expected}")) }
}

/// "Test Setup".
fn zone() -> Zone {
    const DOMAIN: &str = "test.build.10gen.cc";
    let here = format!("localhost.{DOMAIN}");
    let name = |number: u32| format!("test{number}.{DOMAIN}");
    let mut zone = Zone::new(86_400)
        .address(&here, "127.0.0.1")
        .address(&format!("localhost.sub.{DOMAIN}"), "127.0.0.1")
        .srv(&name(1), 27018, &here)
        .srv(&name(2), 27018, &here)
        .srv(&name(2), 27019, &here)
        .srv(&format!("_customname._tcp.{}", name(22)), 27017, &here)
        .srv(&format!("_customname._tcp.{}", name(22)), 27018, &here)
        .srv(&name(23), 8000, &here)
        .srv(&name(24), 8000, &here);
    for number in [1, 3, 5, 6, 7, 8, 10, 11, 19, 20, 21] {
        zone = zone.srv(&name(number), 27017, &here);
    }
    let strange = [
        (12, "localhost.build.10gen.cc"),
        (13, DOMAIN),
        (14, "localhost.not-test.build.10gen.cc"),
        (15, "localhost.test.not-build.10gen.cc"),
        (16, "localhost.test.build.not-10gen.cc"),
        (17, "localhost.test.build.10gen.not-cc"),
        (18, "localhost.sub.test.build.10gen.cc"),
        (19, "localhost.evil.build.10gen.cc"),
    ];
    for (number, target) in strange {
        zone = zone.srv(&name(number), 27017, target);
    }
    let texts: [(u32, &[&str]); 10] = [
        (5, &["replicaSet=repl0&authSource=thisDB"]),
        (6, &["replicaSet=repl0"]),
        (6, &["authSource=otherDB"]),
        (7, &["ssl=false"]),
        (8, &["authSource"]),
        (10, &["socketTimeoutMS=500"]),
        (11, &["replicaS", "et=rep", "l0"]),
        (20, &["loadBalanced=true"]),
        (21, &["loadBalanced=false"]),
        (24, &["loadBalanced=true"]),
    ];
    for (number, strings) in texts {
        zone = zone.txt(&name(number), strings);
    }
    zone
}
