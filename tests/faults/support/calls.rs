//! Calls that are under way, and calls that are polled step by step.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::task::{Context, Poll, Wake, Waker};

use super::{SOON, soon};

/// A call that was begun: polled once, and not ready by that.
pub struct Pending<T>(Pin<Box<dyn Future<Output = T> + Send>>);

impl<T> Pending<T> {
    #[track_caller]
    pub fn begin<F>(call: F) -> Self
    where
        F: IntoFuture<Output = T>,
        F::IntoFuture: Send + 'static,
    {
        Self::begin_with(call, Waker::noop())
    }

    /// The same, with what is to be woken when it goes on.
    #[track_caller]
    pub fn begin_with<F>(call: F, waker: &Waker) -> Self
    where
        F: IntoFuture<Output = T>,
        F::IntoFuture: Send + 'static,
    {
        Self::once(call, waker).unwrap_or_else(|_| panic!("it did not wait"))
    }

    /// Polls a call once, whatever comes of it.
    pub fn once<F>(call: F, waker: &Waker) -> Result<Self, T>
    where
        F: IntoFuture<Output = T>,
        F::IntoFuture: Send + 'static,
    {
        let mut call: Pin<Box<dyn Future<Output = T> + Send>> = Box::pin(call.into_future());
        match call.as_mut().poll(&mut Context::from_waker(waker)) {
            Poll::Pending => Ok(Self(call)),
            Poll::Ready(output) => Err(output),
        }
    }

    #[track_caller]
    pub fn end(self) -> T {
        soon(self.0)
    }
}

impl<T> Future for Pending<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<T> {
        self.0.as_mut().poll(task)
    }
}

/// What a story does between two polls.
pub enum Step {
    /// Something happened: the call is polled, woken or not.
    Poll,
    /// Nothing more will be done: the call is polled when it is woken.
    Wait,
}

/// Polls a call to its end; after every poll the story takes a step.
#[track_caller]
pub fn step_by_step<F: Future>(call: F, mut step: impl FnMut() -> Step) -> F::Output {
    struct Tell(SyncSender<()>);
    impl Wake for Tell {
        fn wake(self: Arc<Self>) {
            // Full: it is known already.
            let _ = self.0.try_send(());
        }
    }
    let (tell, woken) = sync_channel(1);
    let waker = Waker::from(Arc::new(Tell(tell)));
    let mut call = std::pin::pin!(call);
    loop {
        if let Poll::Ready(output) = call.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        if let Step::Wait = step() {
            woken.recv_timeout(SOON).expect("it hangs: nobody wakes it");
        }
    }
}
