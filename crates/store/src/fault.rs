//! Where tests let a process die: before or after any single step on the disk.

use std::io;

/// A step on the disk is about to be taken, or was taken. Tests count these and stop at each.
#[cfg(not(test))]
#[expect(clippy::unnecessary_wraps, reason = "the tests' twin fails")]
#[inline]
pub(crate) fn step(_name: &'static str) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
pub(crate) use testing::step;

#[cfg(test)]
pub(crate) mod testing {
    use std::cell::{Cell, RefCell};

    use super::io;

    /// What happens at the step that fails.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum After {
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
        static STEPS: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
    }

    /// Fails the step after `steps` more, on this thread.
    pub(crate) fn arm(steps: u64, after: After) {
        LEFT.set(Some((steps, after)));
        STEPS.take();
    }

    /// Lets all steps succeed again, and returns those that were begun since [`arm`].
    pub(crate) fn disarm() -> Vec<&'static str> {
        LEFT.set(None);
        STEPS.take()
    }

    pub(crate) fn step(name: &'static str) -> io::Result<()> {
        STEPS.with_borrow_mut(|steps| steps.push(name));
        match LEFT.get() {
            None => Ok(()),
            Some((0, After::Dead)) => Err(io::Error::other("the process is dead")),
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
