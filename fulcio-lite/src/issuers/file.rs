//! The issuers' file.

use std::io;
use std::path::{Path, PathBuf};

use lite_issuer::{ConfigError, ConfigFile, Issuers};

/// The largest file that is read; the public instance's is a twentieth of it.
const MAX_BYTES: u64 = 1 << 20;

/// Why the issuers' file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssuersFileError {
    /// A section is wrong.
    #[error("{0}")]
    Config(PathBuf, #[source] ConfigError),
    /// The file cannot be read.
    #[error("{0} cannot be read")]
    Io(PathBuf, #[source] io::Error),
    /// The file is larger than a configuration.
    #[error("{0} is larger than 1 MiB")]
    TooLarge(PathBuf),
    /// Neither JSON nor YAML of Fulcio's shape. The text is the parser's.
    #[error("{0} is neither JSON nor YAML with issuers: {1}")]
    Unreadable(PathBuf, String),
}

/// Reads and checks the file. JSON is tried first, as upstream does.
pub(crate) fn read(path: &Path) -> Result<Issuers, IssuersFileError> {
    let io = |why| IssuersFileError::Io(path.to_owned(), why);
    if path.metadata().map_err(io)?.len() > MAX_BYTES {
        return Err(IssuersFileError::TooLarge(path.to_owned()));
    }
    let text = std::fs::read_to_string(path).map_err(io)?;
    let file: ConfigFile = match serde_json::from_str(&text) {
        Ok(file) => file,
        Err(_) => serde_saphyr::from_str(&with_alias_keys(&text))
            .map_err(|why| IssuersFileError::Unreadable(path.to_owned(), why.to_string()))?,
    };
    Issuers::new(&file).map_err(|why| IssuersFileError::Config(path.to_owned(), why))
}

/// Upstream's public file has keys like `*github-type:`. To YAML 1.2 (Section 6.9.2) the colon is part of the
/// name, to the parser upstream uses it ends the key; a space before it says the same to both.
fn with_alias_keys(text: &str) -> String {
    let spaced = |line: &str| {
        let after = line.trim_start().strip_prefix('*')?;
        let (name, rest) = after.split_once(':')?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let is_key = !name.is_empty() && name.chars().all(plain) && rest.trim().is_empty();
        let indent = &line[..line.len() - line.trim_start().len()];
        is_key.then(|| format!("{indent}*{name} :"))
    };
    text.lines().map(|line| spaced(line).unwrap_or_else(|| line.to_owned()) + "\n").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn read_text(text: &str) -> Result<Issuers, IssuersFileError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("issuers.yaml");
        #[expect(clippy::disallowed_methods, reason = "a test's own file")]
        std::fs::write(&path, text).unwrap();
        read(&path)
    }

    #[test]
    fn reads_json_and_yaml_with_anchors_as_the_public_file_has_them() {
        let yaml = r#"
define:
  - &ci "a-provider"
oidc-issuers:
  https://ci.example.com:
    issuer-url: https://ci.example.com
    client-id: sigstore
    type: ci-provider
    ci-provider: *ci
    contact: someone@example.com
ci-issuer-metadata:
  *ci:
    default-template-values:
      url: "https://ci.example.com"
    extension-templates:
      source-repository-ref: refs/{{if eq .ref_type "branch"}}heads/{{ else }}tags/{{end}}{{ .ref }}
      runner-environment: '{{if eq (index . "ci.example.com/rerun") "true"}}rerun{{ else }}""{{end}}'
    subject-alternative-name-template: "{{ .url }}/{{ .pipeline }}"
"#;
        let json =
            r#"{"OIDCIssuers":{"https://ci.example.com":{"ClientID":"sigstore","Type":"email"}}}"#;
        assert_eq!(
            read_text(yaml).unwrap().find("https://ci.example.com").unwrap().kind.name(),
            "ci-provider"
        );
        assert_eq!(
            read_text(json).unwrap().find("https://ci.example.com").unwrap().kind.name(),
            "email"
        );
    }

    #[test]
    fn refuses_by_reason() {
        assert!(matches!(read_text("oidc-issuers: ["), Err(IssuersFileError::Unreadable(..))));
        let wrong = "oidc-issuers:\n  https://a.example:\n    client-id: x\n    type: mail\n";
        assert!(matches!(read_text(wrong), Err(IssuersFileError::Config(..))));
        assert!(matches!(read_text(&"#".repeat(2 << 20)), Err(IssuersFileError::TooLarge(_))));
        assert!(matches!(read(Path::new("/nowhere")), Err(IssuersFileError::Io(..))));
    }
}
