//! `fulcio-lite serve --config FILE`

use std::process::ExitCode;

fn main() -> ExitCode {
    lite_http::standalone::main::<fulcio_lite::Server>()
}
