//! `database_names`, `drop_database`, `server_info`, and lists of databases.

use std::time::Duration;

use actix_mongo::bson::{Document, RawDocumentBuf, doc};
use actix_mongo::{Connection, DatabaseName, Kind, ReadMode, ReadPreference, WriteConcern};
use test_support::real_server::Options;
use test_support::{Hello, RealServer, Rule, ScriptedServer, block_on};

use crate::support::{Fixture, fixture};

fn names(connection: &Connection) -> Vec<String> {
    block_on(connection.database_names().into_future()).unwrap()
}

/// Makes the database of the fixture, and drops it by this.
fn made_and_dropped(fixture: &Fixture, database: impl DatabaseName) {
    let name = fixture.database.name();
    block_on(fixture.things().insert_one(doc! {}).into_future()).unwrap();
    assert!(names(&fixture.connection).iter().any(|it| it == name));
    block_on(fixture.connection.drop_database(database).into_future()).unwrap();
    assert!(!names(&fixture.connection).iter().any(|it| it == name));
}

#[test]
fn a_database_is_dropped_by_its_name_or_by_a_handle() {
    let fixture = fixture();
    let name = fixture.database.name();
    made_and_dropped(&fixture, name);
    let owned = name.to_owned();
    made_and_dropped(&fixture, &owned);
    made_and_dropped(&fixture, owned);
    made_and_dropped(&fixture, &fixture.database);
    made_and_dropped(&fixture, fixture.database.clone());
    // The name alone counts: neither the type of its documents nor whose it is.
    let other = Connection::connect_lazy("mongodb://localhost:1").unwrap();
    made_and_dropped(&fixture, other.with_document_type::<RawDocumentBuf>().database(name).unwrap());
    // One that is not there is dropped as well.
    let session = fixture.connection.start_session().start().unwrap();
    let call = fixture.connection.drop_database(name).session(&session);
    block_on(call.write_concern(WriteConcern::nodes(1)).timeout(Duration::from_secs(5)).into_future())
        .unwrap();
}

#[test]
fn a_name_that_no_database_can_have_is_refused_and_nothing_is_sent() {
    let server = ScriptedServer::start_primary("rs");
    let connection = block_on(Connection::connect(server.uri())).unwrap();
    for name in ["", "a.b", "a b", "a$", "a/b", &"x".repeat(64)] {
        let error = block_on(connection.drop_database(name).into_future()).unwrap_err();
        assert_eq!(error.kind(), Kind::InvalidName, "{name:?}");
        assert!(!error.may_have_run() && error.to_string().starts_with("dropDatabase: "), "{error}");
    }
    assert_eq!(server.log().count("dropDatabase"), 0);
    block_on(connection.drop_database("a").comment("x").into_future()).unwrap();
    let log = server.log();
    let body = &log.commands_named("dropDatabase").next().unwrap().body;
    assert_eq!((body.get_str("$db").ok(), body.get_str("comment").ok()), (Some("a"), Some("x")));
}

#[test]
fn the_server_tells_its_release() {
    let fixture = fixture();
    let reply = fixture.admin(doc! { "buildInfo": 1 });
    let info = block_on(fixture.connection.server_info().into_future()).unwrap();
    assert_eq!(info.version, reply.get_str("version").unwrap());
    let numbers: Vec<String> = info.version_array.iter().take(2).map(ToString::to_string).collect();
    assert!(info.version.starts_with(&numbers.join(".")), "{info:?}");
    assert!(info.version_array.len() >= 3, "{info:?}");
    assert_eq!(info.max_bson_object_size, Some(16 << 20));
    assert_eq!(info.bits, Some(64));
    assert_eq!(info.raw.get_array("versionArray").ok(), reply.get_array("versionArray").ok());
    let session = fixture.connection.start_session().start().unwrap();
    let again = fixture.connection.server_info().session(&session).timeout(Duration::from_secs(5));
    assert_eq!(block_on(again.into_future()).unwrap().version, info.version);
}

#[test]
fn the_read_preference_picks_who_is_asked() {
    let (primary, secondary) = (ScriptedServer::start(), ScriptedServer::start());
    let hosts = [primary.address().to_string(), secondary.address().to_string()];
    primary.set_hello(Hello::primary("rs").hosts(hosts.clone()));
    secondary.set_hello(Hello::secondary("rs").hosts(hosts));
    for (server, version) in [(&primary, "1.0.0"), (&secondary, "2.0.0")] {
        server.rule(Rule::on("buildInfo").reply(doc! { "version": version, "ok": 1 }));
    }
    let connection = block_on(Connection::connect(format!("{}?replicaSet=rs", primary.uri()))).unwrap();
    let version = |connection: &Connection| block_on(connection.server_info().into_future()).unwrap().version;
    assert_eq!(version(&connection), "1.0.0");
    let far = ReadPreference::new(ReadMode::Secondary);
    assert_eq!(version(&connection.with_read_preference(far.clone())), "2.0.0", "the handle's");
    let own = connection.server_info().read_preference(far).comment("why");
    assert_eq!(block_on(own.into_future()).unwrap().version, "2.0.0", "the call's");
    let log = secondary.log();
    let body = &log.commands_named("buildInfo").last().unwrap().body;
    let preference = body.get_document("$readPreference").unwrap();
    assert_eq!(
        (preference.get_str("mode").ok(), body.get_str("comment").ok()),
        (Some("secondary"), Some("why"))
    );
    assert!(!body.contains_key("readConcern") && body.get_str("$db").ok() == Some("admin"), "{body}");
    primary.clear_rules();
    primary.rule(Rule::on("buildInfo").reply(doc! { "bits": 64, "ok": 1 }));
    let error = block_on(connection.server_info().into_future()).unwrap_err();
    assert_eq!(error.kind(), Kind::Decode, "{error:?}");
}

#[test]
fn lists_are_filtered_and_tell_sizes_unless_only_names_are_wanted() {
    let fixture = fixture();
    fixture.numbers(100);
    let name = fixture.database.name();
    let list = || fixture.connection.list_databases().filter(doc! { "name": name }).comment("tests");
    let with_sizes = block_on(list().into_future()).unwrap();
    assert_eq!((with_sizes.len(), with_sizes[0].name.as_str(), with_sizes[0].empty), (1, name, false));
    assert!(with_sizes[0].size_on_disk > 0, "{with_sizes:?}");
    let names_only = block_on(list().name_only(true).into_future()).unwrap();
    assert_eq!((names_only.len(), names_only[0].name.as_str(), names_only[0].size_on_disk), (1, name, 0));
    let raw = block_on(list().name_only(true).of::<Document>().into_future()).unwrap();
    assert_eq!(raw, [doc! { "name": name }]);
    let filter = doc! { "name": { "$in": [name, "none"] } };
    assert_eq!(block_on(fixture.connection.database_names().filter(filter).into_future()).unwrap(), [name]);
}

#[test]
fn a_user_is_shown_the_databases_that_it_may_use() {
    let server = RealServer::start(Options::new().auth()).unwrap();
    let admin = block_on(Connection::connect(server.uri())).unwrap();
    for name in ["mine", "theirs"] {
        let things = admin.database(name).unwrap().collection("things").unwrap();
        block_on(things.insert_one(doc! {}).into_future()).unwrap();
    }
    let roles = [doc! { "role": "readWrite", "db": "mine" }];
    let user = doc! { "createUser": "me", "pwd": "pencil", "roles": roles };
    block_on(admin.database("mine").unwrap().run_command(user).into_future()).unwrap();
    let uri = format!("mongodb://me:pencil@{}/?authSource=mine", server.address());
    let mine = block_on(Connection::connect(uri)).unwrap();
    let names = block_on(mine.database_names().authorized_databases(true).into_future()).unwrap();
    assert_eq!(names, ["mine"]);
    let list = block_on(mine.list_databases().authorized_databases(true).into_future()).unwrap();
    assert_eq!(list.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["mine"]);
}
