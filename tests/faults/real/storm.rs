//! A thousand calls a second that nobody waits for.

use test_support::FaultProxy;
use test_support::fault_proxy::Traffic;

use super::Real;
use crate::drop_storm::storm;
use crate::support::{Story, stats};

at_both_depths!(a_thousand_drops_a_second_lose_no_socket_and_open_none);

const SOCKETS: u32 = 4;

fn a_thousand_drops_a_second_lose_no_socket_and_open_none(depth: u32) {
    let _story = Story::begin();
    let Some(real) = Real::start(FaultProxy::start) else { return };
    real.fill();
    let connection = real.connect(depth, SOCKETS, |builder| builder);
    real.proxy.down(Traffic::Chunks(50));
    storm(&connection, "real server");
    real.assert_at_rest(&connection);
    assert_eq!(stats(&connection).total, usize::try_from(SOCKETS).unwrap());
    real.proxy.pass();
    real.assert_sound(&connection);
    assert_eq!(real.proxy.accepted(), 1 + usize::try_from(SOCKETS).unwrap(), "none lost, none opened anew");
}
