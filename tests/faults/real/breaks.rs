//! Sockets that end in the middle of a reply, and while nobody uses them.

use actix_mongo::Kind;
use actix_mongo::bson::doc;
use test_support::FaultProxy;
use test_support::fault_proxy::Traffic;
use test_support::poll_until;

use super::Real;
use crate::support::{
    Is, Pending, SOON, Story, assert_error, build_info, collection, database, ping, soon, stats,
    wait_for_sockets,
};

at_both_depths! {
    a_reply_that_is_cut,
    a_read_whose_reply_is_cut_is_sent_once_more,
    a_write_whose_reply_is_cut_is_done_once,
    the_end_of_idle_sockets_clears_nothing,
}

/// In the middle of a reply: of its header, of its body.
const PLACES: [usize; 3] = [1, 9, 60];
const LARGE: usize = 10_000;

fn a_reply_that_is_cut(depth: u32) {
    let _story = Story::begin();
    let Some(real) = Real::start(FaultProxy::start) else { return };
    let connection = real.connect(depth, 1, |builder| builder);
    for (cleared, place) in (1..).zip(PLACES) {
        real.proxy.down(Traffic::Stall);
        let sent = real.proxy.bytes().0;
        let call = Pending::begin(build_info(&connection));
        poll_until(SOON, "the request", || real.proxy.bytes().0 > sent);
        // At depth 1 they wait; above it they are written to the same socket. So large that no
        // check of the monitor's is taken for one.
        let sent = real.proxy.bytes().0;
        let large = || database(&connection).run_command(doc! { "ping": 1, "comment": "x".repeat(LARGE) });
        let others: Vec<_> = (0..3).map(|_| Pending::begin(large())).collect();
        if depth > 1 {
            poll_until(SOON, "the others", || real.proxy.bytes().0 >= sent + 3 * LARGE as u64);
        }
        real.proxy.cut_after(place);
        real.proxy.pass();
        let network = &[Is::Network, Is::MayHaveRun];
        assert_error(&call.end().unwrap_err(), Kind::AutoReconnect, network);
        for other in others {
            let error = other.end().unwrap_err();
            match depth {
                1 => assert_error(&error, Kind::PoolCleared, &[Is::Network]),
                _ => assert_error(&error, Kind::AutoReconnect, network),
            }
        }
        real.assert_sound(&connection);
        assert_eq!(stats(&connection).generation, cleared);
    }
}

fn a_read_whose_reply_is_cut_is_sent_once_more(depth: u32) {
    let _story = Story::begin();
    let Some(real) = Real::start(FaultProxy::start) else { return };
    real.fill();
    let connection = real.connect(depth, 1, |builder| builder);
    for place in PLACES {
        real.proxy.cut_after(place);
        let found = soon(collection(&connection).find_one(doc! { "_id": 3 })).expect("the second attempt");
        assert_eq!(found, Some(doc! { "_id": 3, "a": 1 }));
        real.assert_sound(&connection);
    }
    assert_eq!(stats(&connection).generation, 3);
}

fn a_write_whose_reply_is_cut_is_done_once(depth: u32) {
    let _story = Story::begin();
    let Some(real) = Real::start(FaultProxy::start) else { return };
    real.fill();
    let connection = real.connect(depth, 1, |builder| builder);
    let things = collection(&connection);
    for place in PLACES {
        real.proxy.cut_after(place);
        let place = i32::try_from(place).unwrap();
        soon(things.insert_one(doc! { "place": place })).expect("the second attempt");
        assert_eq!(real.count(doc! { "place": place }), 1, "the server knew its number");
        real.proxy.cut_after(place as usize);
        let raised =
            soon(things.update_one(doc! { "_id": 0 }, doc! { "$inc": { "a": 1 } })).expect("the same");
        assert_eq!(raised.modified_count, 1);
        real.assert_sound(&connection);
    }
    assert_eq!(real.count(doc! { "_id": 0, "a": 1 + 3 }), 1, "raised three times, and not six");
}

fn the_end_of_idle_sockets_clears_nothing(depth: u32) {
    let _story = Story::begin();
    let Some(real) = Real::start(FaultProxy::start) else { return };
    // A least number would be kept, and this one is to fall.
    let connection = soon(real.builder(depth).max_pool_size(4).max_connecting(4).connect()).unwrap();
    let holders = {
        let calls: Vec<_> = (0..4 * depth).map(|_| Pending::begin(ping(&connection))).collect();
        calls
    };
    holders.into_iter().for_each(|call| drop(call.end().unwrap()));
    poll_until(SOON, "what was begun", || stats(&connection).pending == 0);
    let sockets = stats(&connection).total;
    for (ended, number) in (1..).zip(2..=sockets + 1) {
        assert!(if ended % 2 == 0 { real.proxy.reset(number) } else { real.proxy.close(number) });
        wait_for_sockets(&connection, sockets - ended);
    }
    real.assert_sound(&connection);
    assert_eq!((stats(&connection).generation, stats(&connection).total), (0, 1));
    assert_eq!(real.proxy.accepted(), 1 + sockets + 1, "the monitor's lives");
}
