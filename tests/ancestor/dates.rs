//! `tz_aware`: dates that went to the server and came back, aware of their zone or naive.

use actix_mongo::bson::{DateTime, Document, doc};
use actix_mongo::dates::{Date, Dates};
use actix_mongo::{Collection, Connection, Kind};
use chrono::{NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};
use test_support::block_on;

use crate::support::{Fixture, fixture};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ByChrono {
    #[serde(with = "actix_mongo::dates::aware")]
    aware: chrono::DateTime<Utc>,
    #[serde(with = "actix_mongo::dates::naive")]
    naive: NaiveDateTime,
    #[serde(with = "actix_mongo::dates::naive", default)]
    perhaps: Option<NaiveDateTime>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ByJiff {
    #[serde(with = "actix_mongo::dates::aware")]
    aware: jiff::Timestamp,
    #[serde(with = "actix_mongo::dates::naive")]
    naive: jiff::civil::DateTime,
    #[serde(with = "actix_mongo::dates::aware", default)]
    perhaps: Option<jiff::Zoned>,
}

/// 2024-02-29, just before noon.
const MILLIS: i64 = 1_709_207_999_999;

fn of<T>(fixture: &Fixture) -> Collection<T> {
    fixture.database.collection_of("things").unwrap()
}

fn first<T: serde::de::DeserializeOwned + Send + Sync + 'static>(
    fixture: &Fixture,
) -> actix_mongo::Result<T> {
    Ok(block_on(of::<T>(fixture).find_one(doc! {}).into_future())?.unwrap())
}

fn insert(fixture: &Fixture, millis: i64) {
    let date = DateTime::from_millis(millis);
    let document = doc! { "aware": date, "naive": date };
    block_on(fixture.things().insert_one(&document).into_future()).unwrap();
}

#[test]
fn typed_documents_have_dates_of_both_kinds() {
    let fixture = fixture();
    insert(&fixture, MILLIS);
    let aware: chrono::DateTime<Utc> = "2024-02-29T11:59:59.999Z".parse().unwrap();
    let read: ByChrono = first(&fixture).unwrap();
    assert_eq!(read, ByChrono { aware, naive: aware.naive_utc(), perhaps: None });
    let time: jiff::Timestamp = "2024-02-29T11:59:59.999Z".parse().unwrap();
    let naive: jiff::civil::DateTime = "2024-02-29T11:59:59.999".parse().unwrap();
    let read: ByJiff = first(&fixture).unwrap();
    assert_eq!(read, ByJiff { aware: time, naive, perhaps: None });
}

#[test]
fn what_is_written_is_a_date_for_the_server() {
    let fixture = fixture();
    let aware = chrono::DateTime::from_timestamp_millis(MILLIS).unwrap();
    let stay = ByChrono { aware, naive: aware.naive_utc(), perhaps: Some(aware.naive_utc()) };
    block_on(of::<ByChrono>(&fixture).insert_one(&stay).into_future()).unwrap();
    let time = jiff::Timestamp::from_millisecond(MILLIS).unwrap();
    let zoned = time.to_zoned(jiff::tz::TimeZone::UTC);
    let stay = ByJiff { aware: time, naive: zoned.datetime(), perhaps: Some(zoned) };
    block_on(of::<ByJiff>(&fixture).insert_one(&stay).into_future()).unwrap();
    let date = DateTime::from_millis(MILLIS);
    let all = doc! { "aware": date, "naive": { "$type": "date" }, "perhaps": date };
    assert_eq!(block_on(fixture.things().count_documents(all).into_future()).unwrap(), 2);
    // In `doc!` they are dates as well.
    let later = doc! { "aware": { "$gte": aware, "$lte": time } };
    assert_eq!(block_on(fixture.things().count_documents(later).into_future()).unwrap(), 2);
    assert_eq!(first::<ByJiff>(&fixture).unwrap().perhaps.unwrap().timestamp(), time);
}

#[test]
fn a_date_that_the_library_can_not_hold_is_an_error_and_the_document_still_reads() {
    for millis in [i64::MIN, i64::MAX] {
        let fixture = fixture();
        insert(&fixture, millis);
        assert_eq!(first::<ByChrono>(&fixture).unwrap_err().kind(), Kind::Decode);
        assert_eq!(first::<ByJiff>(&fixture).unwrap_err().kind(), Kind::Decode);
        let document: Document = first(&fixture).unwrap();
        let date = *document.get_datetime("aware").unwrap();
        assert_eq!(date.timestamp_millis(), millis);
        let dates = fixture.connection.dates();
        assert_eq!(dates.chrono(date).unwrap_err().kind(), Kind::Decode);
        assert_eq!(dates.jiff(date).unwrap_err().kind(), Kind::Decode);
        assert_eq!(dates.text(date).unwrap_err().kind(), Kind::Decode);
    }
}

#[test]
fn the_connection_says_how_untyped_dates_are_handed_out() {
    let fixture = fixture();
    insert(&fixture, MILLIS);
    let document: Document = first(&fixture).unwrap();
    let date = *document.get_datetime("naive").unwrap();
    let aware = chrono::DateTime::from_timestamp_millis(MILLIS).unwrap();

    assert!(fixture.connection.tz_aware());
    assert_eq!(fixture.connection.dates(), Dates::default());
    assert_eq!(fixture.connection.dates().chrono(date).unwrap(), Date::Aware(aware));

    let address = fixture.connection.state().servers[0].address.clone();
    let naive = block_on(Connection::builder().to(address).tz_aware(false).connect()).unwrap();
    // Whatever is made from it.
    let naive = naive.with_document_type::<ByChrono>().with_timeout(std::time::Duration::from_secs(9));
    assert!(!naive.tz_aware());
    assert_eq!(naive.dates().chrono(date).unwrap(), Date::Naive(aware.naive_utc()));
    assert!(matches!(naive.dates().jiff(date).unwrap(), Date::Naive(_)));
    assert_eq!(naive.dates().text(date).unwrap(), "2024-02-29T11:59:59.999");
    assert_eq!(fixture.connection.dates().text(date).unwrap(), "2024-02-29T11:59:59.999Z");
}
