//! actix-web: one handle in the application's data, used by all workers.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;

use actix_mongo::bson::doc;
use actix_mongo::{Collection, Connection};
use actix_web::dev::ServerHandle;
use actix_web::web::{Data, Path};
use actix_web::{App, HttpServer, web};
use test_support::block_on;

use crate::support::{GRACE, SOON, collection, uri};

const WORKERS: usize = 2;

async fn put(number: Path<i32>, things: Data<Collection>) -> Result<String, actix_web::Error> {
    let failed = actix_web::error::ErrorInternalServerError;
    let id = number.into_inner();
    things.insert_one(doc! { "_id": id }).await.map_err(failed)?;
    let found = things.find_one(doc! { "_id": id }).await.map_err(failed)?;
    let thread = thread::current();
    Ok(format!("{} {:?}", found.is_some(), thread.id()))
}

fn server(things: Collection, started: &mpsc::Sender<(SocketAddr, ServerHandle)>) -> actix_web::dev::Server {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let app = move || App::new().app_data(Data::new(things.clone())).route("/{number}", web::get().to(put));
    let server = HttpServer::new(app).workers(WORKERS).disable_signals().listen(listener).unwrap().run();
    started.send((address, server.handle())).unwrap();
    server
}

fn get(address: SocketAddr, number: i32) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    write!(stream, "GET /{number} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// `host` runs the server to its end.
fn serves(host: impl FnOnce(Collection, mpsc::Sender<(SocketAddr, ServerHandle)>) + Send + 'static) {
    let connection = block_on(Connection::connect(uri())).unwrap();
    let things = collection(&connection);
    let (started, start) = mpsc::channel();
    let application = thread::spawn(move || host(things, started));
    let (address, handle) = start.recv_timeout(SOON).unwrap();
    let answers: Vec<String> = thread::scope(|scope| {
        let visitors: Vec<_> = (0..20).map(|number| scope.spawn(move || get(address, number))).collect();
        visitors.into_iter().map(|visitor| visitor.join().unwrap()).collect()
    });
    let mut workers: Vec<&str> = Vec::new();
    for answer in &answers {
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        let (_, worker) = answer.split_once("true ").unwrap();
        workers.push(worker);
    }
    workers.sort_unstable();
    workers.dedup();
    assert_eq!(workers.len(), WORKERS, "each worker used the handle: {workers:?}");
    block_on(handle.stop(true));
    application.join().unwrap();
    block_on(connection.close(GRACE));
}

#[test]
fn actix_web_workers_under_actix() {
    serves(|things, started| {
        actix::System::new().block_on(async { server(things, &started).await.unwrap() });
    });
}

#[test]
fn actix_web_workers_under_tokio() {
    serves(|things, started| {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async { server(things, &started).await.unwrap() });
    });
}
