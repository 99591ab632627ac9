//! `fulcio-lite`, a process of its own. See `fulcio-lite --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lite_http::standalone::main::<fulcio_lite::Alone>()
}
