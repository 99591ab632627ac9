//! What is recognised, what is shown, and that nothing panics: over vectors of other makers.

mod damage;
mod kinds;
mod openssl;
mod pieces;
mod secrets;
mod support;
mod vectors;
