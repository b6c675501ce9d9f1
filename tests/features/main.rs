//! What a build can do that has some of the crate's features, whichever they are: what it
//! has works without the others, and what it lacks is refused by name. `cargo xtask test
//! --long` builds this with each feature alone.

#![allow(clippy::unwrap_used, reason = "a test ends by it")]

use actix_mongo::bson::{Bson, doc};
use actix_mongo::{Builder, Compressor, Connection, Error, Kind};
use test_support::packed::{SNAPPY, ZLIB, ZSTD};
use test_support::{Hello, ScriptedServer, block_on};

/// Each compressor with its number in messages.
const COMPRESSORS: [(Compressor, u8); 3] =
    [(Compressor::Snappy, SNAPPY), (Compressor::Zlib, ZLIB), (Compressor::Zstd, ZSTD)];

/// A server that has them all.
fn server() -> ScriptedServer {
    let names = Compressor::ALL.map(|compressor| Bson::from(compressor.name()));
    ScriptedServer::builder().hello(Hello::primary("rs").with("compression", names.to_vec())).start()
}

fn builder(uri: &str) -> Builder {
    Connection::builder().uri(uri).unwrap()
}

/// Writes and reads over it; what the server saw each command come with.
fn packed_with(builder: Builder, server: &ScriptedServer) -> Vec<Option<u8>> {
    let connection = block_on(builder.connect()).unwrap();
    let database = connection.database("d").unwrap();
    let text = "again and ".repeat(500);
    let things = database.collection("c").unwrap();
    block_on(things.insert_one(doc! { "_id": 1, "text": text }).into_future()).unwrap();
    block_on(database.run_command(doc! { "ping": 1 }).into_future()).unwrap();
    let log = server.log();
    assert_eq!(log.protocol_errors, [""; 0]);
    let commands = log.commands.iter().filter(|command| !command.is_hello());
    let packed: Vec<_> = commands.map(|command| command.compressor).collect();
    assert!(packed.len() >= 2, "{packed:?}");
    packed
}

/// The same error, whether the connection is waited for or not.
fn refused(builder: Builder) -> Error {
    let error = block_on(builder.clone().connect()).unwrap_err();
    let lazy = builder.connect_lazy().unwrap_err();
    assert_eq!((lazy.kind(), lazy.to_string()), (error.kind(), error.to_string()));
    error
}

#[test]
fn a_client_with_one_compressor_uses_it_or_says_which_feature_is_missing() {
    for (compressor, number) in COMPRESSORS {
        let server = server();
        let by_builder = builder(&server.uri()).compressors([compressor]);
        if compressor.is_built() {
            assert!(packed_with(by_builder, &server).iter().all(|it| *it == Some(number)));
        } else {
            let error = refused(by_builder);
            assert_eq!(error.kind(), Kind::Unsupported);
            let feature = format!("feature `{}`", compressor.name());
            assert!(error.to_string().contains(&feature), "{error}");
        }
    }
}

#[test]
fn of_all_in_a_string_the_first_that_is_built_is_used() {
    let server = server();
    let first = COMPRESSORS.into_iter().find(|(compressor, _)| compressor.is_built());
    let by_string = builder(&format!("{}?compressors=snappy,zlib,zstd", server.uri()));
    let expected = first.map(|(_, number)| number);
    assert!(packed_with(by_string, &server).iter().all(|it| *it == expected));
    let offered: Vec<_> = Compressor::ALL.into_iter().filter(|compressor| compressor.is_built()).collect();
    let offered: Vec<_> = offered.into_iter().map(|compressor| Bson::from(compressor.name())).collect();
    let hello = server.log().commands.iter().find(|command| command.is_hello()).unwrap().clone();
    assert_eq!(hello.body.get_array("compression").unwrap(), &offered);
}

#[cfg(not(feature = "rustls-tls"))]
#[test]
fn tls_is_refused_by_the_name_of_its_feature() {
    let server = ScriptedServer::start();
    let error = Connection::builder().uri(format!("{}?tls=true", server.uri())).unwrap_err();
    assert_eq!(error.kind(), Kind::Unsupported);
    assert!(error.to_string().contains("rustls-tls"), "{error}");
    assert!(server.log().connections.is_empty());
}

#[cfg(not(feature = "dns-resolver"))]
#[test]
fn a_seed_list_is_refused_by_the_name_of_its_feature() {
    let string = "mongodb+srv://cluster.features.example/?tls=false";
    let error = Connection::builder().uri(string).unwrap_err();
    assert_eq!(error.kind(), Kind::Unsupported);
    assert!(error.to_string().contains("dns-resolver"), "{error}");
}

#[cfg(feature = "actix-web")]
#[test]
fn an_application_of_actix_web_has_answers_for_errors_and_health_checks() {
    use actix_mongo::web::Health;
    use actix_web::{App, ResponseError, test};
    let server = ScriptedServer::start();
    let connection = block_on(builder(&server.uri()).connect()).unwrap();
    assert_eq!(connection.database("").unwrap_err().status_code(), 400);
    actix::System::new().block_on(async {
        let app = test::init_service(App::new().service(Health::new(&connection))).await;
        let request = test::TestRequest::get().uri("/health/ready").to_request();
        assert_eq!(test::call_service(&app, request).await.status(), 200);
    });
}
