//! The store without HTTP: what it keeps, what it forgets, and what is left when it dies.

mod collecting;
mod crash;
mod rig;
