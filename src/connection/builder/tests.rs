mod precedence;

use super::*;
use crate::command::{ReadConcern, WriteConcern};
use crate::error::Kind;
#[cfg(feature = "rustls-tls")]
use crate::tls::TlsOptions;
use crate::topology::{ReadMode, ReadPreference};
use crate::wire::Compressor;

fn hosts(builder: &Builder) -> Vec<String> {
    builder.options().unwrap().topology.seeds.iter().map(ToString::to_string).collect()
}

#[test]
fn the_builder_wins_over_the_string_in_any_order() {
    let uri = "mongodb://a:1/?maxPoolSize=5&minPoolSize=2";
    let before = Builder::default().max_pool_size(7).uri(uri).unwrap();
    let after = Builder::default().uri(uri).unwrap().max_pool_size(7);
    for builder in [before, after] {
        let options = builder.options().unwrap();
        assert_eq!((options.pool.max_size, options.pool.min_size), (7, 2));
    }
}

#[test]
fn the_default_database_is_that_of_the_string_or_the_builder() {
    let name = |builder: Builder| {
        let database = builder.connect_lazy().unwrap().default_database().unwrap();
        database.map(|database| database.name().to_owned())
    };
    let string = || Builder::default().uri("mongodb://a/h%C3%B6tel").unwrap();
    assert_eq!(name(Builder::default()), None);
    assert_eq!(name(string()).as_deref(), Some("hötel"));
    assert_eq!(name(string().default_database("other")).as_deref(), Some("other"));
    let dotted = Builder::default().uri("mongodb://a/b.c").unwrap().connect_lazy().unwrap();
    assert_eq!(dotted.default_database().unwrap_err().kind(), Kind::InvalidName);
}

#[test]
fn listeners_add_up() {
    let builder = Builder::default().on_event(|_| {}).on_event(|_| {}).event_backlog(7);
    let options = builder.options().unwrap();
    assert_eq!((options.listeners.len(), options.event_backlog), (2, 7));
    assert!(Builder::default().options().unwrap().listeners.is_empty());
}

#[test]
fn of_two_calls_the_later_wins() {
    let builder = Builder::default().uri("mongodb://a:1").unwrap().uri("mongodb://b:2").unwrap();
    assert_eq!(hosts(&builder), ["b:2"]);
    let builder = builder.hosts(["c", "[::1]:4"]).unwrap();
    assert_eq!(hosts(&builder), ["c:27017", "[::1]:4"]);
    assert_eq!(builder.max_pool_size(1).max_pool_size(2).options().unwrap().pool.max_size, 2);
    assert_eq!(hosts(&Builder::default()), ["localhost:27017"]);
}

#[test]
fn contradictions_and_nonsense_are_refused() {
    let kind = |result: Result<Builder>| result.unwrap_err().kind();
    assert_eq!(kind(Builder::default().hosts(["a:b"])), Kind::InvalidArgument);
    assert_eq!(kind(Builder::default().hosts([""; 0])), Kind::InvalidArgument);
    assert_eq!(kind(Builder::default().uri("http://a")), Kind::InvalidUri);
    assert_eq!(kind(Builder::default().uri("mongodb://a/?proxyHost=b")), Kind::Unsupported);
    let refused = |builder: Builder| builder.connect_lazy().unwrap_err().kind() == Kind::InvalidArgument;
    assert!(refused(Builder::default().max_pool_size(1).min_pool_size(2)));
    assert!(refused(Builder::default().max_connecting(0)));
    assert!(refused(Builder::default().pipeline_depth(0)));
    assert!(refused(Builder::default().heartbeat_frequency(Duration::from_millis(499))));
    assert!(refused(Builder::default().hosts(["a", "b"]).unwrap().direct_connection(true)));
}

#[test]
fn concerns_that_contradict_themselves_are_refused() {
    let refused = |builder: Builder| builder.connect_lazy().unwrap_err().kind() == Kind::InvalidArgument;
    let nearest = ReadPreference::new(ReadMode::Primary).with_max_staleness(Duration::from_secs(90));
    assert!(refused(Builder::default().read_preference(nearest)));
    assert!(refused(Builder::default().write_concern(WriteConcern::nodes(0).journal(true))));
}

#[test]
fn concerns_of_builder_and_string_reach_the_handle() {
    let by_string = Builder::default().uri("mongodb://a/?w=0&readConcernLevel=majority").unwrap();
    let by_name = Builder::default()
        .write_concern(WriteConcern::nodes(0))
        .read_concern(ReadConcern::majority())
        .read_preference(ReadPreference::new(ReadMode::Nearest));
    for (builder, mode) in [(by_string, ReadMode::Primary), (by_name, ReadMode::Nearest)] {
        let connection = builder.connect_lazy().unwrap();
        let scope = connection.handle.scope();
        assert_eq!(scope.write_concern, WriteConcern::nodes(0));
        assert_eq!(scope.read_concern, ReadConcern::majority());
        assert_eq!(scope.read_preference.mode(), mode);
    }
}

#[cfg(feature = "rustls-tls")]
#[test]
fn tls_options_of_builder_and_string_are_one_set() {
    let of = |query: &str, tls: TlsOptions| {
        let uri = format!("mongodb://a/?{query}");
        // In whatever order.
        let after = Builder::default().uri(&uri).unwrap().tls(tls.clone()).options();
        let before = Builder::default().tls(tls).uri(&uri).unwrap().options();
        assert_eq!(format!("{after:?}"), format!("{before:?}"));
        after.map(|options| options.tls)
    };
    let both = of("tlsCAFile=x&tlsAllowInvalidHostnames=true", TlsOptions::new().ca_file("y")).unwrap();
    assert!(both.is_enabled());
    let shown = format!("{both:?}");
    assert!(shown.contains(r#"["tlsCAFile", "tlsAllowInvalidHostnames"]"#), "{shown}");
    assert!(of("w=1", TlsOptions::new()).unwrap().is_enabled());
    assert!(of("tls=false", TlsOptions::new()).unwrap().is_enabled());
    assert!(!of("tls=true", TlsOptions::new().enabled(false)).unwrap().is_enabled());
    let error = of("tlsAllowInvalidHostnames=true", TlsOptions::new().insecure(false)).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidArgument);
}

#[test]
fn debug_shows_servers_alone() {
    let builder = Builder::default().uri("mongodb://a:1/?appName=hush").unwrap();
    assert_eq!(format!("{builder:?}"), r#"Builder { hosts: ["a:1"], .. }"#);
}

#[test]
fn a_compressor_that_is_not_built_is_refused_and_in_a_string_left_out() {
    for compressor in Compressor::ALL {
        let options = Builder::default().compressors([compressor]).zlib_compression_level(9).options();
        let uri = format!("mongodb://a:1/?compressors={}&zlibCompressionLevel=2", compressor.name());
        let string = Builder::default().uri(uri).unwrap().options().unwrap();
        assert_eq!(string.pool.zlib_level, 2);
        if compressor.is_built() {
            let options = options.unwrap();
            assert_eq!((options.compressors, options.pool.zlib_level), (vec![compressor], 9));
            assert_eq!(string.compressors, [compressor]);
        } else {
            let refused = options.unwrap_err();
            assert_eq!(refused.kind(), Kind::Unsupported);
            assert!(refused.message().contains(&format!("feature `{}`", compressor.name())), "{refused}");
            assert!(string.compressors.is_empty());
        }
    }
}
