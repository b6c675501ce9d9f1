//! One host at a time, from `connect` to `close`.

use actix_mongo::{Connection, Result};
use test_support::block_on;

use crate::support::{live, uri};

async fn connect() -> Result<Connection> {
    Connection::connect(uri()).await
}

#[test]
fn a_tokio_runtime_of_many_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async { tokio::spawn(async { live(connect().await.unwrap()).await }).await.unwrap() });
}

#[test]
fn a_tokio_runtime_of_one_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { live(connect().await.unwrap()).await });
}

#[test]
fn a_tokio_runtime_without_drivers() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async { live(connect().await.unwrap()).await });
}

#[test]
fn an_actix_program() {
    #[actix::main]
    async fn main() -> Result<()> {
        let connection = connect().await?;
        // As a task of the arbiter, and as one of another.
        actix::spawn(crate::support::work(crate::support::collection(&connection), 0)).await.unwrap();
        let other = actix::Arbiter::new();
        let (done, told) = tokio::sync::oneshot::channel();
        let things = crate::support::collection(&connection);
        assert!(other.spawn(async move {
            crate::support::work(things, 0).await;
            done.send(()).unwrap();
        }));
        told.await.unwrap();
        other.stop();
        live(connection).await;
        Ok(())
    }
    main().unwrap();
}

#[test]
fn a_plain_thread_with_a_simple_executor() {
    block_on(async { live(connect().await.unwrap()).await });
}
