//! Tests of the log as a whole, on real files: crashes, faults, refusals.

mod crash;
mod damage;
mod faults;
mod files;
mod model;
mod refusals;
mod rig;
mod running;
