//! The clients of four makers, each as it is, behind one pair of verbs.

use std::path::{Path, PathBuf};
use std::process::Command;

use lite_tests::{ALICE, Ran, Stack, Tool, run};

/// A client, and where it has its trust from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// Ours.
    Siglite,
    /// cosign 3 with files.
    Cosign,
    /// cosign 3 after `cosign initialize` from our TUF repository.
    CosignTuf,
    /// sigstore-python with `--trust-config`.
    Python,
    /// sigstore-python after `trust-instance` from our TUF repository.
    PythonTuf,
    /// sigstore-go's example programs.
    SigstoreGo,
}

/// What a verifier is told to accept.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) identity: String,
    pub(crate) issuer: String,
    /// Another trusted root than the stack's own.
    pub(crate) trusted_root: Option<PathBuf>,
}

impl Policy {
    /// What Alice's own signatures satisfy.
    pub(crate) fn of(stack: &Stack) -> Self {
        Self { identity: ALICE.to_owned(), issuer: stack.issuer(), trusted_root: None }
    }
}

impl Client {
    pub(crate) const ALL: [Self; 6] = [
        Self::Siglite,
        Self::Cosign,
        Self::CosignTuf,
        Self::Python,
        Self::PythonTuf,
        Self::SigstoreGo,
    ];

    /// Those that take a trusted root as a file.
    pub(crate) const WITH_FILES: [Self; 4] =
        [Self::Siglite, Self::Cosign, Self::Python, Self::SigstoreGo];

    /// Whether this machine has it; says so if not.
    #[track_caller]
    pub(crate) fn is_here(self) -> bool {
        match self {
            Self::Siglite => true,
            Self::Cosign | Self::CosignTuf => Tool::Cosign.find().is_some(),
            Self::Python | Self::PythonTuf => Tool::Python.find().is_some(),
            Self::SigstoreGo => Tool::SigstoreGoSigning.find().is_some(),
        }
    }

    /// Takes the stack's trust from its TUF repository, as a person does once.
    #[track_caller]
    pub(crate) fn initialize(self, stack: &Stack) {
        let mirror = format!("{}/tuf", stack.url());
        let root = stack.client("root.json");
        match self {
            Self::CosignTuf => {
                let mut command = self.command(stack);
                command.args(["initialize", "--mirror", &mirror, "--root"]).arg(root);
                let _ = run(&mut command).ok();
            }
            Self::PythonTuf => {
                let mut command = self.command(stack);
                command.args(["--instance", &mirror, "trust-instance"]).arg(root);
                let _ = run(&mut command).ok();
            }
            Self::Siglite | Self::Cosign | Self::Python | Self::SigstoreGo => {}
        }
    }

    /// Signs `file` as Alice; the bundle is at the returned path.
    #[track_caller]
    pub(crate) fn sign(self, stack: &Stack, file: &Path) -> PathBuf {
        let bundle = stack.home().join(format!("{self:?}.sigstore.json"));
        let token = stack.token();
        let mut command = self.command(stack);
        match self {
            Self::Siglite => {
                command.arg("sign-blob").arg(file).arg("--bundle").arg(&bundle);
                command.args(["--yes", "--identity-token", &token]);
            }
            Self::Cosign | Self::CosignTuf => {
                command.arg("sign-blob").arg(file).arg("--bundle").arg(&bundle);
                command.args(["--yes", "--identity-token", &token]);
                if self == Self::Cosign {
                    command.arg("--trusted-root").arg(stack.client("trusted_root.json"));
                    command.arg("--signing-config").arg(stack.client("signing_config.json"));
                }
            }
            Self::Python | Self::PythonTuf => {
                self.python_trust(&mut command, stack);
                command.args(["sign", "--identity-token", &token, "--bundle"]).arg(&bundle);
                command.arg(file);
            }
            Self::SigstoreGo => {
                command.args(["-tsa", "-rekor", "-id-token", &token, "-trusted-root"]);
                command.arg(stack.client("trusted_root.json")).arg("-signing-config");
                command.arg(stack.client("signing_config.json")).arg(file);
            }
        }
        let said = run(&mut command).ok();
        if self == Self::SigstoreGo {
            // It prints its key, and then the bundle.
            let json = said.find("{\"").map_or("", |start| &said[start..]);
            let _ = stack.file("SigstoreGo.sigstore.json", json);
        }
        assert!(bundle.is_file(), "{self:?} left no bundle");
        bundle
    }

    /// Verifies `file` and `bundle` against `policy`.
    #[track_caller]
    pub(crate) fn verify(self, stack: &Stack, file: &Path, bundle: &Path, policy: &Policy) -> Ran {
        let Policy { identity, issuer, trusted_root } = policy;
        let root = trusted_root.clone().unwrap_or_else(|| stack.client("trusted_root.json"));
        let mut command = if self == Self::SigstoreGo {
            stack.command(&Tool::SigstoreGoVerification.find().expect("it comes with the other"))
        } else {
            self.command(stack)
        };
        match self {
            Self::Siglite | Self::Cosign | Self::CosignTuf => {
                command.arg("verify-blob").arg(file).arg("--bundle").arg(bundle);
                command.args(["--certificate-identity", identity]);
                command.args(["--certificate-oidc-issuer", issuer]);
                if self != Self::CosignTuf {
                    command.arg("--trusted-root").arg(root);
                }
            }
            Self::Python | Self::PythonTuf => {
                match trusted_root {
                    Some(root) => {
                        command.arg("--trust-config").arg(trust_config_with(stack, root));
                    }
                    None => self.python_trust(&mut command, stack),
                }
                command.args(["verify", "identity", "--bundle"]).arg(bundle);
                command.args(["--cert-identity", identity, "--cert-oidc-issuer", issuer]);
                command.arg(file);
            }
            Self::SigstoreGo => {
                command.arg("-artifact").arg(file).args(["-expectedSAN", identity]);
                command.args(["-expectedIssuer", issuer, "-trustedrootJSONpath"]);
                command.arg(root).arg(bundle);
            }
        }
        run(&mut command)
    }

    #[track_caller]
    fn command(self, stack: &Stack) -> Command {
        let tool = |tool: Tool| stack.command(&tool.find().expect("asked for before"));
        match self {
            Self::Siglite => stack.siglite(),
            Self::Cosign | Self::CosignTuf => tool(Tool::Cosign),
            Self::SigstoreGo => tool(Tool::SigstoreGoSigning),
            Self::Python | Self::PythonTuf => {
                let mut command = tool(Tool::Python);
                command.args(["-m", "sigstore"]);
                command
            }
        }
    }

    fn python_trust(self, command: &mut Command, stack: &Stack) {
        if self == Self::PythonTuf {
            command.args(["--instance", &format!("{}/tuf", stack.url())]);
        } else {
            command.arg("--trust-config").arg(stack.client("trust_config.json"));
        }
    }
}

/// sigstore-python takes no trusted root alone: this is the stack's own configuration with
/// another trusted root in it.
fn trust_config_with(stack: &Stack, trusted_root: &Path) -> PathBuf {
    let read = |path: &Path| -> serde_json::Value {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    };
    let mut config = read(&stack.client("trust_config.json"));
    config["trustedRoot"] = read(trusted_root);
    stack.file("other_trust_config.json", &config.to_string())
}
