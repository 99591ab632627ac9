//! Programs named `docker-credential-NAME` (docker-credential-helpers, "Development").
//!
//! `get`: the server on standard input, JSON on standard output. `store`: the JSON on standard
//! input. What a helper prints is never repeated, since it may be a secret.

use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use zeroize::Zeroizing;

use super::KeychainError;
use crate::access::{Credential, Secret};

/// A helper may ask its person.
const PATIENCE: Duration = Duration::from_secs(60);
/// Longest answer in bytes.
const MAX_ANSWER_BYTES: usize = 64 << 10;
/// Who a token belongs to, as helpers say it.
const TOKEN_USER: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: Secret,
}

/// The credential for a server; `None` if the helper knows none.
pub(super) async fn get(helper: &str, server: &str) -> Result<Option<Credential>, KeychainError> {
    let failed = || KeychainError::Helper { helper: helper.to_owned() };
    let (fine, said) = run(helper, "get", server.as_bytes()).await.ok_or_else(failed)?;
    if !fine {
        // docker-credential-helpers, credentials/error.go.
        let unknown = said.windows(21).any(|text| text == b"credentials not found");
        return if unknown { Ok(None) } else { Err(failed()) };
    }
    let Answer { username, secret } = serde_json::from_slice(&said).map_err(|_| failed())?;
    Ok(Some(if username == TOKEN_USER {
        Credential::IdentityToken(secret)
    } else {
        Credential::Password { username, password: secret }
    }))
}

/// Hands a login to the helper.
pub(super) async fn store(
    helper: &str,
    server: &str,
    username: &str,
    password: &Secret,
) -> Result<(), KeychainError> {
    let failed = || KeychainError::Helper { helper: helper.to_owned() };
    let login = json!({"ServerURL": server, "Username": username, "Secret": password.reveal()});
    let input = Zeroizing::new(login.to_string().into_bytes());
    match run(helper, "store", &input).await {
        Some((true, _)) => Ok(()),
        _ => Err(failed()),
    }
}

/// Whether the program ended well, and what it printed; `None` if it could not be run, took too
/// long or said too much.
async fn run(helper: &str, verb: &str, input: &[u8]) -> Option<(bool, Zeroizing<Vec<u8>>)> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    // It becomes part of a program's name, which is looked up in PATH and nowhere else.
    if helper.is_empty() || !helper.bytes().all(is_name) {
        return None;
    }
    let mut child = Command::new(format!("docker-credential-{helper}"))
        .arg(verb)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take()?;
    let conversation = async {
        // A helper that does not read its input may still answer.
        let _ = stdin.write_all(input).await;
        drop(stdin);
        child.wait_with_output().await.ok()
    };
    let output = tokio::time::timeout(PATIENCE, conversation).await.ok()??;
    let said = Zeroizing::new(output.stdout);
    (said.len() <= MAX_ANSWER_BYTES).then(|| (output.status.success(), said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_helpers_name_cannot_be_a_path() {
        for name in ["../../bin/sh", "/bin/sh", "", "a b"] {
            assert!(run(name, "get", b"").await.is_none(), "{name}");
        }
    }
}
