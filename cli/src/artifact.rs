//! What is signed or verified: a file, standard input, or a digest that stands for it.

use std::ffi::OsString;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser as _, ValueParser, ValueParserFactory};
use lite_keys::HashAlgorithm;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

/// An artifact as it is named on the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Artifact {
    /// A file to read.
    File(PathBuf),
    /// What comes in on standard input.
    Stdin,
    /// `sha256:…`: the digest of something that need not be here.
    Digest(ArtifactDigest),
}

/// As it is said on a command line.
impl std::fmt::Display for Artifact {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Stdin => f.write_str("-"),
            Self::Digest(digest) => {
                write!(f, "{}:{}", digest.algorithm.short_name(), digest.hex())
            }
        }
    }
}

/// A digest and the algorithm that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ArtifactDigest {
    /// The algorithm.
    pub(crate) algorithm: HashAlgorithm,
    /// As many bytes as the algorithm makes.
    pub(crate) bytes: Vec<u8>,
}

impl std::str::FromStr for Artifact {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "-" {
            return Ok(Self::Stdin);
        }
        // A file of that name wins, so that no file becomes unreachable.
        match text.split_once(':') {
            Some((name, hex)) if !Path::new(text).exists() => match algorithm(name) {
                Some(algorithm) => ArtifactDigest::parse(algorithm, hex).map(Self::Digest),
                None => Ok(Self::File(text.into())),
            },
            _ => Ok(Self::File(text.into())),
        }
    }
}

/// A file's name is any bytes; only what is not a file must be text.
impl ValueParserFactory for Artifact {
    type Parser = ValueParser;

    fn value_parser() -> ValueParser {
        let read = |name: OsString| match name.into_string() {
            Ok(text) => text.parse(),
            Err(name) => Ok(Self::File(name.into())),
        };
        OsStringValueParser::new().try_map(read).into()
    }
}

impl ArtifactDigest {
    /// Reads lower- or upper-case hexadecimal of the right length.
    pub(crate) fn parse(algorithm: HashAlgorithm, text: &str) -> Result<Self, String> {
        let bytes = hex::decode(text)
            .map_err(|error| format!("not a hexadecimal digest: {text} ({error})"))?;
        if bytes.len() != algorithm.size() {
            let (name, size) = (algorithm.short_name(), algorithm.size());
            return Err(format!("a {name} digest has {size} bytes, this one {}", bytes.len()));
        }
        Ok(Self { algorithm, bytes })
    }

    /// The digest in lower-case hexadecimal.
    pub(crate) fn hex(&self) -> String {
        hex::encode(&self.bytes)
    }
}

/// The algorithm that in-toto and OCI call by this name.
pub(crate) fn algorithm(name: &str) -> Option<HashAlgorithm> {
    HashAlgorithm::ALL.into_iter().find(|algorithm| algorithm.short_name() == name)
}

impl Artifact {
    /// The name of the file, without its folders, where it is one.
    pub(crate) fn file_name(&self) -> Option<String> {
        match self {
            Self::File(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
            Self::Stdin | Self::Digest(_) => None,
        }
    }

    /// The digest of the artifact; a file is read as a stream and may be larger than memory.
    pub(crate) fn digest(&self, algorithm: HashAlgorithm) -> Outcome<ArtifactDigest> {
        if let Self::Digest(digest) = self
            && digest.algorithm != algorithm
        {
            return Err(Failure::usage("this signature needs a digest of another algorithm")
                .note("expected", algorithm.short_name())
                .note("found", digest.algorithm.short_name())
                .hint("name the file itself instead of its digest"));
        }
        let mut digests = self.digests(&[algorithm])?;
        // One algorithm was asked for, so there is one digest.
        digests.pop().ok_or_else(|| Failure::new(Exit::Internal, "no digest was made"))
    }

    /// Several digests from reading once. A digest given on the command line is the only one.
    pub(crate) fn digests(&self, wanted: &[HashAlgorithm]) -> Outcome<Vec<ArtifactDigest>> {
        match self {
            Self::File(path) => {
                let refuse = |error| cannot_read(path, &error);
                stream(File::open(path).map_err(refuse)?, wanted).map_err(refuse)
            }
            Self::Stdin => stream(std::io::stdin().lock(), wanted)
                .map_err(|error| cannot_read(Path::new("standard input"), &error)),
            Self::Digest(digest) => Ok(vec![digest.clone()]),
        }
    }

    /// What people call it, and the name of an in-toto subject: the last part of the path.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::File(path) => path
                .file_name()
                .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into()),
            Self::Stdin => "-".to_owned(),
            Self::Digest(digest) => format!("{}:{}", digest.algorithm.short_name(), digest.hex()),
        }
    }

    /// Where the signature of this artifact lies when nothing else is said:
    /// `FILE.sigstore.json`.
    pub(crate) fn default_bundle(&self) -> Option<PathBuf> {
        self.beside(".sigstore.json")
    }

    /// Where a statement about it lies: a name of its own, so that it does not replace the
    /// signature.
    pub(crate) fn default_attestation(&self) -> Option<PathBuf> {
        self.beside(".attestation.sigstore.json")
    }

    fn beside(&self, suffix: &str) -> Option<PathBuf> {
        match self {
            Self::File(path) => {
                let mut name = path.as_os_str().to_owned();
                name.push(suffix);
                Some(name.into())
            }
            Self::Stdin | Self::Digest(_) => None,
        }
    }
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Failure {
    Failure::usage(format!("cannot read {}", path.display())).because(error)
}

/// The algorithms that are running, each with its state.
enum Running {
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl Running {
    fn new(algorithm: HashAlgorithm) -> Self {
        match algorithm {
            HashAlgorithm::Sha256 => Self::Sha256(Sha256::new()),
            HashAlgorithm::Sha384 => Self::Sha384(Sha384::new()),
            HashAlgorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(state) => state.update(bytes),
            Self::Sha384(state) => state.update(bytes),
            Self::Sha512(state) => state.update(bytes),
        }
    }

    fn finish(self) -> ArtifactDigest {
        let (algorithm, bytes) = match self {
            Self::Sha256(state) => (HashAlgorithm::Sha256, state.finalize().to_vec()),
            Self::Sha384(state) => (HashAlgorithm::Sha384, state.finalize().to_vec()),
            Self::Sha512(state) => (HashAlgorithm::Sha512, state.finalize().to_vec()),
        };
        ArtifactDigest { algorithm, bytes }
    }
}

fn stream(mut source: impl Read, wanted: &[HashAlgorithm]) -> std::io::Result<Vec<ArtifactDigest>> {
    let mut running: Vec<Running> = wanted.iter().copied().map(Running::new).collect();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let length = match source.read(&mut buffer) {
            Ok(0) => return Ok(running.into_iter().map(Running::finish).collect()),
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        for state in &mut running {
            state.update(&buffer[..length]);
        }
    }
}

/// The bundle of an artifact: where `--bundle` says, or beside the artifact.
pub(crate) fn bundle_path(given: Option<&Path>, beside: Option<PathBuf>) -> Outcome<PathBuf> {
    given.map(Path::to_path_buf).or(beside).ok_or_else(|| {
        Failure::usage("there is no file to find the bundle beside").hint("add --bundle FILE")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn a_digest_stands_for_what_is_not_here() {
        let artifact: Artifact = format!("sha256:{EMPTY}").parse().unwrap();
        let digest = artifact.digest(HashAlgorithm::Sha256).unwrap();
        assert_eq!(digest.hex(), EMPTY);
        assert!(artifact.digest(HashAlgorithm::Sha384).is_err());
    }

    #[test]
    fn a_digest_of_the_wrong_length_is_not_a_file_name() {
        assert!("sha256:00".parse::<Artifact>().unwrap_err().contains("32 bytes"));
        assert!("sha256:xyz".parse::<Artifact>().is_err());
    }

    #[test]
    fn a_colon_alone_makes_no_digest() {
        assert_eq!("a:b".parse(), Ok(Artifact::File("a:b".into())));
        assert_eq!("-".parse(), Ok(Artifact::Stdin));
    }

    #[test]
    fn a_file_may_have_any_name() {
        use std::os::unix::ffi::OsStringExt as _;
        #[derive(clap::Parser)]
        struct Line {
            artifact: Artifact,
        }
        let parse = |name: &OsString| {
            <Line as clap::Parser>::try_parse_from([&"siglite".into(), name])
                .map(|line| line.artifact)
        };
        let name = OsString::from_vec(b"\xff\xfe".to_vec());
        assert_eq!(parse(&name).unwrap(), Artifact::File(name.into()));
        assert_eq!(parse(&"-".into()).unwrap(), Artifact::Stdin);
        assert!(parse(&"sha256:00".into()).is_err());
    }

    #[test]
    fn a_file_and_its_digest_agree() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("empty");
        crate::files::write(&path, b"", crate::files::Reader::Everyone).unwrap();
        let artifact = Artifact::File(path);
        assert_eq!(artifact.digest(HashAlgorithm::Sha256).unwrap().hex(), EMPTY);
        let all = artifact.digests(&HashAlgorithm::ALL).unwrap();
        for digest in all {
            assert_eq!(digest.bytes, digest.algorithm.digest(b""));
        }
    }

    #[test]
    fn the_bundle_lies_beside_its_file() {
        let artifact = Artifact::File("dir/a.txt".into());
        assert_eq!(artifact.default_bundle(), Some("dir/a.txt.sigstore.json".into()));
        assert_eq!(artifact.name(), "a.txt");
        assert_ne!(artifact.default_bundle(), artifact.default_attestation());
        let beside = artifact.default_bundle();
        assert_eq!(bundle_path(Some(Path::new("b")), beside).unwrap(), PathBuf::from("b"));
        assert!(bundle_path(None, Artifact::Stdin.default_bundle()).is_err());
    }
}
