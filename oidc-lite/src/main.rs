//! `oidc-lite`, a process of its own. See `oidc-lite --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    lite_http::standalone::main::<oidc_lite::Alone>()
}
