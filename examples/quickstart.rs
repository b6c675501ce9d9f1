//! The quick start: `cargo xtask demo` runs it on a real server.

use std::env;

fn main() {
    let uri = env::var("MONGODB_URI").unwrap_or_else(|_| "mongodb://127.0.0.1:27017/".into());
    println!("A server at {uri}");
}
