mod refusals;

use std::time::Duration;

use super::*;
use crate::actors::monitor::MonitoringMode;
use crate::command::{Acknowledgment, ReadConcern, WriteConcern};
use crate::error::Kind;
use crate::topology::{ReadMode, ReadPreference, TagSet};

fn read(text: &str) -> ConnectionString {
    ConnectionString::read(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The options of a string that gives no warning.
fn options(query: &str) -> UriOptions {
    let read = read(&format!("mongodb://db.example/?{query}"));
    assert_eq!(read.warnings, Vec::<String>::new(), "{query}");
    read.options
}

/// The one warning of a string, whose option is then as if it were not given.
fn ignored(query: &str) -> String {
    let mut read = read(&format!("mongodb://db.example/?{query}"));
    assert_eq!(read.warnings.len(), 1, "{query}: {:?}", read.warnings);
    assert_eq!(read.options, UriOptions::default(), "{query}");
    read.warnings.remove(0)
}

fn refused(text: &str) -> String {
    let error = ConnectionString::read(text).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidUri, "{error}");
    error.to_string()
}

fn refused_options(query: &str) -> String {
    refused(&format!("mongodb://db.example/?{query}"))
}

/// Why a string that can be read is none to connect with.
fn unchecked(query: &str) -> String {
    let text = format!("mongodb://db.example/?{query}");
    let error = read(&text).check().unwrap_err();
    assert_eq!(ConnectionString::parse(&text).unwrap_err().to_string(), error.to_string());
    assert_eq!(error.kind(), Kind::InvalidUri, "{error}");
    error.to_string()
}

fn unsupported(text: &str) -> String {
    read(text).check().unwrap();
    let error = ConnectionString::parse(text).unwrap_err();
    assert_eq!(error.kind(), Kind::Unsupported, "{error}");
    error.to_string()
}

#[test]
fn hosts_of_every_form_are_read() {
    let hosts = |text: &str| -> Vec<String> { read(text).hosts.iter().map(ToString::to_string).collect() };
    assert_eq!(hosts("mongodb://DB.example"), ["db.example:27017"]);
    let three = "mongodb://127.0.0.1,[::1]:27018,bücher.example:27019/";
    assert_eq!(hosts(three), ["127.0.0.1:27017", "[::1]:27018", "bücher.example:27019"]);
    assert_eq!(hosts("mongodb://a:1?w=1"), ["a:1"]);
    assert_eq!(hosts("mongodb://256.0.0.1"), ["256.0.0.1:27017"]);
    assert_eq!(
        hosts("mongodb://%2Ftmp%2FMongo.sock,a,rel%2Fb.sock"),
        ["/tmp/Mongo.sock", "a:27017", "rel/b.sock"]
    );
}

#[test]
fn bad_hosts_are_told() {
    assert!(refused("mongodb://").contains("names no host"));
    assert!(refused("mongodb:///tmp/a.sock").contains("percent-encoded"));
    assert!(refused("mongodb://a,,b").contains("an empty host"));
    assert!(refused("mongodb://a::1").contains("more than one ':' follows \"a\""));
    for port in ["0", "-1", "65536", "x", "", "+1"] {
        let text = refused(&format!("mongodb://a:{port}"));
        assert_eq!(text, "the port of the host \"a\" is not a number from 1 to 65535", "{port}");
    }
    assert!(refused("mongodb://[::1]:0").contains("the port of the host \"[::1]\""));
    assert!(refused("mongodb://[nonsense]").contains("neither a host name nor an IP address"));
    assert!(refused("mongodb://a%2Fb").contains("end with .sock"));
    assert!(refused("mongodb://a%zz").contains("bad percent-encoding"));
    assert!(refused("mongodb://a b").contains("neither a host name"));
}

#[test]
fn only_two_schemes_are_known() {
    assert_eq!(refused("mongo://a"), "the connection string starts with mongo:// instead of mongodb://");
    assert_eq!(refused("a:27017"), "a connection string starts with mongodb://");
    assert_eq!(refused("me:secret@a://b"), "a connection string starts with mongodb://");
    assert_eq!(read("mongodb+srv://cluster.example").scheme, Scheme::Srv);
    assert!(refused("mongodb+srv://a,b").contains("exactly one host"));
    assert!(refused("mongodb+srv://a:27017").contains("without a port"));
}

#[test]
fn user_and_password_are_decoded() {
    let user = read("mongodb://%40l%3Ace:p%2F%25@a/my%3Ddb");
    assert_eq!(user.database.as_deref(), Some("my=db"));
    let user = user.user.unwrap();
    assert_eq!((user.username.as_str(), user.password.unwrap().reveal()), ("@l:ce", "p/%"));
    assert_eq!(read("mongodb://me@a").user.unwrap().password, None);
    assert_eq!(read("mongodb://me:@a").user.unwrap().password.unwrap().reveal(), "");
    assert!(refused("mongodb://@a").contains("no user name"));
    assert!(refused("mongodb://:pw@a").contains("no user name"));
}

#[test]
fn the_database_is_decoded_and_checked() {
    assert_eq!(read("mongodb://a").database, None);
    assert_eq!(read("mongodb://a/").database, None);
    assert_eq!(read("mongodb://a/a%40b.c?w=1").database.as_deref(), Some("a@b.c"));
    for bad in ["a%2Fb", "a/b", "a%20b", "a$b", "a%5Cb", "a%22b", "a%00"] {
        assert!(refused(&format!("mongodb://h/{bad}")).contains("in its name"), "{bad}");
    }
    assert!(refused("mongodb://h/a%g0").contains("bad percent-encoding"));
}

#[test]
fn options_are_pairs() {
    assert!(refused_options("w").contains("the option \"w\" has no value"));
    assert!(refused_options("=1").contains("no name"));
    assert!(refused_options("w=%8").contains("the option \"w\" has a bad percent-encoding"));
    assert_eq!(
        options("APPNAME=a%3Db=c&&"),
        UriOptions { app_name: Some("a=b=c".into()), ..Default::default() }
    );
}

#[test]
fn every_option_has_its_type() {
    let read = options(
        "appName=shop&connectTimeoutMS=0&serverSelectionTimeoutMS=15000&heartbeatFrequencyMS=500\
         &localThresholdMS=0&minPoolSize=3&maxPoolSize=5&maxConnecting=1&maxIdleTimeMS=50000\
         &waitQueueTimeoutMS=7&timeoutMS=0&socketTimeoutMS=7500&directConnection=false&replicaSet=rs\
         &loadBalanced=false&retryReads=false&retryWrites=true&serverMonitoringMode=poll\
         &maxAdaptiveRetries=0&enableOverloadRetargeting=true&compressors=zstd,zlib,zstd\
         &zlibCompressionLevel=-1&readConcernLevel=majority",
    );
    let ms = |ms: u64| Some(Duration::from_millis(ms));
    let expected = UriOptions {
        app_name: Some("shop".into()),
        connect_timeout: ms(0),
        server_selection_timeout: ms(15_000),
        heartbeat_frequency: ms(500),
        local_threshold: ms(0),
        min_pool_size: Some(3),
        max_pool_size: Some(5),
        max_connecting: Some(1),
        max_idle_time: ms(50_000),
        wait_queue_timeout: ms(7),
        timeout: ms(0),
        socket_timeout: ms(7_500),
        direct_connection: Some(false),
        replica_set: Some("rs".into()),
        load_balanced: Some(false),
        retry_reads: Some(false),
        retry_writes: Some(true),
        server_monitoring_mode: Some(MonitoringMode::Poll),
        max_adaptive_retries: Some(0),
        enable_overload_retargeting: Some(true),
        compressors: vec!["zstd".into(), "zlib".into()],
        zlib_compression_level: Some(-1),
        read_concern: Some(ReadConcern::majority()),
        ..Default::default()
    };
    assert_eq!(read, expected);
}

#[test]
fn a_value_of_the_wrong_type_is_ignored_with_a_warning() {
    let bad = [
        "connectTimeoutMS=-2",
        "connectTimeoutMS=1.5",
        "heartbeatFrequencyMS=499",
        "serverSelectionTimeoutMS=0",
        "waitQueueTimeoutMS=0",
        "maxConnecting=0",
        "maxPoolSize=2147483648",
        "zlibCompressionLevel=10",
        "retryWrites=invalid",
        "tlsInsecure=maybe",
        "serverMonitoringMode=push",
        "readPreference=Primary",
        "readPreferenceTags=dc",
        "maxStalenessSeconds=89",
        "compressors=lzma",
        "maxIdleTimeMS=",
        "retryReads=",
        "authMechanismProperties=novalue",
        "authMechanismProperties=a:b,novalue",
    ];
    for query in bad {
        let warning = ignored(query);
        assert!(warning.contains("so it is ignored"), "{warning}");
        assert!(warning.contains(query.split('=').next().unwrap()), "{warning}");
    }
    let range = "unsupported value \"499\" of the option heartbeatFrequencyMS, so it is ignored; \
                 it takes a whole number from 500 to 2147483647";
    assert_eq!(ignored("heartbeatFrequencyMS=499"), range);
    assert!(ignored(&format!("appName={}", "x".repeat(129))).contains("at most 128 bytes"));
}

#[test]
fn unknown_options_are_ignored_and_the_nearest_name_is_told() {
    let warning = ignored("maxPolSize=5");
    assert_eq!(warning, "unsupported option \"maxPolSize\", so it is ignored; did you mean maxPoolSize?");
    assert_eq!(ignored("colour=red"), "unsupported option \"colour\", so it is ignored");
    assert!(ignored("serverSelectionTryOnce=true").contains("single-threaded"));
}

#[test]
fn of_a_repeated_option_the_last_counts() {
    let read = read("mongodb://a/?maxPoolSize=5&maxPoolSize=6");
    assert_eq!(read.options.max_pool_size, Some(6));
    assert!(read.warnings[0].contains("maxPoolSize is given more than once"));
}

#[test]
fn names_of_services_are_those_of_dns() {
    let name = |name: &str| {
        let read = read(&format!("mongodb+srv://a.example/?srvServiceName={name}"));
        assert_eq!(read.options.srv_service_name.is_some(), read.warnings.is_empty(), "{name}");
        read.options.srv_service_name
    };
    let longest = "x".repeat(62);
    for good in ["customname", "a-1-B", longest.as_str()] {
        assert_eq!(name(good).as_deref(), Some(good));
    }
    for bad in ["-a", "a-", "a--b", "42", "a.b", "a_b", &format!("{longest}x")] {
        assert_eq!(name(bad), None, "{bad}");
    }
}

#[test]
fn old_spellings_of_booleans_count_with_a_warning() {
    for (value, meant) in [("1", true), ("yes", true), ("t", true), ("0", false), ("-1", false), ("n", false)]
    {
        let read = read(&format!("mongodb://a/?retryWrites={value}"));
        assert_eq!(read.options.retry_writes, Some(meant), "{value}");
        assert_eq!(
            read.warnings,
            [format!("deprecated value {value:?} of the option retryWrites; write retryWrites={meant}")]
        );
    }
}

#[test]
fn write_concerns_are_read_or_refused() {
    let concern = options("w=3&wtimeoutMS=500&journal=true").write_concern.unwrap();
    assert_eq!(concern, WriteConcern::nodes(3).timeout(Duration::from_millis(500)).journal(true));
    assert_eq!(options("w=majority").write_concern, Some(WriteConcern::majority()));
    let tagged = options("w=2dc").write_concern.unwrap();
    assert_eq!(tagged.acknowledgment(), Some(&Acknowledgment::Mode("2dc".into())));
    for (query, refusal) in [
        ("w=-2", "w=-2 is out of range"),
        ("w=2147483648", "out of range"),
        ("w=99999999999999999999", "out of range"),
        ("wtimeoutMS=-500", "wTimeoutMS is negative"),
    ] {
        assert!(ignored(query).contains("so it is ignored"));
        assert!(unchecked(query).contains(refusal), "{query}");
    }
    assert!(refused_options("w=0&journal=true").contains("w = 0"));
}

#[test]
fn renamed_options_give_way_to_their_new_names() {
    let old = read("mongodb://a/?wtimeout=5&j=true");
    let concern = WriteConcern::new().timeout(Duration::from_millis(5)).journal(true);
    assert_eq!(old.options.write_concern, Some(concern));
    assert!(old.warnings.contains(&"the option wtimeout is deprecated; write wTimeoutMS".to_owned()));
    let both = read("mongodb://a/?wtimeout=5&wtimeoutMS=6");
    let concern = WriteConcern::new().timeout(Duration::from_millis(6));
    assert_eq!(both.options.write_concern, Some(concern));
    assert_eq!(both.warnings, ["the deprecated option wtimeout is ignored, since wTimeoutMS is given"]);
}

#[test]
fn read_preferences_are_read_or_refused() {
    let query = "readPreference=secondary&readPreferenceTags=dc:ny,rack:1&readPreferenceTags=dc:ny\
                 &readPreferenceTags=&maxStalenessSeconds=90";
    let set = |tags: &[(&str, &str)]| -> TagSet {
        tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let expected = ReadPreference::new(ReadMode::Secondary)
        .with_tag_sets([set(&[("dc", "ny"), ("rack", "1")]), set(&[("dc", "ny")]), set(&[])])
        .with_max_staleness(Duration::from_secs(90));
    assert_eq!(options(query).read_preference, Some(expected));
    assert_eq!(options("maxStalenessSeconds=-1").read_preference, None);
    for mode in ["", "&readPreference=primary"] {
        let text = refused_options(&format!("maxStalenessSeconds=120{mode}"));
        assert!(text.contains("maxStalenessSeconds needs a readPreference"), "{text}");
        let text = refused_options(&format!("readPreferenceTags=dc:ny{mode}"));
        assert!(text.contains("readPreferenceTags needs a readPreference"), "{text}");
    }
}

#[test]
fn a_plain_string_is_taken() {
    let parsed: ConnectionString = "mongodb://a:27018/db?tls=false&ssl=false&w=1".parse().unwrap();
    assert_eq!(parsed.hosts, [ServerAddress::new("a", 27018)]);
    assert_eq!(parsed.options.tls.enabled, Some(false));
    assert!(parsed.warnings.is_empty());
}
