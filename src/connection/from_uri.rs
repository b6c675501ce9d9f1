//! What a connection string sets, as options of a connection.

use std::sync::Arc;

use super::options::{ConnectionOptions, SrvOptions};
use super::uri::{self, ConnectionString, Scheme};
use crate::error::{Error, Kind};
use crate::tls::TlsOptions;
use crate::wire::Compressor;

/// The defaults, with what `uri` sets.
pub fn options_of(uri: &ConnectionString) -> ConnectionOptions {
    let mut options = ConnectionOptions::default();
    let given = &uri.options;
    let topology = &mut options.topology;
    topology.seeds = uri.seeds().unwrap_or_default().to_vec();
    topology.srv = uri.scheme == Scheme::Srv;
    set(&mut topology.srv_max_hosts, given.srv_max_hosts.map(count));
    topology.replica_set.clone_from(&given.replica_set);
    set(&mut topology.direct_connection, given.direct_connection);
    set(&mut topology.load_balanced, given.load_balanced);
    let pool = &mut options.pool;
    set(&mut pool.min_size, given.min_pool_size.map(count));
    set(&mut pool.max_size, given.max_pool_size.map(count));
    set(&mut pool.max_connecting, given.max_connecting.map(count));
    pool.max_idle = given.max_idle_time;
    let dispatch = &mut options.dispatch;
    set(&mut dispatch.server_selection_timeout, given.server_selection_timeout);
    set(&mut dispatch.local_threshold, given.local_threshold);
    set(&mut dispatch.heartbeat_frequency, given.heartbeat_frequency);
    dispatch.wait_queue_timeout = given.wait_queue_timeout;
    set(&mut dispatch.retry_reads, given.retry_reads);
    set(&mut dispatch.retry_writes, given.retry_writes);
    set(&mut dispatch.max_adaptive_retries, given.max_adaptive_retries);
    set(&mut dispatch.overload_retargeting, given.enable_overload_retargeting);
    let scope = &mut options.scope;
    scope.timeout = given.timeout;
    set(&mut scope.read_preference, given.read_preference.clone());
    set(&mut scope.read_concern, given.read_concern.clone());
    set(&mut scope.write_concern, given.write_concern.clone());
    options.credential = uri.credential().ok().flatten().map(Into::into);
    options.auth_source = given.auth.source.clone().or_else(|| uri.database.clone());
    options.connect_timeout = given.connect_timeout.or(options.connect_timeout);
    options.tls = tls_of(uri.wants_tls(), &given.tls);
    options.app_name.clone_from(&given.app_name);
    options.default_database.clone_from(&uri.database);
    options.compressors = compressors(&given.compressors);
    set(&mut options.pool.zlib_level, given.zlib_compression_level);
    set(&mut options.monitoring, given.server_monitoring_mode);
    options.srv_service.clone_from(&given.srv_service_name);
    if uri.scheme == Scheme::Srv {
        let host = uri.hosts.first().map(|name| name.host().to_owned()).unwrap_or_default();
        // The builder, which knows all options, puts its own in place of this.
        let complete = Arc::new(|_: Vec<_>, _: Option<&str>| {
            Err(Error::new(Kind::Internal, "nobody completes the options of mongodb+srv://"))
        });
        options.srv = Some(SrvOptions { host, complete });
    }
    let without_effect =
        [("socketTimeoutMS", given.socket_timeout.is_some(), "timeoutMS limits whole operations")];
    for (name, is_given, instead) in without_effect {
        if is_given {
            tracing::warn!(target: "actix_mongo::connection", "{name} has no effect; {instead}");
        }
    }
    options
}

/// Those that this build has. A connection without the others works as well, only more bytes
/// travel: so a warning is all they give.
fn compressors(names: &[String]) -> Vec<Compressor> {
    let known = names.iter().filter_map(|name| Compressor::from_name(name));
    let (built, missing): (Vec<_>, Vec<_>) = known.partition(|compressor| compressor.is_built());
    for name in missing.into_iter().map(Compressor::name) {
        tracing::warn!(
            target: "actix_mongo::connection",
            "compressors: {name} is not offered, since it needs this crate's feature `{name}`"
        );
    }
    built
}

type Switch = fn(TlsOptions, bool) -> TlsOptions;

fn tls_of(enabled: bool, given: &uri::TlsOptions) -> TlsOptions {
    let mut tls = TlsOptions::default();
    if enabled || given.enabled.is_some() {
        tls = tls.enabled(enabled);
    }
    if let Some(path) = &given.ca_file {
        tls = tls.ca_file(path);
    }
    if let Some(path) = &given.certificate_key_file {
        tls = tls.certificate_key_file(path);
    }
    if let Some(password) = &given.certificate_key_file_password {
        tls = tls.certificate_key_file_password(password.reveal());
    }
    let switches: [(_, Switch); 5] = [
        (given.insecure, TlsOptions::insecure),
        (given.allow_invalid_certificates, TlsOptions::allow_invalid_certificates),
        (given.allow_invalid_hostnames, TlsOptions::allow_invalid_hostnames),
        (given.disable_ocsp_endpoint_check, TlsOptions::disable_ocsp_endpoint_check),
        (given.disable_certificate_revocation_check, TlsOptions::disable_certificate_revocation_check),
    ];
    for (value, set) in switches {
        if let Some(value) = value {
            tls = set(tls, value);
        }
    }
    tls
}

fn set<T>(option: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *option = given;
    }
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::actors::monitor::MonitoringMode;
    use crate::auth::Credential;
    use crate::topology::{ReadMode, ServerAddress};

    #[test]
    fn every_option_arrives() {
        let uri = "mongodb://a:1,b:2/?replicaSet=rs&minPoolSize=3&maxPoolSize=4&maxConnecting=5&maxIdleTimeMS=6\
                   &serverSelectionTimeoutMS=7&localThresholdMS=8&heartbeatFrequencyMS=900&waitQueueTimeoutMS=10\
                   &retryReads=false&retryWrites=false&maxAdaptiveRetries=13&enableOverloadRetargeting=true&timeoutMS=11&readPreference=nearest&readConcernLevel=majority\
                   &w=2&connectTimeoutMS=12&appName=it&serverMonitoringMode=poll";
        let options = options_of(&ConnectionString::parse(uri).unwrap());
        let ms = Duration::from_millis;
        let (topology, pool, dispatch, scope) =
            (&options.topology, &options.pool, &options.dispatch, &options.scope);
        assert_eq!(topology.seeds, [ServerAddress::new("a", 1), ServerAddress::new("b", 2)]);
        assert_eq!(topology.replica_set.as_deref(), Some("rs"));
        assert_eq!((pool.min_size, pool.max_size, pool.max_connecting), (3, 4, 5));
        assert_eq!(pool.max_idle, Some(ms(6)));
        assert_eq!((dispatch.server_selection_timeout, dispatch.local_threshold), (ms(7), ms(8)));
        assert_eq!((dispatch.heartbeat_frequency, dispatch.wait_queue_timeout), (ms(900), Some(ms(10))));
        assert_eq!((dispatch.retry_reads, dispatch.retry_writes), (false, false));
        assert_eq!((dispatch.max_adaptive_retries, dispatch.overload_retargeting), (13, true));
        assert_eq!((scope.timeout, scope.read_preference.mode()), (Some(ms(11)), ReadMode::Nearest));
        assert_eq!(scope.read_concern.level(), Some("majority"));
        assert!(!scope.write_concern.is_default());
        assert_eq!((options.connect_timeout, options.app_name.as_deref()), (Some(ms(12)), Some("it")));
        assert_eq!(options.monitoring, MonitoringMode::Poll);
    }

    #[test]
    fn the_user_arrives_and_so_does_the_source_for_another_one() {
        let options = |uri: &str| options_of(&ConnectionString::parse(uri).unwrap());
        let identity = |options: &ConnectionOptions| {
            let authenticator = options.authenticator().unwrap().unwrap();
            let identity = authenticator.identity();
            (identity.username().to_owned(), identity.password().to_owned(), identity.source().to_owned())
        };
        let text = |a: &str, b: &str, c: &str| (a.to_owned(), b.to_owned(), c.to_owned());
        let mut given = options("mongodb://me:p%40ss@a/db");
        assert_eq!(identity(&given), text("me", "p@ss", "db"));
        given.credential = Some(Credential::new("you", "pw"));
        assert_eq!(identity(&given), text("you", "pw", "db"));
        given.credential = Some(Credential::new("you", "pw").source("other"));
        assert_eq!(identity(&given), text("you", "pw", "other"));
        let mut nobody = options("mongodb://a/db?authSource=source");
        assert!(nobody.authenticator().unwrap().is_none());
        nobody.credential = Some(Credential::new("you", "pw"));
        assert_eq!(identity(&nobody), text("you", "pw", "source"));
    }

    #[test]
    fn plain_without_tls_must_be_asked_for() {
        let plain = "mongodb://me:pw@a/?authMechanism=PLAIN";
        let mut options = options_of(&ConnectionString::parse(plain).unwrap());
        let error = options.check().unwrap_err();
        assert!(error.to_string().contains("allow_cleartext_password"), "{error}");
        options.allow_cleartext_password = true;
        options.check().unwrap();
        #[cfg(feature = "rustls-tls")]
        options_of(&ConnectionString::parse(&format!("{plain}&tls=true")).unwrap()).check().unwrap();
    }

    #[test]
    fn with_srv_the_hosts_come_later() {
        let uri = "mongodb+srv://a.b.c/?tls=false&srvMaxHosts=2&srvServiceName=custom";
        let uri = ConnectionString::read(uri).unwrap();
        let before = options_of(&uri);
        assert_eq!(
            (before.topology.seeds.len(), before.topology.srv, before.topology.srv_max_hosts),
            (0, true, 2)
        );
        assert_eq!(
            (before.srv.unwrap().host.as_str(), before.srv_service.as_deref()),
            ("a.b.c", Some("custom"))
        );
        let seeds = vec![ServerAddress::new("x.b.c", 1)];
        assert_eq!(options_of(&uri.resolved(seeds.clone(), None).unwrap()).topology.seeds, seeds);
    }

    #[test]
    fn every_tls_option_arrives() {
        let tls = |query: &str| {
            let read = ConnectionString::read(&format!("mongodb://a/?{query}")).unwrap();
            options_of(&read).tls
        };
        let shown = |query: &str| format!("{:?}", tls(query));
        for name in [
            "tlsCAFile",
            "tlsCertificateKeyFile",
            "tlsCertificateKeyFilePassword",
            "tlsInsecure",
            "tlsAllowInvalidCertificates",
            "tlsAllowInvalidHostnames",
            "tlsDisableOCSPEndpointCheck",
            "tlsDisableCertificateRevocationCheck",
        ] {
            let query = format!("{name}=true");
            assert!(shown(&query).contains(&format!("[\"{name}\"]")), "{}", shown(&query));
            assert!(tls(&query).is_enabled(), "{query}");
            assert!(!tls(&format!("tls=false&{query}")).is_enabled(), "{query}");
        }
        assert!(tls("tls=true").is_enabled() && tls("ssl=true").is_enabled());
        assert!(!tls("ssl=false").is_enabled() && !tls("w=1").is_enabled());
        // What can't be read is not there, but TLS was asked for.
        assert!(tls("tlsInsecure=perhaps").is_enabled());
        let srv = |text: &str| options_of(&ConnectionString::read(text).unwrap()).tls.is_enabled();
        assert!(srv("mongodb+srv://a.b.c/"));
        assert!(!srv("mongodb+srv://a.b.c/?tls=false"));
    }

    #[test]
    fn what_is_not_given_is_the_default() {
        let options = options_of(&ConnectionString::parse("mongodb://localhost:27017").unwrap());
        assert_eq!(format!("{options:?}"), format!("{:?}", ConnectionOptions::default()));
    }
}
