//! The options of a connection string, as the cases write them.

use std::time::Duration;

use actix_mongo::actors::monitor::MonitoringMode;
use actix_mongo::command::{Acknowledgment, WriteConcern};
use actix_mongo::connection::uri::{AuthOptions, ConnectionString, Secret};
use actix_mongo::topology::{ReadPreference, TagSet};
use serde_json::{Value, json};

/// Why the options of a case can't be compared with this driver's.
pub fn not_here(test: &Value) -> Option<String> {
    let mut expected = test.get("options").and_then(Value::as_object).into_iter().flatten();
    let single_threaded = expected.any(|(name, _)| name.eq_ignore_ascii_case("serverSelectionTryOnce"));
    single_threaded.then(|| {
        "serverSelectionTryOnce: an option of single-threaded drivers, optional for others and not here"
            .to_owned()
    })
}

/// Compares the options of which the case says something.
pub fn compare(read: &ConnectionString, expected: &Value) -> Result<(), String> {
    let expected = expected.as_object().ok_or("'options' is not a document")?;
    for (name, value) in expected {
        let found = option(read, &name.to_ascii_lowercase())?;
        if found != *value {
            return Err(format!("{name} is {found}, not {value}"));
        }
    }
    Ok(())
}

/// The option of that name in lower case; null if it is not given.
fn option(read: &ConnectionString, name: &str) -> Result<Value, String> {
    let options = &read.options;
    let (auth, tls, proxy) = (&options.auth, &options.tls, &options.proxy);
    Ok(match name {
        "appname" => json!(options.app_name),
        "authmechanism" => json!(auth.mechanism),
        "authmechanismproperties" => properties(auth),
        "authsource" => json!(auth.source),
        "compressors" => json!(options.compressors),
        "connecttimeoutms" => millis(options.connect_timeout),
        "directconnection" => json!(options.direct_connection),
        "enableoverloadretargeting" => json!(options.enable_overload_retargeting),
        "heartbeatfrequencyms" => millis(options.heartbeat_frequency),
        "journal" => json!(options.write_concern.as_ref().and_then(WriteConcern::is_journaled)),
        "loadbalanced" => json!(options.load_balanced),
        "localthresholdms" => millis(options.local_threshold),
        "maxadaptiveretries" => json!(options.max_adaptive_retries),
        "maxconnecting" => json!(options.max_connecting),
        "maxidletimems" => millis(options.max_idle_time),
        "maxpoolsize" => json!(options.max_pool_size),
        "maxstalenessseconds" => max_staleness(options.read_preference.as_ref()),
        "minpoolsize" => json!(options.min_pool_size),
        "proxyhost" => json!(proxy.host),
        "proxypassword" => secret(proxy.password.as_ref()),
        "proxyport" => json!(proxy.port),
        "proxyusername" => json!(proxy.username),
        "readconcernlevel" => json!(options.read_concern.as_ref().and_then(|concern| concern.level())),
        "readpreference" => {
            json!(options.read_preference.as_ref().map(|preference| preference.mode().name()))
        }
        "readpreferencetags" => json!(options.read_preference.as_ref().map(tag_sets)),
        "replicaset" => json!(options.replica_set),
        "retryreads" => json!(options.retry_reads),
        "retrywrites" => json!(options.retry_writes),
        "servermonitoringmode" => monitoring(options.server_monitoring_mode)?,
        "serverselectiontimeoutms" => millis(options.server_selection_timeout),
        "sockettimeoutms" => millis(options.socket_timeout),
        "srvmaxhosts" => json!(options.srv_max_hosts),
        "srvservicename" => json!(options.srv_service_name),
        "ssl" | "tls" => json!(tls.enabled),
        "timeoutms" => millis(options.timeout),
        "tlsallowinvalidcertificates" => json!(tls.allow_invalid_certificates),
        "tlsallowinvalidhostnames" => json!(tls.allow_invalid_hostnames),
        "tlscafile" => json!(tls.ca_file),
        "tlscertificatekeyfile" => json!(tls.certificate_key_file),
        "tlscertificatekeyfilepassword" => secret(tls.certificate_key_file_password.as_ref()),
        "tlsdisablecertificaterevocationcheck" => json!(tls.disable_certificate_revocation_check),
        "tlsdisableocspendpointcheck" => json!(tls.disable_ocsp_endpoint_check),
        "tlsinsecure" => json!(tls.insecure),
        "w" => w(options.write_concern.as_ref())?,
        "waitqueuetimeoutms" => millis(options.wait_queue_timeout),
        "wtimeout" | "wtimeoutms" => millis(options.write_concern.as_ref().and_then(WriteConcern::wait)),
        "zlibcompressionlevel" => json!(options.zlib_compression_level),
        _ => return Err(format!("an option that the runner does not know: {name}")),
    })
}

fn millis(time: Option<Duration>) -> Value {
    json!(time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
}

fn secret(secret: Option<&Secret>) -> Value {
    json!(secret.map(Secret::reveal))
}

fn properties(auth: &AuthOptions) -> Value {
    let pairs = auth.properties.iter().map(|(key, value)| (key.clone(), secret(Some(value))));
    if auth.properties.is_empty() { Value::Null } else { pairs.collect() }
}

/// No limit is -1 where there is a read preference; on its own it leaves nothing behind.
fn max_staleness(preference: Option<&ReadPreference>) -> Value {
    match preference.and_then(ReadPreference::max_staleness) {
        Some(limit) => json!(limit.as_secs()),
        None => json!(-1),
    }
}

fn tag_sets(preference: &ReadPreference) -> &[TagSet] {
    preference.tag_sets()
}

fn monitoring(mode: Option<MonitoringMode>) -> Result<Value, String> {
    Ok(json!(match mode {
        None => None,
        Some(MonitoringMode::Auto) => Some("auto"),
        Some(MonitoringMode::Stream) => Some("stream"),
        Some(MonitoringMode::Poll) => Some("poll"),
        Some(other) => return Err(format!("a mode that the runner does not know: {other:?}")),
    }))
}

/// Who acknowledges a write: a number or a name.
pub fn w(concern: Option<&WriteConcern>) -> Result<Value, String> {
    Ok(match concern.and_then(WriteConcern::acknowledgment) {
        None => Value::Null,
        Some(Acknowledgment::Nodes(count)) => json!(count),
        Some(Acknowledgment::Majority) => json!("majority"),
        Some(Acknowledgment::Mode(mode)) => json!(mode),
        Some(other) => return Err(format!("a w that the runner does not know: {other:?}")),
    })
}
