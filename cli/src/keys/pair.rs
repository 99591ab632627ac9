//! A key pair in two files, as cosign lays it down: `PREFIX.key`, encrypted, and `PREFIX.pub`.

use std::path::{Path, PathBuf};

use lite_keys::{SealedKey, SigningKey, fill_random};

use super::password::KeyPassword;
use crate::commands::Context;
use crate::failure::{Failure, Outcome};
use crate::files::{self, Reader};
use crate::prompt;

/// Where a pair will lie, known and agreed to before anybody is asked for a password.
pub(crate) struct PairFiles {
    private: PathBuf,
    public: PathBuf,
}

impl PairFiles {
    /// The two files of a prefix. Where one of them is there already, a person is asked, unless
    /// `yes` says it before.
    pub(crate) fn agreed(prefix: &Path, yes: bool, context: &Context) -> Outcome<Self> {
        let with = |ending: &str| {
            let mut name = prefix.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        let pair = Self { private: with(".key"), public: with(".pub") };
        for file in [&pair.private, &pair.public] {
            files::check_destination(file)?;
        }
        let there: Vec<&PathBuf> =
            [&pair.private, &pair.public].into_iter().filter(|file| file.exists()).collect();
        if yes {
            return Ok(pair);
        }
        match there.first() {
            None => Ok(pair),
            Some(file) => {
                let file = file.display();
                let question = format!("File {file} already exists. Overwrite? [y/N] ");
                if prompt::agreed(&question, *context.screen())? {
                    return Ok(pair);
                }
                Err(Failure::usage(format!("{file} stays as it is: nothing was written"))
                    .hint("--output-key-prefix names another pair, and -y overwrites"))
            }
        }
    }

    /// Writes the pair: the private half first, because a public half alone would verify nothing.
    pub(crate) fn write(
        &self,
        key: &SigningKey,
        password: &KeyPassword,
        context: &Context,
    ) -> Outcome {
        let sealed = SealedKey::seal(key, password.secret(), &mut fill_random);
        files::write(&self.private, sealed.to_pem().as_bytes(), Reader::Owner)?;
        context.screen().say(&format!("Private key written to {}", self.private.display()));
        files::write(&self.public, key.public().to_pem().as_bytes(), Reader::Everyone)?;
        context.screen().say(&format!("Public key written to {}", self.public.display()));
        Ok(())
    }
}
