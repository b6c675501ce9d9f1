//! A resolver of the application's own.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_mongo::{Answer, Connection, CustomResolver, Kind, Resolver, SrvRecord};
use test_support::{Hello, ScriptedServer};

use crate::support::{builder, connect, ping, refused};

/// Leads every host to the loopback, and has one record.
#[derive(Debug)]
struct Own {
    port: u16,
    panics: Arc<AtomicBool>,
}

impl CustomResolver for Own {
    fn addresses(&self, host: &str) -> Answer<IpAddr> {
        let known = host != "nowhere";
        Box::pin(async move {
            match known {
                true => Ok(vec!["::1".parse().unwrap(), "127.0.0.1".parse().unwrap()]),
                false => Err(io::Error::other("nowhere is no place")),
            }
        })
    }

    fn srv(&self, name: &str) -> Answer<SrvRecord> {
        assert_eq!(name, "_mongodb._tcp.cluster.example.com");
        assert!(!self.panics.swap(false, Ordering::SeqCst), "as the test wants it");
        let record = SrvRecord::new("db.example.com", self.port, Duration::ZERO);
        Box::pin(async move { Ok(vec![record]) })
    }

    fn txt(&self, name: &str) -> Answer<Vec<u8>> {
        assert_eq!(name, "cluster.example.com");
        Box::pin(async { Ok(Vec::new()) })
    }
}

fn own(server: &ScriptedServer, panics: bool) -> Resolver {
    Resolver::custom(Own { port: server.address().port(), panics: Arc::new(AtomicBool::new(panics)) })
}

#[test]
fn it_answers_for_hosts_and_for_records() {
    let server = ScriptedServer::builder().hello(Hello::mongos()).start();
    ping(&connect(builder("cluster.example.com", "").resolver(own(&server, false))));
    let uri = format!("mongodb://any.host:{}", server.address().port());
    ping(&connect(Connection::builder().uri(&uri).unwrap().resolver(own(&server, false))));
}

#[test]
fn its_error_is_told() {
    let server = ScriptedServer::start();
    let builder = Connection::builder().uri("mongodb://nowhere").unwrap().resolver(own(&server, false));
    let error = refused(builder.server_selection_timeout(Duration::from_millis(200)));
    assert_eq!(error.kind(), Kind::ConnectionFailure);
    let sentence = error.to_string();
    assert!(sentence.contains("the name \"nowhere\" could not be looked up (DNS took "), "{sentence}");
    assert!(sentence.contains("nowhere is no place"), "{sentence}");
}

#[test]
fn its_panic_costs_one_look_up() {
    let server = ScriptedServer::builder().hello(Hello::mongos()).start();
    let connection = connect(builder("cluster.example.com", "").resolver(own(&server, true)));
    ping(&connection);
    let recent = connection.state().recent;
    assert!(recent.iter().any(|it| it.what.contains("the poller of SRV records ended")), "{recent:?}");
}
