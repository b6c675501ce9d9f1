use super::*;

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
    assert_eq!(kind(Builder::default().uri("mongodb://a/?tls=true")), Kind::Unsupported);
    let refused = |builder: Builder| builder.connect_lazy().unwrap_err().kind() == Kind::InvalidArgument;
    assert!(refused(Builder::default().max_pool_size(1).min_pool_size(2)));
    assert!(refused(Builder::default().max_connecting(0)));
    assert!(refused(Builder::default().pipeline_depth(0)));
    assert!(refused(Builder::default().heartbeat_frequency(Duration::from_millis(499))));
    assert!(refused(Builder::default().hosts(["a", "b"]).unwrap().direct_connection(true)));
}

#[test]
fn writes_without_an_answer_are_refused_by_name() {
    let builder = Builder::default().uri("mongodb://a/?w=0").unwrap();
    let error = builder.connect_lazy().unwrap_err();
    assert_eq!(error.kind(), Kind::Unsupported);
    assert!(error.to_string().contains("w=0"), "{error}");
}

#[test]
fn debug_shows_servers_alone() {
    let builder = Builder::default().uri("mongodb://a:1/?appName=hush").unwrap();
    assert_eq!(format!("{builder:?}"), r#"Builder { hosts: ["a:1"], .. }"#);
}
