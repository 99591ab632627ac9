//! Lines for a bare POSIX `sh`, with `openssl`, `sha256sum`, `base64` and what every system has.
//!
//! **Invariant:** nothing that a bundle says is written into a line but as base64, hexadecimal or
//! decimals that were encoded here. A file's name comes from the command line, and is quoted.

use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lite_keys::{HashAlgorithm, KeyKind, PublicKey};
use lite_pki::Certificate;

/// The longest piece that is written into a line.
const MAX_INLINE: usize = 1 << 20;

/// What `openssl dgst -verify` says.
const DGST_OK: &str = "Verified OK";
/// What `openssl pkeyutl -verify` says.
const PKEYUTL_OK: &str = "Signature Verified Successfully";

/// Lines in the making. The first makes a folder, so that nothing is left lying about.
#[derive(Debug)]
pub(super) struct Script {
    lines: Vec<String>,
    too_long: bool,
}

impl Script {
    /// A script in a folder of its own.
    pub(super) fn new() -> Self {
        Self { lines: vec![r#"cd "$(mktemp -d)""#.to_owned()], too_long: false }
    }

    /// One line: our words alone.
    pub(super) fn line(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// A comment inside the lines.
    pub(super) fn note(&mut self, words: &str) {
        self.lines.push(format!("# {words}"));
    }

    /// These bytes, as a command that prints them.
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> String {
        format!("printf %s '{}' | base64 -d", self.encoded(bytes))
    }

    /// These bytes in base64, as a part of a line.
    pub(super) fn encoded(&mut self, bytes: &[u8]) -> String {
        if bytes.len() > MAX_INLINE {
            self.too_long = true;
            return String::new();
        }
        base64(bytes)
    }

    /// A file of these bytes.
    pub(super) fn write(&mut self, file: &str, bytes: &[u8]) {
        let bytes = self.bytes(bytes);
        self.line(format!("{bytes} > {file}"));
    }

    /// These bytes at the end of a file.
    pub(super) fn append(&mut self, file: &str, bytes: &[u8]) {
        let bytes = self.bytes(bytes);
        self.line(format!("{bytes} >> {file}"));
    }

    /// Certificates as one PEM file.
    pub(super) fn certificates(&mut self, file: &str, certificates: &[Certificate]) {
        let mut to = ">";
        for certificate in certificates {
            let bytes = self.bytes(certificate.der());
            self.line(format!("{bytes} | openssl x509 -inform DER {to} {file}"));
            to = ">>";
        }
    }

    /// A public key as a PEM file.
    pub(super) fn key(&mut self, file: &str, spki: &[u8]) {
        let bytes = self.bytes(spki);
        self.line(format!("{bytes} | openssl pkey -pubin -inform DER -pubout > {file}"));
    }

    /// The artifact as `$f`. A name with anything odd in it is written in octal, so that a line
    /// shows as what it is.
    pub(super) fn artifact(&mut self, path: &Path) {
        let plain = |c: char| c.is_alphanumeric() || c == ' ' || c.is_ascii_graphic();
        if let Some(text) = path.to_str().filter(|text| text.chars().all(plain)) {
            self.line(format!("f='{}'", text.replace('\'', r"'\''")));
            return;
        }
        let mut octal = String::new();
        for byte in path.as_os_str().as_bytes() {
            let plain = byte.is_ascii_alphanumeric() || b"/._-".contains(byte);
            // Writing into a text does not fail.
            let _ = if plain {
                write!(octal, "{}", char::from(*byte))
            } else {
                write!(octal, r"\0{byte:03o}")
            };
        }
        // A substitution drops newlines at its end, which a name may have.
        self.line(format!("f=$(printf '%b.' '{octal}'); f=${{f%.}}"));
    }

    /// Verifies `signature.bin` over a file, by `key.pem`; what is to be seen.
    pub(super) fn verify(
        &mut self,
        key: &PublicKey,
        hash: HashAlgorithm,
        signature: &[u8],
        file: &str,
    ) -> &'static str {
        self.key("key.pem", key.spki_der());
        self.write("signature.bin", signature);
        if key.kind() == KeyKind::Ed25519 {
            self.line(format!(
                "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in {file} -sigfile signature.bin"
            ));
            return PKEYUTL_OK;
        }
        let hash = hash.short_name();
        self.line(format!("openssl dgst -{hash} -verify key.pem -signature signature.bin {file}"));
        DGST_OK
    }

    /// The same over a digest that is at hand, for ECDSA and RSA.
    pub(super) fn verify_digest(
        &mut self,
        key: &PublicKey,
        (hash, digest): (HashAlgorithm, &[u8]),
        signature: &[u8],
    ) -> &'static str {
        self.key("key.pem", key.spki_der());
        self.write("signature.bin", signature);
        self.write("digest.bin", digest);
        let hash = hash.short_name();
        self.line(format!(
            "openssl pkeyutl -verify -pubin -inkey key.pem -in digest.bin -sigfile signature.bin \
             -pkeyopt digest:{hash}"
        ));
        PKEYUTL_OK
    }

    /// The lines; `None` where a piece was too long to write down.
    pub(super) fn finish(self) -> Option<Vec<String>> {
        (!self.too_long).then_some(self.lines)
    }
}

/// Base64, as `base64 -d` reads it.
pub(super) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A command that prints the digest of what comes in, in hexadecimal and nothing else.
pub(super) fn hashed(hash: HashAlgorithm) -> String {
    digest(hash, "")
}

/// The same of a file.
pub(super) fn hashed_file(hash: HashAlgorithm, file: &str) -> String {
    digest(hash, &format!(" < {file}"))
}

fn digest(hash: HashAlgorithm, from: &str) -> String {
    match hash {
        HashAlgorithm::Sha256 => format!("sha256sum{from} | head -c 64; echo"),
        other => {
            let (name, digits) = (other.short_name(), other.size() * 2);
            format!("openssl dgst -{name} -r{from} | head -c {digits}; echo")
        }
    }
}

/// A command that prints so many bytes of a file from an offset on.
pub(super) fn cut(file: &str, (offset, length): (usize, usize)) -> String {
    format!("tail -c +{} {file} | head -c {length}", offset + 1)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::process::Command;

    use super::*;

    /// Runs the lines as a reader would, with nothing in the environment.
    fn run(lines: &[String]) -> Vec<u8> {
        let mut sh = Command::new("/bin/sh");
        sh.env_clear().env("PATH", "/usr/bin:/bin").arg("-c").arg(lines.join("\n"));
        sh.output().unwrap().stdout
    }

    #[test]
    fn any_name_of_a_file_reaches_the_file() {
        let dir = tempfile::tempdir().unwrap();
        for name in [
            &b"plain.txt"[..],
            b"it's; $(id) `id` \"x\" & | > *",
            b"-rf",
            b"two\nlines\n",
            b"\xff\xfe%s\\n\\c",
            "r\u{e9}sum\u{e9} \u{202e}txt".as_bytes(),
        ] {
            let path = dir.path().join(OsStr::from_bytes(name));
            crate::files::write(&path, name, crate::files::Reader::Everyone).unwrap();
            let mut script = Script::new();
            script.artifact(&path);
            script.line("head -c 100 < \"$f\"");
            assert_eq!(run(&script.finish().unwrap()), name);
        }
    }

    #[test]
    fn what_is_too_long_is_left_out_as_a_whole() {
        let mut script = Script::new();
        script.write("a", &vec![0; MAX_INLINE]);
        script.write("b", &vec![0; MAX_INLINE + 1]);
        assert_eq!(script.finish(), None);
    }
}
