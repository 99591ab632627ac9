//! What was being verified, so that the command that helps can be written out whole.
//!
//! A command is for a person to read and paste: every word that came from a bundle or from the
//! command line is quoted for the shell, and nothing that is secret is repeated.

use std::path::Path;

use super::flags::VerifyFlags;
use crate::artifact::Artifact;
use crate::files;

/// One run of a command that verifies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scene {
    /// The command, such as `verify-blob`; empty where nobody asked for a verification.
    command: String,
    /// What it takes besides who must have signed, each a quoted word.
    operands: Vec<String>,
    /// `--type`, where the command has one.
    kind: Option<String>,
    /// Who must have signed, as flags and values.
    signer: Vec<(&'static str, String)>,
    /// What else narrows the demand, the same way.
    rest: Vec<(&'static str, String)>,
    /// The command that shows what is there.
    look: String,
    /// The command that signs it again.
    sign: String,
}

/// What is said otherwise the next time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instead<'a> {
    /// Another identity.
    Identity(&'a str),
    /// Another issuer.
    Issuer(&'a str),
    /// A key, and no identity.
    Key,
    /// An identity, and no key.
    Signer,
    /// Another type.
    Kind(&'a str),
    /// Another bundle of the same artifact.
    Bundle,
    /// Nothing.
    Nothing,
}

impl Scene {
    /// A file and its bundle.
    pub(crate) fn blob(
        command: &str,
        (artifact, bundle): (&Artifact, &Path),
        kind: Option<&str>,
        flags: &VerifyFlags,
    ) -> Self {
        let file = match artifact {
            Artifact::File(path) => quoted(&path.display().to_string()),
            Artifact::Stdin | Artifact::Digest(_) => artifact.to_string(),
        };
        let path = quoted(&bundle.display().to_string());
        let sign = match kind {
            Some(kind) => {
                format!("siglite attest-blob {file} --type {} --predicate FILE", quoted(kind))
            }
            None => format!("siglite sign-blob {file}"),
        };
        let bundle = if files::is_dash(bundle) { "FILE".to_owned() } else { path };
        Self {
            look: format!("siglite inspect {bundle}"),
            operands: vec![file, format!("--bundle {bundle}")],
            sign,
            ..Self::of(command, kind, flags)
        }
    }

    /// An image and what is attached to it.
    pub(crate) fn image(
        command: &str,
        image: &str,
        kind: Option<&str>,
        flags: &VerifyFlags,
    ) -> Self {
        let image = quoted(image);
        let (look, sign) = match kind {
            Some(kind) => (
                format!("siglite download attestation {image}"),
                format!("siglite attest {image} --type {} --predicate FILE", quoted(kind)),
            ),
            None => {
                (format!("siglite download signature {image}"), format!("siglite sign {image}"))
            }
        };
        Self { look, sign, operands: vec![image], ..Self::of(command, kind, flags) }
    }

    fn of(command: &str, kind: Option<&str>, flags: &VerifyFlags) -> Self {
        let given = |flags: &[(&'static str, Option<&str>)]| {
            let given =
                flags.iter().filter_map(|(flag, value)| Some((*flag, (*value)?.to_owned())));
            given.collect::<Vec<_>>()
        };
        let (policy, workflow) = (&flags.policy, &flags.workflow);
        let root = flags.trust.trusted_root.as_ref().map(|path| path.display().to_string());
        Self {
            command: command.to_owned(),
            kind: kind.map(str::to_owned),
            signer: given(&[
                (NAME, policy.certificate_identity.as_deref()),
                ("--certificate-identity-regexp", policy.certificate_identity_regexp.as_deref()),
                (ISSUER, policy.certificate_oidc_issuer.as_deref()),
                (
                    "--certificate-oidc-issuer-regexp",
                    policy.certificate_oidc_issuer_regexp.as_deref(),
                ),
                ("--key", policy.key.as_deref()),
            ]),
            rest: given(&[
                ("--certificate-github-workflow-name", workflow.name.as_deref()),
                ("--certificate-github-workflow-ref", workflow.reference.as_deref()),
                ("--certificate-github-workflow-repository", workflow.repository.as_deref()),
                ("--certificate-github-workflow-sha", workflow.sha.as_deref()),
                ("--certificate-github-workflow-trigger", workflow.trigger.as_deref()),
                ("--trusted-root", root.as_deref()),
            ]),
            ..Self::default()
        }
    }

    /// The command that shows what is there, none of it verified.
    pub(crate) fn look(&self) -> String {
        self.or_in_general(&self.look, "siglite inspect BUNDLE")
    }

    /// The command that prints a verified statement.
    pub(crate) fn what_it_says(&self) -> String {
        format!("{} --statement-out -", self.again(Instead::Nothing))
    }

    /// The command that signs it again.
    pub(crate) fn sign(&self) -> String {
        self.or_in_general(&self.sign, "siglite sign-blob FILE")
    }

    /// The same verification with one thing said otherwise.
    pub(crate) fn again(&self, instead: Instead<'_>) -> String {
        let command =
            if self.command.is_empty() { "verify-blob FILE" } else { self.command.as_str() };
        let mut words = vec![format!("siglite {command}")];
        match instead {
            Instead::Bundle => {
                let operands = self.operands.iter().filter(|word| !word.starts_with("--bundle"));
                words.extend(operands.cloned());
                if self.operands.len() > 1 || self.command.is_empty() {
                    words.push("--bundle BUNDLE".to_owned());
                }
            }
            _ => words.extend(self.operands.iter().cloned()),
        }
        let kind = match instead {
            Instead::Kind(kind) => Some(kind),
            _ => self.kind.as_deref(),
        };
        words.extend(kind.map(|kind| format!("--type {}", quoted(kind))));
        words.extend(
            self.signed_by(instead)
                .into_iter()
                .chain(self.rest.clone())
                .map(|(flag, value)| format!("{flag} {}", quoted(&value))),
        );
        words.join(" ")
    }

    /// The same files, verified by another command.
    pub(crate) fn with_command(&self, command: &str, kind: Option<&str>) -> Self {
        Self { command: command.to_owned(), kind: kind.map(str::to_owned), ..self.clone() }
    }

    fn signed_by(&self, instead: Instead<'_>) -> Vec<(&'static str, String)> {
        let keep = |unlike: &str| {
            let kept = self.signer.iter().filter(|(flag, _)| !flag.starts_with(unlike));
            kept.cloned().collect::<Vec<_>>()
        };
        let with = |mut flags: Vec<(&'static str, String)>, flag, value: &str| {
            flags.push((flag, value.to_owned()));
            flags
        };
        match instead {
            Instead::Identity(name) => with(keep(NAME), NAME, name),
            Instead::Issuer(issuer) => with(keep(ISSUER), ISSUER, issuer),
            Instead::Key => vec![("--key", "FILE".to_owned())],
            Instead::Signer => vec![(NAME, "IDENTITY".to_owned()), (ISSUER, "URL".to_owned())],
            Instead::Kind(_) | Instead::Bundle | Instead::Nothing => self.signer.clone(),
        }
    }

    fn or_in_general(&self, command: &str, general: &str) -> String {
        if self.command.is_empty() { general.to_owned() } else { command.to_owned() }
    }
}

const NAME: &str = "--certificate-identity";
const ISSUER: &str = "--certificate-oidc-issuer";

/// A word that sh takes as it is; one that needs no quotes gets none.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene() -> Scene {
        Scene {
            command: "verify-blob".to_owned(),
            operands: vec!["f".to_owned(), "--bundle b".to_owned()],
            signer: vec![(NAME, "a".to_owned()), (ISSUER, "i".to_owned())],
            look: "look".to_owned(),
            ..Scene::default()
        }
    }

    #[test]
    fn a_command_is_the_same_with_one_thing_said_otherwise() {
        let scene = scene();
        assert_eq!(
            scene.again(Instead::Identity("bob@example.org")),
            "siglite verify-blob f --bundle b --certificate-oidc-issuer i \
             --certificate-identity bob@example.org"
        );
        assert_eq!(scene.again(Instead::Key), "siglite verify-blob f --bundle b --key FILE");
        assert!(scene.again(Instead::Bundle).starts_with("siglite verify-blob f --bundle BUNDLE"));
        assert_eq!(scene.look(), "look");
        assert_eq!(Scene::default().look(), "siglite inspect BUNDLE");
    }

    /// A name in a certificate is whatever its holder could register.
    #[test]
    fn a_name_cannot_leave_its_quotes() {
        assert_eq!(quoted("x; rm -rf ~"), "'x; rm -rf ~'");
        assert_eq!(quoted("$(x)'`y`"), r"'$(x)'\''`y`'");
        assert_eq!(quoted(""), "''");
        assert_eq!(quoted("https://h:1/a@b"), "https://h:1/a@b");
        assert!(scene().again(Instead::Identity("a b")).ends_with("'a b'"));
    }
}
