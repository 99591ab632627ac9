//! Where tests let a process die: before or after any single step on the disk.

use std::io;

/// A step on the disk is about to be taken, or was taken. Tests count these and stop at each.
#[cfg(not(any(test, feature = "faults")))]
#[expect(clippy::unnecessary_wraps, reason = "the tests' twin fails")]
#[inline]
pub(crate) fn step(_name: &'static str) -> io::Result<()> {
    Ok(())
}

/// Writes all the bytes. In tests, a write that fails has written a half of them.
#[cfg(not(any(test, feature = "faults")))]
#[inline]
pub(crate) fn write_all(
    name: &'static str,
    mut file: &std::fs::File,
    bytes: &[u8],
) -> io::Result<()> {
    step(name)?;
    io::Write::write_all(&mut file, bytes)
}

#[cfg(any(test, feature = "faults"))]
pub(crate) use testing::{step, write_all};

/// How a test breaks the disk. Steps are counted on the thread that armed them.
#[cfg(any(test, feature = "faults"))]
pub mod testing {
    use std::cell::{Cell, RefCell};

    use super::io;

    /// What happens at the step that fails.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum After {
        /// The process is dead: every later step fails too.
        Dead,
        /// The disk is full at this one step.
        NoSpace,
        /// The disk is full at this step, and after so many more nothing works.
        NoSpaceThenDead(u64),
        /// This one step fails as an I/O error.
        Broken,
    }

    thread_local! {
        static LEFT: Cell<Option<(u64, After)>> = const { Cell::new(None) };
        static DIED: Cell<bool> = const { Cell::new(false) };
        static STEPS: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
    }

    /// Fails the step after `steps` more, on this thread.
    pub fn arm(steps: u64, after: After) {
        LEFT.set(Some((steps, after)));
        DIED.set(false);
        STEPS.take();
    }

    /// Lets all steps succeed again, and returns those that were begun since [`arm`].
    #[expect(clippy::must_use_candidate, reason = "most tests only want the disk back")]
    pub fn disarm() -> Vec<&'static str> {
        LEFT.set(None);
        DIED.set(false);
        STEPS.take()
    }

    pub(crate) fn write_all(
        name: &'static str,
        mut file: &std::fs::File,
        bytes: &[u8],
    ) -> io::Result<()> {
        use std::io::Write;
        // What is dead already does not write a half either.
        let alive = !DIED.get();
        match step(name) {
            Ok(()) => file.write_all(bytes),
            Err(error) => {
                if alive {
                    file.write_all(&bytes[..bytes.len() / 2])?;
                }
                Err(error)
            }
        }
    }

    pub(crate) fn step(name: &'static str) -> io::Result<()> {
        STEPS.with_borrow_mut(|steps| steps.push(name));
        match LEFT.get() {
            None => Ok(()),
            Some((0, After::Dead)) => {
                DIED.set(true);
                Err(io::Error::other("the process is dead"))
            }
            Some((0, After::NoSpace)) => {
                LEFT.set(None);
                Err(io::Error::from(io::ErrorKind::StorageFull))
            }
            Some((0, After::NoSpaceThenDead(more))) => {
                LEFT.set(Some((more, After::Dead)));
                Err(io::Error::from(io::ErrorKind::StorageFull))
            }
            Some((0, After::Broken)) => {
                LEFT.set(None);
                Err(io::Error::other("the disk is broken"))
            }
            Some((left, after)) => {
                LEFT.set(Some((left - 1, after)));
                Ok(())
            }
        }
    }
}
