//! What `siglite up` is told, and what it makes of it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, ToSocketAddrs};
use std::path::PathBuf;

use clap::ValueEnum;
use url::{Host, Url};

use super::tls::Mode;
use crate::failure::{Failure, Outcome};

/// Start an instance: identity provider, authority, logs, timestamps, trust, on one address.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  siglite up                                              the instance of this user
  siglite up --ephemeral                                  one that leaves nothing behind
  siglite up --account alice@example.org:correct-horse    with a person who can sign in
  siglite up --data ./lab --listen localhost:8080         a second one beside it
  siglite up --tls self --listen 0.0.0.0:7070 --public-url https://lab.example:7070
                                                          for the machines of a network

Sign in from another terminal with `siglite sign-blob FILE`; `siglite env` tells stock clients
where everything is. Ctrl-C finishes what is in flight and ends it.")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Args {
    /// The data folder [default: `$XDG_DATA_HOME/siglite/instance`]
    #[arg(long, value_name = "DIR", env = "SIGLITE_DATA")]
    pub(crate) data: Option<PathBuf>,

    /// Where to listen; `localhost` means 127.0.0.1 and `::1`, port 0 a free port [default: where
    /// this instance listened before, or localhost:7070]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) listen: Option<String>,

    /// The URL clients use, fixed when the instance is made [default: http://localhost:PORT]
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,

    /// Use a folder that is removed at the end
    #[arg(long, conflicts_with = "data")]
    pub(crate) ephemeral: bool,

    /// A person who can sign in; repeat for more. Others can read the command line of a process:
    /// `siglite account add` asks for the password instead
    #[arg(long, value_name = "EMAIL:PASSWORD")]
    pub(crate) account: Vec<String>,

    /// Write this file when everything is ready, and remove it at the end
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,

    /// Where to serve Prometheus metrics; nowhere unless given
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) metrics_listen: Option<String>,

    /// The certificate authority's keys, when the instance is made
    #[arg(long, value_name = "CURVE", default_value = "p256")]
    pub(crate) ca_key: CaKey,

    /// Issuers beside the built-in one, in a file of Fulcio's shape
    #[arg(long, value_name = "FILE")]
    pub(crate) issuers: Option<PathBuf>,

    /// Answer a duplicate entry with 409, as upstream does, instead of with the existing entry
    #[arg(long)]
    pub(crate) strict_duplicates: bool,

    /// Who may push and pull images: `none` (everybody), `tokens` (who has an ID token, as `siglite
    /// token` prints it, for a password), or a file as `htpasswd -B` writes it [default: none, and
    /// tokens where other machines reach the instance]
    #[arg(long, value_name = "none|tokens|FILE")]
    pub(crate) registry_auth: Option<String>,

    /// Let everybody pull images, whoever may push them
    #[arg(long)]
    pub(crate) registry_anonymous_pull: bool,

    /// Let everybody on the network push images: with `--registry-auth none` on an address that is
    /// not this machine's own
    #[arg(long)]
    pub(crate) insecure_anonymous_registry: bool,

    /// Speak TLS: `self` with an authority of the instance's own, whose certificate clients are told
    /// to trust, or with the certificate chain and the key in these files, PEM, which are read
    /// again when they change
    #[arg(long, value_names = ["self|CERT", "KEY"], num_args = 1..=2)]
    pub(crate) tls: Vec<String>,

    /// Listen without TLS on an address that is not this machine's own: whoever is on the way
    /// can read tokens and sign as others
    #[arg(long, conflicts_with = "tls")]
    pub(crate) insecure_plain_http: bool,

    /// How to log
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) log_format: LogFormat,
}

/// The curve of the authority's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CaKey {
    /// ECDSA P-256: fast to verify.
    P256,
    /// ECDSA P-384: as the public instance has it, at three times the cost of a verification.
    P384,
}

/// The form of the log on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    Text,
    /// A JSON object a line.
    Json,
}

/// A person given on the command line.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// Who.
    pub(crate) email: String,
    /// How they prove it.
    pub(crate) password: zeroize::Zeroizing<String>,
}

impl Args {
    /// The people of `--account`.
    pub(crate) fn people(&self) -> Outcome<Vec<Person>> {
        self.account.iter().map(|given| person(given)).collect()
    }

    /// Refuses an address of more than this machine without TLS, unless that was asked for by name.
    pub(crate) fn check_listen(&self, tls: &Mode) -> Outcome {
        let Some(listen) = &self.listen else { return Ok(()) };
        if self.insecure_plain_http || tls.is_secure() || is_local(listen) {
            return Ok(());
        }
        Err(Failure::usage(format!("{listen} is reached from other machines, without TLS"))
            .note("expected", "localhost:PORT, or an address of the loopback network")
            .hint("say --tls self, or --insecure-plain-http if the network is yours or a TLS proxy is in front"))
    }

    /// Whether others can read what goes over the network, because that was asked for.
    pub(crate) fn is_exposed(&self) -> bool {
        self.insecure_plain_http && self.listen.as_deref().is_some_and(|listen| !is_local(listen))
    }
}

/// The public URL as every document will carry it: scheme, host, maybe a port, nothing more.
///
/// Fulcio must stand at the root of its host, because sigstore-python drops a path; a log's
/// origin is the URL's host, and the clients disagree about IPv6 literals in it.
pub(crate) fn public_url(given: &str) -> Outcome<String> {
    let refuse = |found: &str| {
        Failure::usage(format!("not a URL that every client can use: {given}"))
            .note("found", found)
            .hint("siglite up --public-url http://HOST[:PORT]")
    };
    let url = Url::parse(given).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("a scheme other than http and https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("a user name or password"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(refuse("a path, query or fragment, which sigstore-python would drop"));
    }
    match url.host() {
        Some(Host::Domain(_) | Host::Ipv4(_)) => Ok(url.as_str().trim_end_matches('/').to_owned()),
        Some(Host::Ipv6(_)) => Err(refuse("an IPv6 address, which clients spell differently")),
        None => Err(refuse("no host")),
    }
}

/// The URL of an instance that listens there: `localhost` where that leads to it, else the host as
/// it was given.
pub(crate) fn url_of_address(scheme: &str, listen: &str, port: u16) -> Outcome<String> {
    let host = listen.rsplit_once(':').map_or(listen, |(host, _)| host);
    let host = match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        Ok(ip) if ip.is_unspecified() => "localhost",
        Ok(ip) if ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST => "localhost",
        _ => host,
    };
    public_url(&format!("{scheme}://{host}:{port}"))
}

fn person(given: &str) -> Outcome<Person> {
    match given.split_once(':') {
        Some((email, password)) if !email.is_empty() && !password.is_empty() => Ok(Person {
            email: email.to_owned(),
            password: zeroize::Zeroizing::new(password.to_owned()),
        }),
        // The value is not repeated: what stands where the e-mail should may be the password.
        _ => Err(Failure::usage("--account is not EMAIL:PASSWORD")
            .hint("siglite up --account alice@example.org:correct-horse")),
    }
}

fn is_local(listen: &str) -> bool {
    let Some((host, _)) = listen.rsplit_once(':') else { return true }; // Binding says what is wrong.
    host.eq_ignore_ascii_case("localhost")
        || listen
            .to_socket_addrs()
            .is_ok_and(|mut addresses| addresses.all(|address| address.ip().is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_scheme_host_and_port() {
        let check = |given: &str, want: Option<&str>| {
            assert_eq!(public_url(given).ok().as_deref(), want, "{given}");
        };
        check("http://localhost:7070", Some("http://localhost:7070"));
        check("http://localhost:7070/", Some("http://localhost:7070"));
        check("https://sigstore.example.org", Some("https://sigstore.example.org"));
        check("http://127.0.0.1:8080", Some("http://127.0.0.1:8080"));
        for refused in [
            "localhost:7070",
            "ftp://localhost",
            "http://localhost/sigstore",
            "http://localhost?x",
            "http://me@localhost",
            "http://[::1]:7070",
            "http://",
        ] {
            check(refused, None);
        }
    }

    #[test]
    fn the_url_of_an_address_leads_to_it_and_has_one_spelling() {
        let check = |listen: &str, port, want: Option<&str>| {
            assert_eq!(url_of_address("http", listen, port).ok().as_deref(), want, "{listen}");
        };
        let secure = url_of_address("https", "0.0.0.0:7070", 7070).ok();
        assert_eq!(secure.as_deref(), Some("https://localhost:7070"));
        check("localhost:0", 4711, Some("http://localhost:4711"));
        check("LOCALHOST:80", 80, Some("http://localhost"));
        check("127.0.0.1:7070", 7070, Some("http://localhost:7070"));
        check("[::1]:7070", 7070, Some("http://localhost:7070"));
        check("0.0.0.0:7070", 7070, Some("http://localhost:7070"));
        check("127.0.0.2:7070", 7070, Some("http://127.0.0.2:7070"));
        check("lab.example:7070", 7070, Some("http://lab.example:7070"));
        check("[fd00::1]:7070", 7070, None);
    }

    #[test]
    fn a_person_has_an_email_and_a_password() {
        let alice = person("alice@example.org:a:b").unwrap();
        assert_eq!((alice.email.as_str(), alice.password.as_str()), ("alice@example.org", "a:b"));
        for refused in ["alice@example.org", "alice@example.org:", ":secret", ""] {
            let failure = person(refused).err().unwrap();
            assert!(refused.is_empty() || !failure.sentence.contains(refused));
        }
    }

    #[test]
    fn only_this_machine_is_listened_on_without_tls() {
        for (listen, local) in [
            ("localhost:7070", true),
            ("127.0.0.2:0", true),
            ("[::1]:1", true),
            ("0.0.0.0:7070", false),
            ("10.0.0.1:80", false),
        ] {
            assert_eq!(is_local(listen), local, "{listen}");
        }
    }
}
