//! `Connection(host, port, ...)`, `from_uri` and `paired`: whatever names a server leads to it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use actix_mongo::bson::doc;
use actix_mongo::{Builder, Connection, IntoTarget, Kind, Target};
use test_support::real_server::{Options, PASSWORD, USER};
use test_support::{RealServer, block_on};

use crate::support::uri;

/// Where the server is that tests share.
fn address() -> SocketAddr {
    let uri = uri();
    let address = uri.trim_start_matches("mongodb://").split('/').next().unwrap();
    address.parse().unwrap()
}

/// A port on which nobody listens.
fn dead_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn ping(connection: &Connection) {
    let admin = connection.database("admin").unwrap();
    block_on(admin.run_command(doc! { "ping": 1 }).into_future()).unwrap();
}

fn connects(builder: Builder) {
    let shown = format!("{builder:?}");
    let connection = block_on(builder.connect()).unwrap_or_else(|error| panic!("{shown}: {error}"));
    ping(&connection);
}

fn to(target: impl IntoTarget) -> Builder {
    Connection::builder().to(target)
}

/// With little patience.
fn error_of(builder: Builder) -> actix_mongo::Error {
    block_on(builder.server_selection_timeout(Duration::from_millis(200)).connect()).unwrap_err()
}

#[test]
fn a_host_an_address_a_string_or_a_list_leads_to_the_server() {
    let address = address();
    let (ip, port) = (address.ip(), address.port());
    let uri = format!("mongodb://{address}/");
    connects(to(address.to_string()));
    connects(to(&uri));
    connects(to(address));
    connects(to((ip, port)));
    connects(to((ip.to_string(), port)));
    connects(to(("localhost", port)));
    connects(to(("LOCALHOST", port)));
    connects(to([("127.0.0.1", port), ("localhost", port)]));
    connects(to(vec![address, address]));
    connects(to([uri.as_str(), "localhost:1"]));
    connects(to(["127.0.0.1".to_owned(), uri].as_slice()));
    connects(to((1..=2).map(|_| address).collect::<Target>()));
    connects(to(Target::new(IpAddr::from(Ipv4Addr::LOCALHOST)).and(("localhost", port))));
}

#[test]
fn connect_itself_takes_all_of_it() {
    let address = address();
    ping(&block_on(Connection::connect((Ipv4Addr::LOCALHOST, address.port()))).unwrap());
    ping(&Connection::connect_lazy([address]).unwrap());
}

/// `Connection('mongodb://a:1,b', 2)`: a port in the text overrides the argument.
#[test]
fn a_port_in_the_text_wins_over_the_argument() {
    let port = address().port();
    connects(to("127.0.0.1").port(port));
    connects(to("mongodb://127.0.0.1").port(port));
    connects(to(format!("127.0.0.1:{port}")).port(dead_port()));
    connects(to((format!("mongodb://127.0.0.1:{port}"), dead_port())));
    connects(to(("127.0.0.1", port)).port(dead_port()));
    connects(Connection::builder().hosts(["127.0.0.1"]).unwrap().port(port));
    let error = error_of(to(format!("127.0.0.1:{}", dead_port())).port(port));
    assert_eq!(error.kind(), Kind::ConnectionFailure, "{error}");
}

#[test]
fn without_an_argument_it_is_localhost_27017() {
    let hosts = |builder: Builder| {
        let state = builder.connect_lazy().unwrap().state();
        state.servers.iter().map(|server| server.address.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(hosts(Connection::builder()), ["localhost:27017"]);
    assert_eq!(hosts(Connection::builder().port(5)), ["localhost:5"]);
    assert_eq!(hosts(to(Target::default())), ["localhost:27017"]);
    assert_eq!(hosts(to(["a", "A:27017", "b"])), ["a:27017", "b:27017"]);
}

#[test]
fn of_several_strings_the_last_database_user_and_password_count() {
    let server = RealServer::start(Options::new().auth()).unwrap();
    let address = server.address();
    let nobody = format!("mongodb://nobody:wrong@{address}/nowhere");
    let somebody = format!("mongodb://{USER}:{PASSWORD}@{address}/admin");
    let connection =
        block_on(Connection::connect([nobody.clone(), address.to_string(), somebody.clone()])).unwrap();
    let database = connection.default_database().unwrap().unwrap();
    assert_eq!(database.name(), "admin");
    let status = block_on(database.run_command(doc! { "connectionStatus": 1 }).into_future()).unwrap();
    let users = status.get_document("authInfo").unwrap().get_array("authenticatedUsers").unwrap();
    assert_eq!(users[0].as_document().unwrap().get_str("user").unwrap(), USER);
    // The other way round nobody gets in.
    let connection = block_on(Connection::connect([somebody, nobody])).unwrap();
    assert_eq!(connection.default_database().unwrap().unwrap().name(), "nowhere");
    let databases = block_on(connection.list_database_names().into_future());
    assert_eq!(databases.unwrap_err().kind(), Kind::Authentication);
}

#[test]
fn options_of_several_strings_are_put_together() {
    let address = address();
    let dead = dead_port();
    let first = format!("mongodb://{address}/?maxPoolSize=7&serverSelectionTimeoutMS=200");
    let second = format!("mongodb://127.0.0.1:{dead}/?maxPoolSize=9&replicaSet=no_such_set");
    let error = block_on(Connection::connect([first, second])).unwrap_err();
    assert_eq!(error.kind(), Kind::ConnectionFailure, "{error}");
    assert!(error.to_string().contains("no_such_set"), "{error}");
}

#[test]
fn who_can_not_be_reached_is_a_connection_failure() {
    let port = dead_port();
    let begin = Instant::now();
    for builder in
        [to(("127.0.0.1", port)), to([("localhost", port), ("127.0.0.1", port)]), to(("::1", port))]
    {
        let error = error_of(builder);
        assert_eq!(error.kind(), Kind::ConnectionFailure, "{error}");
        assert!(error.is_network() && error.to_string().contains(&port.to_string()), "{error}");
    }
    let one = format!("mongodb://127.0.0.1:{port}/?serverSelectionTimeoutMS=200");
    let error = block_on(Connection::connect(one)).unwrap_err();
    assert_eq!(error.kind(), Kind::ConnectionFailure, "{error}");
    assert!(begin.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_bad_value_is_an_error_at_once_and_waits_for_nobody() {
    let address = address().to_string();
    let list = |bad: &'static str| to([address.as_str(), bad]);
    for (builder, kind) in [
        (to(""), Kind::InvalidUri),
        (to("a b"), Kind::InvalidUri),
        (to("a:99999"), Kind::InvalidUri),
        (to("a:0"), Kind::InvalidUri),
        (to("http://a"), Kind::InvalidUri),
        (list("mongodb+srv://a.b.c"), Kind::InvalidUri),
        (list("mongodb://a/?directConnection=true"), Kind::InvalidUri),
        (to([""; 0]), Kind::InvalidArgument),
        (to(("a", 0)), Kind::InvalidArgument),
        (to("a").port(0), Kind::InvalidArgument),
        (to(["a", "b"]).direct_connection(true), Kind::InvalidArgument),
    ] {
        let lazy = builder.clone().connect_lazy().unwrap_err();
        let error = block_on(builder.connect()).unwrap_err();
        assert_eq!((error.kind(), lazy.kind()), (kind, kind), "{error}");
    }
}

#[test]
#[allow(deprecated, reason = "that is what is tested")]
fn from_uri_and_paired_still_connect() {
    let address = address();
    ping(&block_on(Connection::from_uri(format!("mongodb://{address}"))).unwrap());
    let error = block_on(Connection::from_uri(address.to_string())).unwrap_err();
    assert_eq!(error.kind(), Kind::InvalidUri, "a host alone is no connection string: {error}");
    ping(&block_on(Connection::paired(address, None)).unwrap());
    let left = ("127.0.0.1", dead_port());
    ping(&block_on(Connection::paired(left, Some(Target::new(address)))).unwrap());
}

#[cfg(unix)]
#[test]
fn the_path_of_a_socket_leads_there() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mongodb.sock");
    relay(&path, address());
    connects(to(path.as_path()).direct_connection(true));
    connects(to(path.to_str().unwrap()).direct_connection(true));
    let missing = folder.path().join("missing.sock");
    let error = error_of(to(missing.clone()));
    assert_eq!(error.kind(), Kind::ConnectionFailure, "{error}");
    assert!(error.to_string().contains(missing.to_str().unwrap()), "{error}");
}

/// Hands what comes over the socket on to the server, and back, until the test's process ends.
#[cfg(unix)]
fn relay(path: &std::path::Path, server: SocketAddr) {
    let listener = std::os::unix::net::UnixListener::bind(path).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let server = TcpStream::connect(server).unwrap();
            let (mut there, mut back) = (stream.try_clone().unwrap(), stream);
            let (mut out, mut answers) = (server.try_clone().unwrap(), server);
            std::thread::spawn(move || {
                drop(io::copy(&mut there, &mut out));
                drop(out.shutdown(std::net::Shutdown::Both));
            });
            std::thread::spawn(move || {
                drop(io::copy(&mut answers, &mut back));
                drop(back.shutdown(std::net::Shutdown::Both));
            });
        }
    });
}
