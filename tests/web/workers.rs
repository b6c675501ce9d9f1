//! A connection that each worker makes for itself.

use actix_mongo::Connection;
use actix_web::web::{Data, ServiceConfig, get as method_get};
use test_support::ScriptedServer;
use tracing::Level;

use crate::host::{AMPLE, Host, Under, connect};
use crate::http::get;
use crate::logs::Capture;

async fn alive(_connection: Data<Connection>) -> &'static str {
    "yes"
}

/// Runs an application until each of its workers is there.
fn serve(uri: &str, configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) {
    let host = Host::start(Under::Actix, AMPLE, connect(uri), configure);
    // The server listens once all workers have started.
    assert_eq!(get(host.address, "/").body, "yes");
    host.end();
}

#[test]
fn it_is_told_of_once_and_only_where_it_is_a_mistake() {
    let capture = Capture::everywhere("actix_mongo::runtime");
    let server = ScriptedServer::start();
    let uri = server.uri();

    // As it should be: one, and its clones.
    let data = Data::new(connect(&uri));
    serve(&uri, move |app| {
        app.app_data(data.clone()).route("/", method_get().to(alive));
    });
    // Many on purpose, on a thread that is no worker.
    let many: Vec<_> = (0..50).map(|_| Connection::connect_lazy(&uri).unwrap()).collect();
    drop(many);
    // One per worker on purpose.
    let string = uri.clone();
    serve(&uri, move |app| {
        let builder = Connection::builder().uri(&string).unwrap().one_per_worker(true);
        app.app_data(Data::new(builder.connect_lazy().unwrap())).route("/", method_get().to(alive));
    });
    assert!(capture.messages().is_empty(), "{:?}", capture.messages());

    // The mistake, and the same again.
    for _ in 0..2 {
        let string = uri.clone();
        serve(&uri, move |app| {
            let connection = Connection::connect_lazy(&string).unwrap();
            app.app_data(Data::new(connection)).route("/", method_get().to(alive));
        });
        let messages = capture.messages();
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert_eq!(messages[0].level, Level::WARN);
        assert!(messages[0].text.contains("before HttpServer::new"), "{messages:?}");
    }
}
