//! For every option that a string and a method can set: the method wins, in whatever order.

use std::time::Duration;

use super::*;
use crate::actors::monitor::MonitoringMode;
use crate::command::{ReadConcern, WriteConcern};
use crate::topology::{ReadMode, ReadPreference};

type Method = fn(Builder) -> Builder;

const MS: Duration = Duration::from_millis(777);

/// What a string sets, and the method that sets the same to something else. The methods'
/// names are those of `docs/connection-string.md`.
const METHODS: [(&str, Method); 24] = [
    ("appName=a", |builder| builder.app_name("b")),
    ("connectTimeoutMS=1", |builder| builder.connect_timeout(MS)),
    ("directConnection=true", |builder| builder.direct_connection(false)),
    ("enableOverloadRetargeting=true", |builder| builder.enable_overload_retargeting(false)),
    ("heartbeatFrequencyMS=501", |builder| builder.heartbeat_frequency(MS)),
    ("loadBalanced=true", |builder| builder.load_balanced(false)),
    ("localThresholdMS=1", |builder| builder.local_threshold(MS)),
    ("maxAdaptiveRetries=7", |builder| builder.max_adaptive_retries(8)),
    ("maxConnecting=7", |builder| builder.max_connecting(8)),
    ("maxIdleTimeMS=7", |builder| builder.max_idle_time(MS)),
    ("maxPoolSize=7", |builder| builder.max_pool_size(8)),
    ("minPoolSize=7", |builder| builder.min_pool_size(8)),
    ("readConcernLevel=local", |builder| builder.read_concern(ReadConcern::majority())),
    ("readPreference=nearest&maxStalenessSeconds=90&readPreferenceTags=a:b", |builder| {
        builder.read_preference(ReadPreference::new(ReadMode::Secondary))
    }),
    ("replicaSet=a", |builder| builder.replica_set("b")),
    ("retryReads=false", |builder| builder.retry_reads(true)),
    ("retryWrites=false", |builder| builder.retry_writes(true)),
    ("serverMonitoringMode=poll", |builder| builder.monitoring_mode(MonitoringMode::Stream)),
    ("serverSelectionTimeoutMS=1", |builder| builder.server_selection_timeout(MS)),
    ("timeoutMS=1", |builder| builder.timeout(MS)),
    ("w=3&wTimeoutMS=1", |builder| builder.write_concern(WriteConcern::nodes(2))),
    ("waitQueueTimeoutMS=1", |builder| builder.wait_queue_timeout(MS)),
    ("srvMaxHosts=1", |builder| builder.srv_max_hosts(2)),
    ("srvServiceName=a", |builder| builder.srv_service_name("b")),
];

/// A name to look up is what `srvMaxHosts` and its like need. Its TLS is not built everywhere.
fn with(query: &str) -> Builder {
    let host = if query.starts_with("srv") { "mongodb+srv://a.b.c" } else { "mongodb://a" };
    Builder { target: Target::uri(&format!("{host}/?{query}")), ..Builder::default() }
}

fn shown(builder: &Builder) -> String {
    format!("{:?}", builder.options().unwrap())
}

#[test]
fn methods_win_over_the_string_for_every_option() {
    for (query, method) in METHODS {
        let scheme = if query.starts_with("srv") { "srv" } else { "" };
        let bare = || if scheme.is_empty() { with("") } else { with("srvMaxHosts=0") };
        assert_ne!(shown(&with(query)), shown(&bare()), "{query} has no effect");
        let method_alone = shown(&method(bare()));
        assert_eq!(shown(&method(with(query))), method_alone, "{query}");
        let mut before = method(Builder::default());
        before.target = with(query).target;
        assert_eq!(shown(&before), method_alone, "{query}, given after the method");
    }
}

/// The page that says so names every option, with its method.
#[test]
fn the_page_of_connection_strings_has_every_option() {
    let page = include_str!("../../../../docs/connection-string.md");
    for name in crate::connection::uri::KNOWN {
        assert!(page.contains(&format!("| `{name}`")), "{name} has no row");
    }
    for (query, _) in METHODS {
        let name = query.split('=').next().unwrap_or_default();
        let row = page.lines().find(|line| line.starts_with(&format!("| `{name}`"))).unwrap();
        let method = row.split('|').nth(4).unwrap().trim();
        assert!(method.starts_with('`'), "{name} has no method in its row: {row}");
    }
}
