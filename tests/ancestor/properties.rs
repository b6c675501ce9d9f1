//! What a connection tells of itself without asking anybody.

use crate::support::fixture;

#[test]
fn servers_and_their_kinds_are_in_the_picture() {
    let state = fixture().connection.state();
    assert_eq!(state.servers.len(), 1, "{state}");
    assert!(state.servers[0].error.is_none(), "{state}");
}
