//! How long a connection may do nothing before it is closed.
//!
//! The HTTP library has a deadline for headers of HTTP/1, which begins when it knows that the
//! client speaks HTTP/1. A client that says nothing, one that speaks HTTP/2 and asks for nothing,
//! and one that does not read its answer would each keep a place for ever.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

/// How long a peer may do nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// How long a client may take to say which protocol it speaks.
    pub(crate) greeting: Duration,
    /// How long no byte may move in either direction. Longer than a request may take.
    pub(crate) silence: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { greeting: Duration::from_secs(10), silence: Duration::from_secs(40) }
    }
}

/// HTTP/2 greets with as many bytes (RFC 9113, Section 3.4); fewer say nothing yet.
const GREETING_BYTES: usize = 24;

/// A stream that fails when its peer is silent for too long.
#[derive(Debug)]
pub(crate) struct Patient<S> {
    stream: S,
    silence: Duration,
    /// Bytes read so far, as far as it matters.
    greeted: usize,
    /// When the patience ends. Moved with each byte, which is cheap; `alarm` follows when it rings.
    deadline: Instant,
    alarm: Pin<Box<Sleep>>,
}

impl<S> Patient<S> {
    pub(crate) fn new(stream: S, patience: Patience) -> Self {
        let deadline = Instant::now() + patience.greeting;
        let alarm = Box::pin(tokio::time::sleep_until(deadline));
        Self { stream, silence: patience.silence, greeted: 0, deadline, alarm }
    }

    fn has_read(&mut self, bytes: usize) {
        self.greeted = self.greeted.saturating_add(bytes).min(GREETING_BYTES);
        if bytes > 0 && self.greeted == GREETING_BYTES {
            self.deadline = Instant::now() + self.silence;
        }
    }

    fn has_written(&mut self, bytes: usize) {
        if bytes > 0 {
            // Nobody answers who has not understood.
            self.greeted = GREETING_BYTES;
            self.deadline = Instant::now() + self.silence;
        }
    }

    /// What to answer while the stream has nothing: wait on, or no longer.
    fn wait<T>(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<T>> {
        loop {
            ready!(self.alarm.as_mut().poll(cx));
            if Instant::now() >= self.deadline {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            let deadline = self.deadline;
            self.alarm.as_mut().reset(deadline);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Pending => self.wait(cx),
            done @ Poll::Ready(_) => {
                self.has_read(buf.filled().len() - before);
                done
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> Patient<S> {
    fn written(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => self.wait(cx),
            Poll::Ready(done) => {
                self.has_written(*done.as_ref().unwrap_or(&0));
                Poll::Ready(done)
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Pending => self.wait(cx),
            done @ Poll::Ready(_) => done,
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_shutdown(cx) {
            Poll::Pending => self.wait(cx),
            done @ Poll::Ready(_) => done,
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    const GREETING: Duration = Duration::from_secs(10);
    const SILENCE: Duration = Duration::from_secs(40);
    /// A second less than either.
    const ALMOST_GREETING: Duration = Duration::from_secs(9);
    const ALMOST_SILENCE: Duration = Duration::from_secs(39);

    fn patient<S>(stream: S) -> Patient<S> {
        Patient::new(stream, Patience::default())
    }

    fn is_timeout<T>(done: io::Result<T>) -> bool {
        done.is_err_and(|why| why.kind() == io::ErrorKind::TimedOut)
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_waited_for_ten_seconds() {
        let start = Instant::now();
        let (_client, server) = duplex(64);
        assert!(is_timeout(patient(server).read_u8().await));
        assert_eq!(start.elapsed().as_secs(), GREETING.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_greeting_in_drops_is_no_longer_than_one_at_once() {
        let start = Instant::now();
        let (mut client, server) = duplex(64);
        let mut server = patient(server);
        client.write_all(b"PRI ").await.unwrap();
        server.read_exact(&mut [0; 4]).await.unwrap();
        tokio::time::sleep(ALMOST_GREETING).await;
        client.write_all(b"* ").await.unwrap();
        server.read_exact(&mut [0; 2]).await.unwrap();
        assert!(is_timeout(server.read_u8().await));
        assert_eq!(start.elapsed().as_secs(), GREETING.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn each_byte_buys_time() {
        let (mut client, server) = duplex(64);
        let mut server = patient(server);
        for _ in 0..5 {
            client.write_all(&[0; GREETING_BYTES]).await.unwrap();
            server.read_exact(&mut [0; GREETING_BYTES]).await.unwrap();
            tokio::time::sleep(ALMOST_SILENCE).await;
        }
        let last = Instant::now();
        assert!(is_timeout(server.read_u8().await));
        assert_eq!(last.elapsed().as_secs(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_does_not_read_the_answer_is_left() {
        let start = Instant::now();
        let (_client, server) = duplex(64);
        assert!(is_timeout(patient(server).write_all(&[0; 65]).await));
        assert_eq!(start.elapsed().as_secs(), SILENCE.as_secs());
    }
}
