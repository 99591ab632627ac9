//! `siglite trusted-root create`: a trusted root put together from keys and certificates.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use lite_bundle::trust::{
    CertChain, CertificateAuthority, DistinguishedName, LogId, LogKey, TransparencyLog,
    TrustedRoot, X509Certificate,
};
use lite_keys::PublicKey;
use lite_pki::Certificate;
use lite_tlog::SpkiLogId;

use crate::commands::Context;
use crate::exit::Exit;
use crate::failure::{Failure, Outcome};
use crate::files::{self, Reader};
use crate::flags::TrustFlags;
use crate::keys;
use crate::specs::{Members, Spec};
use crate::trust;

/// Put a trusted root together
#[derive(Debug, clap::Args)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write a trusted root from keys and certificates
    #[command(after_help = "Examples:
  siglite trusted-root create --out trusted_root.json \\
      --fulcio url=http://ca.example.org,certificate-chain=ca.pem \\
      --rekor url=http://log.example.org,public-key=log.pub,start-time=2026-01-01T00:00:00Z,origin=log.example.org
  siglite trusted-root create --with-default-services --no-default-tsa \\
      --tsa url=http://tsa.example.org/api/v1/timestamp,certificate-chain=tsa.pem

Times are RFC 3339. The last certificate of a chain is the trust anchor; a timestamp
authority's chain begins with the certificate that signs timestamps.")]
    Create(Box<Create>),
}

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
struct Create {
    /// A certificate authority: url, certificate-chain; start-time and end-time if they are not the
    /// root certificate's
    #[arg(long, value_name = "NAME=VALUE,…")]
    fulcio: Vec<String>,

    /// A signature log: url, public-key, start-time; end-time, and the origin of a log of API v2
    #[arg(long, value_name = "NAME=VALUE,…")]
    rekor: Vec<String>,

    /// A certificate-transparency log: url, public-key, start-time; end-time
    #[arg(long, value_name = "NAME=VALUE,…")]
    ctfe: Vec<String>,

    /// A timestamp authority: url, certificate-chain; start-time and end-time if they are not its
    /// certificate's
    #[arg(long, value_name = "NAME=VALUE,…")]
    tsa: Vec<String>,

    /// Begin with what the instance's trusted root has; cosign begins with the public service's
    #[arg(long)]
    with_default_services: bool,

    /// But not with its certificate authorities
    #[arg(long, requires = "with_default_services")]
    no_default_fulcio: bool,

    /// But not with its signature logs
    #[arg(long, requires = "with_default_services")]
    no_default_rekor: bool,

    /// But not with its certificate-transparency logs
    #[arg(long, requires = "with_default_services")]
    no_default_ctfe: bool,

    /// But not with its timestamp authorities
    #[arg(long, requires = "with_default_services")]
    no_default_tsa: bool,

    /// Where it goes [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, context: &Context) -> Outcome {
    let Verb::Create(create) = &args.verb;
    let document = create.document(context)?.to_json();
    hand_out(&document, create.out.as_deref(), "Trusted root", context)
}

/// Writes a document, or prints it.
pub(super) fn hand_out(
    document: &str,
    out: Option<&Path>,
    what: &str,
    context: &Context,
) -> Outcome {
    match out {
        Some(path) if !files::is_dash(path) => {
            files::write(path, document.as_bytes(), Reader::Everyone)?;
            context.screen().say(&format!("{what} written to {}", path.display()));
            Ok(())
        }
        _ => context.screen().data(document),
    }
}

impl Create {
    fn document(&self, context: &Context) -> Outcome<TrustedRoot> {
        let mut root = self.defaults(context)?;
        for text in &self.fulcio {
            root.certificate_authorities.push(authority("fulcio", text)?);
        }
        for text in &self.rekor {
            add(&mut root.tlogs, log("rekor", text, context)?);
        }
        for text in &self.ctfe {
            add(&mut root.ctlogs, log("ctfe", text, context)?);
        }
        for text in &self.tsa {
            root.timestamp_authorities.push(authority("tsa", text)?);
        }
        Ok(root)
    }

    fn defaults(&self, context: &Context) -> Outcome<TrustedRoot> {
        if !self.with_default_services {
            return Ok(TrustedRoot::new());
        }
        let mut root = trust::trusted_root(&TrustFlags::default(), context)?;
        let lists = [
            (self.no_default_fulcio, &mut root.certificate_authorities),
            (self.no_default_tsa, &mut root.timestamp_authorities),
        ];
        for (_, list) in lists.into_iter().filter(|(left_out, _)| *left_out) {
            list.clear();
        }
        let lists =
            [(self.no_default_rekor, &mut root.tlogs), (self.no_default_ctfe, &mut root.ctlogs)];
        for (_, list) in lists.into_iter().filter(|(left_out, _)| *left_out) {
            list.clear();
        }
        Ok(root)
    }
}

/// Clients know a log by its ID, and take the last of two with the same.
fn add(logs: &mut Vec<TransparencyLog>, log: TransparencyLog) {
    logs.retain(|known| known.log_id != log.log_id);
    logs.push(log);
}

fn log(flag: &'static str, text: &str, context: &Context) -> Outcome<TransparencyLog> {
    const MEMBERS: Members = Members {
        required: &["url", "public-key", "start-time"],
        optional: &["end-time", "origin"],
    };
    let spec = Spec::parse(flag, text, MEMBERS)?;
    let key = keys::public_key(spec.require("public-key")?, context)?;
    let details = key.details_for_logs().ok_or_else(|| {
        spec.refuse("has a key that no client accepts of a log")
            .note("found", key.kind().to_string())
    })?;
    Ok(TransparencyLog {
        base_url: spec.require("url")?.to_owned(),
        hash_algorithm: "SHA2_256".to_owned(),
        public_key: LogKey {
            raw_bytes: key.spki_der().to_vec(),
            key_details: Some(details.name().to_owned()),
            valid_for: Some(spec.window(None)?),
        },
        log_id: LogId { key_id: log_id(&key, spec.get("origin")).to_vec() },
        checkpoint_key_id: None,
        operator: None,
    })
}

/// A log of API v2 has an origin, which is part of its ID.
fn log_id(key: &PublicKey, origin: Option<&str>) -> [u8; 32] {
    match origin {
        Some(origin) => lite_tlog::LogId::of_key(origin, key).0,
        None => SpkiLogId::of_key(key).0,
    }
}

fn authority(flag: &'static str, text: &str) -> Outcome<CertificateAuthority> {
    const MEMBERS: Members =
        Members { required: &["url", "certificate-chain"], optional: &["start-time", "end-time"] };
    let spec = Spec::parse(flag, text, MEMBERS)?;
    let chain = chain(Path::new(spec.require("certificate-chain")?))?;
    let (Some(first), Some(anchor)) = (chain.first(), chain.last()) else {
        return Err(spec.refuse("has a chain without certificates"));
    };
    // Who timestamps has a certificate of its own, and its window is that certificate's.
    let stamps = flag == "tsa";
    if stamps && first.is_ca() {
        return Err(spec.refuse("has a chain that begins with an authority's certificate").hint(
            "a timestamp authority's chain begins with the certificate that signs timestamps",
        ));
    }
    let start = if stamps { first.not_before() } else { anchor.not_before() };
    let name = anchor.subject();
    Ok(CertificateAuthority {
        subject: Some(DistinguishedName {
            organization: name.organization,
            common_name: name.common_name,
        }),
        uri: spec.require("url")?.to_owned(),
        cert_chain: CertChain {
            certificates: chain
                .iter()
                .map(|certificate| X509Certificate { raw_bytes: certificate.der().to_vec() })
                .collect(),
        },
        valid_for: Some(spec.window(Some(start))?),
        operator: None,
    })
}

fn chain(path: &Path) -> Outcome<Vec<Certificate>> {
    let pem = files::read_text(path, files::MAX_DOCUMENT_BYTES, Exit::Usage)?;
    Certificate::chain_from_pem(&pem).map_err(|error| {
        Failure::usage(format!("{} is not a chain of certificates in PEM", path.display()))
            .because(&error)
    })
}
