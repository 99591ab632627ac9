//! The environment of the process, as something a test can own.

use std::path::PathBuf;

use crate::exit::Exit;
use crate::failure::{Failure, Outcome};

/// Environment variables by name.
pub(crate) trait Environment {
    /// The value, where the variable is set and is text.
    fn var(&self, name: &str) -> Option<String>;

    /// The value, where the variable is set to more than nothing.
    fn filled(&self, name: &str) -> Option<String> {
        self.var(name).filter(|value| !value.trim().is_empty())
    }
}

/// The environment this process was started in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process;

impl Environment for Process {
    fn var(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

/// Where the pointer to the current instance is kept: `$XDG_CONFIG_HOME/siglite`.
pub(crate) fn config_folder(env: &dyn Environment) -> Outcome<PathBuf> {
    Ok(base(env, "XDG_CONFIG_HOME", ".config")?.join("siglite"))
}

/// Where data folders and trust material are kept: `$XDG_DATA_HOME/siglite`.
pub(crate) fn data_folder(env: &dyn Environment) -> Outcome<PathBuf> {
    Ok(base(env, "XDG_DATA_HOME", ".local/share")?.join("siglite"))
}

/// Where stock clients may keep what they can fetch again: `$XDG_CACHE_HOME/siglite`.
pub(crate) fn cache_folder(env: &dyn Environment) -> Outcome<PathBuf> {
    Ok(base(env, "XDG_CACHE_HOME", ".cache")?.join("siglite"))
}

/// XDG Base Directory Specification: "All paths set in these environment variables must be
/// absolute. If an implementation encounters a relative path […] it should consider the path
/// invalid and ignore it."
fn base(env: &dyn Environment, variable: &str, below_home: &str) -> Outcome<PathBuf> {
    let absolute = |name| env.filled(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable).or_else(|| absolute("HOME").map(|home| home.join(below_home))).ok_or_else(
        || {
            Failure::new(Exit::Usage, format!("neither {variable} nor HOME names a folder"))
                .hint(format!("export {variable}=/some/folder"))
        },
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::HashMap;

    use super::*;

    /// An environment made for a test.
    #[derive(Clone, Debug, Default)]
    pub(crate) struct Made(pub(crate) HashMap<String, String>);

    impl Made {
        pub(crate) fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
            Self(variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into())
        }
    }

    impl Environment for Made {
        fn var(&self, name: &str) -> Option<String> {
            self.0.get(name).cloned()
        }
    }

    #[test]
    fn folders_follow_the_base_directory_specification() {
        let home = Made::of([("HOME", "/home/a")]);
        assert_eq!(config_folder(&home).unwrap(), PathBuf::from("/home/a/.config/siglite"));
        assert_eq!(data_folder(&home).unwrap(), PathBuf::from("/home/a/.local/share/siglite"));
        let set = Made::of([("HOME", "/home/a"), ("XDG_CONFIG_HOME", "/c")]);
        assert_eq!(config_folder(&set).unwrap(), PathBuf::from("/c/siglite"));
        let relative = Made::of([("HOME", "/home/a"), ("XDG_CONFIG_HOME", "c")]);
        assert_eq!(config_folder(&relative).unwrap(), PathBuf::from("/home/a/.config/siglite"));
    }

    #[test]
    fn without_a_home_the_hint_says_what_to_set() {
        let failure = data_folder(&Made::default()).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.hint.unwrap().contains("XDG_DATA_HOME"));
    }
}
