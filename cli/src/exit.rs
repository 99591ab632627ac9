//! The exit codes: the verdict of a command, for scripts.
//!
//! `docs/exit-codes.md` and `siglite exit-codes` are made from this table, and a test holds them
//! to it.

/// How a run of `siglite` ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// What was asked was done; what was verified holds.
    Ok = 0,
    /// A signature, a proof or an identity did not hold.
    Refused = 1,
    /// The command line asks for something that does not exist or does not fit together.
    Usage = 2,
    /// A server could not be reached, or answered something that is not its protocol.
    Instance = 3,
    /// The trust material is missing, damaged, expired or of another instance.
    Trust = 4,
    /// Nobody is signed in, or the identity was not accepted.
    Identity = 5,
    /// A data folder is in use, damaged or not writable, or a port is taken.
    Folder = 6,
    /// The image carries no signature. This code and the next three are cosign's own
    /// (`doc/cosign_exit_codes.md`), so that scripts written for it keep their meaning.
    NoSignatures = 10,
    /// The image does not exist: no such tag or digest in the repository.
    NoImage = 11,
    /// The image carries signatures, and none is by whom was asked for.
    NoMatch = 12,
    /// A signature that an identity was asked for carries no certificate.
    NoCertificate = 13,
    /// An audit found the log good, and new entries of an identity that is watched.
    Watched = 20,
    /// A fault of `siglite` itself.
    Internal = 70,
}

impl Exit {
    /// Every code, in the order of the documentation.
    pub(crate) const ALL: [Self; 13] = [
        Self::Ok,
        Self::Refused,
        Self::Usage,
        Self::Instance,
        Self::Trust,
        Self::Identity,
        Self::Folder,
        Self::NoSignatures,
        Self::NoImage,
        Self::NoMatch,
        Self::NoCertificate,
        Self::Watched,
        Self::Internal,
    ];

    /// The number the shell sees.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// One word, for `--output json`.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Refused => "refused",
            Self::Usage => "usage",
            Self::Instance => "instance",
            Self::Trust => "trust",
            Self::Identity => "identity",
            Self::Folder => "folder",
            Self::NoSignatures => "no-signatures",
            Self::NoImage => "no-image",
            Self::NoMatch => "no-match",
            Self::NoCertificate => "no-certificate",
            Self::Watched => "watched",
            Self::Internal => "internal",
        }
    }

    /// What the code means, for people.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Ok => "What was asked was done; what was verified holds.",
            Self::Refused => {
                "Verification refused: a signature, a proof or an identity does not hold."
            }
            Self::Usage => {
                "The command line, or a file named on it, is not what the command needs."
            }
            Self::Instance => {
                "A server cannot be reached, or its answer is not what the protocol says."
            }
            Self::Trust => {
                "The trust material is missing, damaged, expired or of another instance."
            }
            Self::Identity => "Not signed in, or the identity token was not accepted.",
            Self::Folder => {
                "The data folder is in use, damaged or not writable, or the port is taken."
            }
            Self::NoSignatures => "The image carries no signatures.",
            Self::NoImage => "The image does not exist: the repository has no such tag or digest.",
            Self::NoMatch => "The image carries signatures, and none is by whom was asked for.",
            Self::NoCertificate => {
                "An identity was asked for, and the signature carries no certificate."
            }
            Self::Watched => {
                "The log is as it was signed, and has new entries of an identity that is watched."
            }
            Self::Internal => "A fault of siglite itself. Please report it.",
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// The table as text, one code a line.
pub(crate) fn table() -> String {
    let lines = Exit::ALL.map(|exit| format!("{:>3}  {}", exit.code(), exit.meaning()));
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_says_what_the_table_says() {
        let document = include_str!("../../docs/exit-codes.md");
        for exit in Exit::ALL {
            let line = format!("| {} | {} | {} |", exit.code(), exit.word(), exit.meaning());
            assert!(document.contains(&line), "docs/exit-codes.md lacks: {line}");
        }
    }

    #[test]
    fn no_two_outcomes_share_a_code() {
        let codes: std::collections::BTreeSet<u8> = Exit::ALL.iter().map(|e| e.code()).collect();
        assert_eq!(codes.len(), Exit::ALL.len());
    }
}
