//! Each engine passes the same tests, and the follower is held to a log that misbehaves.

mod adapter;
mod following;
mod rig;
