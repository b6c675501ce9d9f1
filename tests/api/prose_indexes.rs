//! Index management's prose tests (formerly "enumerate indexes"), on a replica set and on a
//! server that stands alone. Those of search indexes need a cluster that has a search engine.

use std::collections::BTreeSet;

use actix_mongo::bson::{Document, doc};
use actix_mongo::{Connection, IndexModel};
use test_support::real_server::Options;
use test_support::{RealServer, block_on};

#[test]
fn names_and_records_of_indexes_are_listed_once_each() {
    for options in [Options::new(), Options::new().standalone()] {
        let server = RealServer::start(options).unwrap_or_else(|error| panic!("{error}"));
        let connection = block_on(Connection::connect(server.uri())).unwrap();
        let things = connection.database("d").unwrap().collection("things").unwrap();
        let models = [
            IndexModel::new(doc! { "a": 1 }),
            IndexModel::new(doc! { "a": 1, "b": -1 }),
            IndexModel::new(doc! { "c": 1 }).unique(true),
        ];
        let made = block_on(async {
            let made = things.create_indexes(models).await.unwrap();
            things.insert_one(doc! { "a": 1, "b": 2, "c": 3 }).await.unwrap();
            made
        });
        let mut expected: BTreeSet<String> = made.into_iter().collect();
        expected.insert("_id_".to_owned());
        assert_eq!(expected.len(), 4);

        let names = block_on(things.list_index_names().into_future()).unwrap();
        assert_eq!(names.len(), 4, "none twice: {names:?}");
        assert_eq!(names.into_iter().collect::<BTreeSet<_>>(), expected);

        let records = block_on(async {
            let cursor = things.list_indexes().of::<Document>().await.unwrap();
            cursor.collect_all().await.unwrap()
        });
        let listed: Vec<_> = records.iter().map(|it| it.get_str("name").unwrap().to_owned()).collect();
        assert_eq!(listed.len(), 4, "none twice: {listed:?}");
        assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), expected);
        let unique: Vec<_> = records.iter().filter(|it| it.get_bool("unique").is_ok_and(|is| is)).collect();
        assert_eq!(unique.len(), 1);
        assert_eq!(unique[0].get_document("key").unwrap(), &doc! { "c": 1 });
    }
}
