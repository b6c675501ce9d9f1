//! `web::Data::new(connection)`, with nothing around it.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::thread;

use actix_mongo::bson::doc;
use actix_mongo::{Connection, Result};
use actix_web::web::{Data, Path, get as method_get};

use crate::host::{AMPLE, Host, Under, WORKERS, connect, uri};
use crate::http::get;

async fn put(number: Path<i32>, connection: Data<Connection>) -> Result<String> {
    let id = number.into_inner();
    let database = connection.database(&format!("web_data_{}", std::process::id()))?;
    let things = database.collection("things")?;
    things.update_one(doc! { "_id": id }, doc! { "$inc": { "n": 1 } }).upsert(true).await?;
    let found = things.find_one(doc! { "_id": id }).await?;
    Ok(format!("{} {:?}", found.is_some(), thread::current().id()))
}

#[test]
fn one_connection_serves_all_workers() {
    for under in Under::ALL {
        let connection = connect(&uri());
        let data = Data::new(connection.clone());
        let names = Arc::<Mutex<BTreeSet<String>>>::default();
        let noted = names.clone();
        let host = Host::start(under, AMPLE, connection.clone(), move |app| {
            noted.lock().unwrap().insert(thread::current().name().unwrap_or_default().to_owned());
            app.app_data(data.clone()).route("/{number}", method_get().to(put));
        });
        let address = host.address;
        let answers: Vec<_> = thread::scope(|scope| {
            let visit = |number| scope.spawn(move || get(address, &format!("/{number}")));
            let visitors: Vec<_> = (0..20).map(visit).collect();
            visitors.into_iter().map(|visitor| visitor.join().unwrap()).collect()
        });
        let workers: BTreeSet<&str> = answers
            .iter()
            .map(|answer| {
                assert_eq!(answer.status, 200, "{answer:?}");
                answer.body.strip_prefix("true ").unwrap()
            })
            .collect();
        assert_eq!(workers.len(), WORKERS, "each worker used it: {workers:?}");
        // By these names connections are noticed that each worker makes for itself.
        let names = names.lock().unwrap();
        let start = match under {
            Under::Actix => "actix-rt|",
            Under::Tokio => "actix-server worker",
        };
        assert!(names.len() == WORKERS && names.iter().all(|name| name.starts_with(start)), "{names:?}");
        assert!(host.end() < AMPLE.grace);
        assert!(connection.is_closed());
    }
}
