//! `siglite account`: who can sign in to an instance on this machine.
//!
//! The accounts lie in the instance's data folder. A running instance sees a change at the next
//! sign-in.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use oidc_lite::{AccountError, AccountKind, Accounts};
use serde_json::json;

use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files;
use crate::instance::{self, OIDC_FOLDER, Pointer, StartedBy};
use crate::prompt;
use crate::render::OutputForm;

/// Manage who can sign in to an instance on this machine
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The data folder of the instance [default: that of `siglite up`]
    #[arg(long, global = true, value_name = "DIR")]
    data: Option<PathBuf>,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Add a person, or a machine with --machine
    #[command(after_help = "Examples:
  siglite account add alice@example.org                 asks for the password
  SIGLITE_PASSWORD=… siglite account add alice@example.org
  siglite account add --machine ci > ci.secret          prints the machine's secret, once")]
    Add(Name),
    /// Remove a person or a machine
    #[command(after_help = "Examples:
  siglite account remove alice@example.org
  siglite account remove ci")]
    Remove {
        /// The email address, or the machine's name
        name: String,
    },
    /// List everyone
    #[command(after_help = "Examples:
  siglite account list
  siglite account list --output json")]
    List {
        /// What to print
        #[arg(long, short, value_name = "FORM", default_value = "text")]
        output: OutputForm,
    },
    /// Change a person's password, or a machine's secret with --machine
    #[command(after_help = "Examples:
  siglite account passwd alice@example.org
  siglite account passwd --machine ci > ci.secret")]
    Passwd(Name),
}

#[derive(Debug, clap::Args)]
struct Name {
    /// The email address, or the machine's name
    name: String,

    /// It is a machine: it has a secret, which is printed, and no email address
    #[arg(long)]
    machine: bool,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let folder = data_folder(args.data.as_deref(), context)?;
    let accounts = Accounts::open(&folder.join(OIDC_FOLDER)).map_err(|error| told(&error))?;
    match &args.verb {
        Verb::Add(name) => add(name, &accounts, context),
        Verb::Remove { name } => {
            accounts.remove(name).map_err(|error| told(&error).note("account", name))?;
            context.screen().done("Removed", name);
            Ok(())
        }
        Verb::List { output } => list(*output, &accounts, context),
        Verb::Passwd(name) => passwd(name, &accounts, context),
    }
}

fn add(Name { name, machine }: &Name, accounts: &Accounts, context: &Context) -> Outcome {
    let now = context.clock().now();
    if *machine {
        let secret =
            accounts.add_machine(name, now).map_err(|error| told(&error).note("account", name))?;
        context.screen().done("Added", &format!("machine {name}; its secret is shown this once"));
        return context.screen().data(&secret);
    }
    let password = prompt::new_secret(context.env(), &format!("Password for {name}: "))?;
    accounts
        .add_person(name, &password, now)
        .map_err(|error| told(&error).note("account", name))?;
    context.screen().done("Added", name);
    Ok(())
}

fn passwd(Name { name, machine }: &Name, accounts: &Accounts, context: &Context) -> Outcome {
    if *machine {
        let secret =
            accounts.renew_secret(name).map_err(|error| told(&error).note("account", name))?;
        context.screen().done("Changed", &format!("the secret of {name}; it is shown this once"));
        return context.screen().data(&secret);
    }
    let password = prompt::new_secret(context.env(), &format!("New password for {name}: "))?;
    accounts.set_password(name, &password).map_err(|error| told(&error).note("account", name))?;
    context.screen().done("Changed", &format!("the password of {name}"));
    Ok(())
}

fn list(form: OutputForm, accounts: &Accounts, context: &Context) -> Outcome {
    let all = accounts.list().map_err(|error| told(&error))?;
    let kind = |kind| match kind {
        AccountKind::Person => "person",
        AccountKind::Machine => "machine",
    };
    match form {
        OutputForm::Json => {
            let all: Vec<_> = all
                .iter()
                .map(|one| {
                    json!({
                        "name": one.name,
                        "kind": kind(one.kind),
                        "created": one.created.to_rfc3339(),
                    })
                })
                .collect();
            context.screen().json(&all.into())
        }
        OutputForm::Text if all.is_empty() => {
            context
                .screen()
                .say("Nobody can sign in yet. siglite account add EMAIL adds a person.");
            Ok(())
        }
        OutputForm::Text => {
            let width = all.iter().map(|one| one.name.len()).max().unwrap_or(0);
            let lines: Vec<String> = all
                .iter()
                .map(|one| {
                    let (kind, since) = (kind(one.kind), one.created.to_rfc3339());
                    format!("{:width$}  {kind:7}  since {since}", one.name)
                })
                .collect();
            context.screen().data(&lines.join("\n"))
        }
    }
}

/// The data folder that is named, or of the current instance if it runs on this machine, or the
/// default one. It must hold an instance: what must exist is not created by a typing error.
fn data_folder(given: Option<&Path>, context: &Context) -> Outcome<PathBuf> {
    let folder = match given {
        Some(given) => files::absolute(given)?,
        None if context.names_instance() => {
            let client_dir = context.instance()?.client_dir;
            client_dir.parent().map_or_else(|| client_dir.clone(), Path::to_path_buf)
        }
        None => match Pointer::read(context.env())? {
            Some(Pointer { client_dir, started_by: StartedBy::Up, .. }) => {
                client_dir.parent().map_or_else(|| client_dir.clone(), Path::to_path_buf)
            }
            _ => instance::default_data_dir(context.env())?,
        },
    };
    if folder.join(OIDC_FOLDER).is_dir() {
        return Ok(folder);
    }
    Err(Failure::new(Exit::Folder, format!("there is no instance in {}", folder.display()))
        .hint("siglite up makes one; --data names the folder of another"))
}

/// The verdict an account error stands for.
fn told(error: &AccountError) -> Failure {
    let exit = match error {
        AccountError::Damaged(_) | AccountError::Unreadable(_) | AccountError::Unwritable(_) => {
            Exit::Folder
        }
        AccountError::Hash => Exit::Internal,
        _ => Exit::Usage,
    };
    let mut failure = Failure::new(exit, error.to_string());
    if let Some(cause) = std::error::Error::source(error) {
        failure = failure.because(cause);
    }
    match error {
        AccountError::NotFound => failure.hint("siglite account list shows everyone"),
        AccountError::AlreadyExists => failure.hint("siglite account passwd changes a password"),
        AccountError::NotAPerson => failure.hint("add --machine"),
        AccountError::NotAMachine => failure.hint("leave --machine out"),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_caller_can_mend_is_usage_and_a_damaged_file_is_the_folders() {
        assert_eq!(told(&AccountError::NotFound).exit, Exit::Usage);
        assert!(told(&AccountError::NotFound).hint.is_some());
        let broken = std::io::Error::other("disk");
        assert_eq!(told(&AccountError::Unwritable(broken)).exit, Exit::Folder);
    }
}
