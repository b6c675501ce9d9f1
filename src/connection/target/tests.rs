use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::*;

const PORT: u16 = ServerAddress::DEFAULT_PORT;

fn hosts(target: impl IntoTarget) -> Vec<String> {
    let read = target.into_target().read(PORT).unwrap_or_else(|error| panic!("{error}"));
    read.hosts.iter().map(ToString::to_string).collect()
}

fn read(target: impl IntoTarget) -> ConnectionString {
    target.into_target().read(PORT).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(target: impl IntoTarget) -> (Kind, String) {
    let error = target.into_target().checked(PORT).unwrap_err();
    (error.kind(), error.to_string())
}

#[test]
fn hosts_are_names_and_addresses_with_and_without_ports() {
    for (text, read) in [
        ("DB.example", "db.example:27017"),
        ("db.example:5", "db.example:5"),
        ("127.0.0.1", "127.0.0.1:27017"),
        ("127.0.0.1:5", "127.0.0.1:5"),
        ("::1", "[::1]:27017"),
        ("[::1]", "[::1]:27017"),
        ("[::1]:5", "[::1]:5"),
        ("0:0:0:0:0:0:0:1", "[::1]:27017"),
        ("[2001:DB8::0:1]:5", "[2001:db8::1]:5"),
        ("/tmp/Mongo.sock", "/tmp/Mongo.sock"),
        ("mongodb://a,b:5", "a:27017 b:5"),
    ] {
        assert_eq!(hosts(text).join(" "), read, "{text}");
    }
    assert_eq!(hosts(Target::default()), ["localhost:27017"]);
}

#[test]
fn every_type_that_names_a_server_is_taken() {
    let six = Ipv6Addr::LOCALHOST;
    assert_eq!(hosts("a".to_owned()), ["a:27017"]);
    assert_eq!(hosts(Cow::Borrowed("a")), ["a:27017"]);
    assert_eq!(hosts(Box::<str>::from("a")), ["a:27017"]);
    assert_eq!(hosts(Arc::<str>::from("mongodb://a")), ["a:27017"]);
    assert_eq!(hosts(Ipv4Addr::LOCALHOST), ["127.0.0.1:27017"]);
    assert_eq!(hosts(six), ["[::1]:27017"]);
    assert_eq!(hosts(IpAddr::V6(six)), ["[::1]:27017"]);
    assert_eq!(hosts(SocketAddr::from((six, 5))), ["[::1]:5"]);
    assert_eq!(hosts(SocketAddr::from(([127, 0, 0, 1], 5))), ["127.0.0.1:5"]);
    assert_eq!(hosts(ServerAddress::new("A", 5)), ["a:5"]);
    assert_eq!(hosts(Path::new("/tmp/a.sock")), ["/tmp/a.sock"]);
    assert_eq!(hosts(PathBuf::from("/tmp/a.sock")), ["/tmp/a.sock"]);
    assert_eq!(hosts(("a", 5)), ["a:5"]);
    assert_eq!(hosts(["a", "b"]), ["a:27017", "b:27017"]);
    assert_eq!(hosts(vec![("a", 5), ("b", 6)]), ["a:5", "b:6"]);
    assert_eq!(hosts(["a".to_owned(), "b".to_owned()].as_slice()), ["a:27017", "b:27017"]);
    assert_eq!(hosts(["a", "b"].into_iter().collect::<Target>()), ["a:27017", "b:27017"]);
    let (text, list) = ("a".to_owned(), vec![Target::new("a")]);
    assert_eq!((hosts(&text), hosts(&list)), (hosts(text.as_str()), hosts(list.as_slice())));
    let mut mixed = Target::new("a").and(("b", 5)).and(["mongodb://c:6", "::1"]);
    mixed.extend([Ipv4Addr::LOCALHOST]);
    assert_eq!(hosts(mixed), ["a:27017", "b:5", "c:6", "[::1]:27017", "127.0.0.1:27017"]);
}

#[test]
fn the_innermost_port_wins() {
    assert_eq!(
        hosts((["a", "b:5", "mongodb://c,d:6", "/tmp/e.sock"], 7)),
        ["a:7", "b:5", "c:7", "d:6", "/tmp/e.sock"]
    );
    assert_eq!(hosts(([("a", 5), ("b", 6)], 7)), ["a:5", "b:6"]);
    let at = |port: u16, target: Target| {
        target.read(port).unwrap().hosts.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let given = [Target::new("a"), Target::new(("b", 7)), Target::new("mongodb://[::1],d:6")];
    assert_eq!(at(9, given.into_target()), ["a:9", "b:7", "[::1]:9", "d:6"]);
    assert_eq!(at(9, Target::default()), ["localhost:9"]);
    assert_eq!(read(("mongodb+srv://a.b.c", 7)).hosts[0].host(), "a.b.c");
}

#[test]
fn a_host_named_twice_is_one() {
    assert_eq!(hosts(["a", "A:27017", "mongodb://a,b,a", "b:5"]), ["a:27017", "b:27017", "b:5"]);
    assert_eq!(hosts(["::1", "[0:0::1]", "mongodb://[::1]"]), ["[::1]:27017"]);
    // Which they are is known with the port.
    let twice = Target::new(["a", "a:5"]);
    assert_eq!((twice.seeds(5).unwrap().len(), twice.seeds(6).unwrap().len()), (1, 2));
    let direct = Target::new(["a", "mongodb://a:5/?directConnection=true"]);
    assert!(direct.read(5).is_ok() && direct.read(6).is_err());
}

#[test]
fn the_last_database_user_and_password_win() {
    let merged =
        read(["mongodb://one:first@a/x?authSource=s", "b", "mongodb://two:second@c/y", "mongodb://d"]);
    let user = merged.user.clone().unwrap();
    assert_eq!((user.username.as_str(), user.password.unwrap().reveal()), ("two", "second"));
    assert_eq!(merged.database.as_deref(), Some("y"));
    assert_eq!(merged.credential().unwrap().unwrap().source, "s");
    // A password goes with its user, and with nobody else.
    let alone = read(["mongodb://one:first@a", "mongodb://two@b"]).user.unwrap();
    assert_eq!((alone.username.as_str(), alone.password), ("two", None));
}

#[test]
fn options_merge_and_the_later_wins() {
    let merged = read([
        "mongodb://a/?maxPoolSize=5&appName=x&readPreference=nearest&readPreferenceTags=a:1&readPreferenceTags=",
        "mongodb://b/?MAXPOOLSIZE=6&minPoolSize=2&readPreferenceTags=b:2&readPreferenceTags=c:3",
    ]);
    let options = &merged.options;
    assert_eq!((options.max_pool_size, options.min_pool_size), (Some(6), Some(2)));
    assert_eq!(options.app_name.as_deref(), Some("x"));
    assert_eq!(options.read_preference.as_ref().unwrap().tag_sets().len(), 2);
    assert_eq!(merged.warnings, [""; 0]);
    // Names of one option are one option.
    let aliases = read(["mongodb://a/?tls=true&journal=true", "mongodb://b/?ssl=false&j=false"]);
    assert_eq!(aliases.options.tls.enabled, Some(false));
    let concern = crate::command::WriteConcern::new().journal(false);
    assert_eq!(aliases.options.write_concern, Some(concern));
    // What an earlier one could not be read of is no matter any more.
    assert!(Target::new(["mongodb://a/?w=-1", "mongodb://b/?w=1"]).checked(PORT).is_ok());
}

#[test]
fn what_contradicts_itself_is_refused_with_what_to_check() {
    for (list, says) in [
        (["mongodb+srv://a.b.c", "d"], "pass it alone"),
        (["d", "mongodb+srv://a.b.c"], "pass it alone"),
        (["mongodb+srv://a.b.c", "mongodb+srv://a.b.c"], "pass it alone"),
        (["mongodb://a/?directConnection=true", "b"], "exactly one host"),
        (["mongodb://a/?loadBalanced=true", "b"], "exactly one host"),
        (["mongodb://a/?minPoolSize=9", "mongodb://a/?maxPoolSize=3"], "minPoolSize"),
        (
            ["mongodb://a/?tlsInsecure=true", "mongodb://b/?tlsAllowInvalidHostnames=true"],
            "can't be given both",
        ),
        (["a", "mongodb://b/?w=-1"], "out of range"),
    ] {
        let (kind, text) = refused(list);
        assert_eq!(kind, Kind::InvalidUri, "{list:?}");
        assert!(text.contains(says), "{list:?}: {text}");
    }
    assert_eq!(refused(["a", "mongodb://b/?proxyHost=c"]).0, Kind::Unsupported);
}

#[test]
fn a_bad_text_is_refused_by_what_is_wrong_with_it() {
    for (text, says) in [
        ("", "empty"),
        ("a:0", "1 to 65535"),
        ("a:99999", "1 to 65535"),
        ("a:", "1 to 65535"),
        ("a:b", "1 to 65535"),
        (":5", "neither a host name"),
        ("a b", "neither a host name"),
        (" a", "neither a host name"),
        ("a\n", "neither a host name"),
        ("a:5:6", "square brackets"),
        ("::1:27017", "square brackets"),
        ("[a]", "neither a host name"),
        ("[::1", "square brackets"),
        ("fe80::1%eth0", "zone"),
        ("a,b", "as a list"),
        ("a/b", ".sock"),
        ("%2Ftmp%2Fa.sock", "percent-encoded"),
        ("http://a", "instead of mongodb://"),
        ("mongodb://", "names no host"),
        ("mongodb://a,,b", "between its commas"),
    ] {
        let (kind, sentence) = refused(text);
        assert_eq!(kind, Kind::InvalidUri, "{text:?}");
        assert!(sentence.contains(says), "{text:?}: {sentence}");
        // Wherever in a list it stands.
        assert_eq!(refused(["good", text]), (kind, sentence.clone()));
        assert_eq!(refused((text, 5)), (kind, sentence));
    }
    // What may be a password is not repeated.
    for text in ["me:hunter2@a", "a:hunter2", "me:hunter2]x", "me:hunter2/x", "[::1]:hunter2]x"] {
        assert!(!refused(text).1.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_bad_number_path_or_list_is_a_bad_argument() {
    let zone = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 5, 0, 3);
    for (target, says) in [
        (Target::new(("a", 0)), "port 0"),
        (Target::new(SocketAddr::from(([127, 0, 0, 1], 0))), "port 0"),
        (Target::new([""; 0]), "empty"),
        (Target::new(Vec::<Target>::new()), "empty"),
        (Target::from_iter(std::iter::empty::<&str>()), "empty"),
        (Target::new(zone), "zone"),
        (Target::new(Path::new("mongo.sock")), "Unix domain socket"),
        (Target::new(Path::new("/tmp/mongo")), "Unix domain socket"),
    ] {
        let (kind, sentence) = refused(target);
        assert_eq!(kind, Kind::InvalidArgument, "{sentence}");
        assert!(sentence.contains(says), "{sentence}");
    }
}

#[test]
fn a_long_list_is_read_in_no_time() {
    let begin = std::time::Instant::now();
    let list: Target = (0..60_000).map(|number| format!("h{}", number / 2)).collect();
    assert_eq!(list.seeds(PORT).unwrap().len(), 30_000);
    assert!(begin.elapsed() < std::time::Duration::from_secs(5), "{:?}", begin.elapsed());
}

#[test]
fn a_piece_of_a_secret_goes_with_the_secret() {
    for key in ["tlsCertificateKeyFilePassword", "tlsCertificateKeyFilePasword"] {
        let first = format!("mongodb://a/?{key}=x&hunter2=1&appName=b");
        let merged = read([first.clone(), format!("mongodb://a/?{key}=y&maxPoolSize=5")]);
        let shown = format!("{merged} {:?}", merged.warnings);
        assert!(!shown.contains("hunter2") && shown.contains("appName=b"), "{shown}");
        // While it is there, it is said how to write it.
        let warnings = format!("{:?}", read([first.as_str(), "mongodb://b"]).warnings);
        assert!(warnings.contains("%26") && !warnings.contains("hunter2"), "{warnings}");
    }
}

#[test]
fn debug_shows_hosts_alone() {
    let target = Target::new(["mongodb://me:hunter2@a:1/?appName=hush", "b"]).and(("c", 0));
    assert_eq!(format!("{target:?}"), r#"["a:1", "b:27017", InvalidArgument]"#);
}
