//! How shells are told: a variable each line, and lines that they skip.

use clap::ValueEnum;

/// A family of shells that agree on how a variable is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Shell {
    /// sh, bash, zsh, dash
    Sh,
    /// fish
    Fish,
    /// PowerShell
    Pwsh,
}

impl Shell {
    /// The line that sets a variable for every program started from now on.
    pub(super) fn export(self, name: &str, value: &str) -> String {
        match self {
            Self::Sh => format!("export {name}={}", quoted(value)),
            Self::Fish => {
                let value = value.replace('\\', r"\\").replace('\'', r"\'");
                format!("set -gx {name} '{value}'")
            }
            Self::Pwsh => format!("$env:{name} = '{}'", value.replace('\'', "''")),
        }
    }
}

/// A word that sh takes as it is.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A line that all three skip.
pub(super) fn comment(line: &str) -> String {
    format!("# {line}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_leave_its_quotes() {
        let value = r"/it's \ $(here)";
        assert_eq!(Shell::Sh.export("A", value), r"export A='/it'\''s \ $(here)'");
        assert_eq!(Shell::Fish.export("A", value), r"set -gx A '/it\'s \\ $(here)'");
        assert_eq!(Shell::Pwsh.export("A", value), r"$env:A = '/it''s \ $(here)'");
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_back_what_was_meant() {
        let value = "/a b'c\"d$e\\f\ng";
        let line = Shell::Sh.export("SIGLITE_TEST", value);
        let printed = std::process::Command::new("sh")
            .args(["-c", &format!("{line}; printf %s \"$SIGLITE_TEST\"")])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(printed.stdout).unwrap(), value);
    }
}
