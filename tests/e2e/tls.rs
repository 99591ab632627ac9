//! `--tls`: stock clients speak TLS to an instance that has an authority of its own, and to one with a
//! certificate from files.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use lite_tests::{ALICE, PASSWORD, Stack, Tool, binary, clean, run};

use crate::clients::{Client, Policy};

fn with_tls() -> Stack {
    Stack::builder().argument("--tls").argument("self").start()
}

/// `openssl s_client` against the stack, verified by this authority.
fn handshake(stack: &Stack, ca: &Path, arguments: &[&str]) -> Option<lite_tests::Ran> {
    let mut command = Tool::OpenSsl.command(stack.home())?;
    let address = stack.url().strip_prefix("https://").unwrap();
    command.args(["s_client", "-connect", address, "-verify_return_error", "-CAfile"]).arg(ca);
    // Its standard input is at its end, so it says goodbye by itself.
    Some(run(command.args(["-servername", "localhost"]).args(arguments)))
}

#[test]
fn every_stock_client_signs_and_verifies_over_tls() {
    let stack = with_tls();
    assert!(stack.url().starts_with("https://localhost:"), "{}", stack.url());
    let file = stack.file("artifact.txt", "signed behind TLS\n");
    let clients: Vec<_> = Client::ALL.into_iter().filter(|client| client.is_here()).collect();
    for client in &clients {
        client.initialize(&stack);
    }
    for signer in &clients {
        let bundle = signer.sign(&stack, &file);
        for verifier in [Client::Siglite, *signer] {
            let _ = verifier.verify(&stack, &file, &bundle, &Policy::of(&stack)).ok();
        }
    }
}

#[test]
fn openssl_and_curl_agree_about_versions_protocols_and_names() {
    let stack = with_tls();
    let ca = stack.client("ca.pem");
    for (arguments, said) in [
        (&["-tls1_3", "-alpn", "h2"][..], "ALPN protocol: h2"),
        (&["-tls1_2", "-alpn", "http/1.1"], "ALPN protocol: http/1.1"),
        (&["-verify_hostname", "localhost"], "Verify return code: 0 (ok)"),
        (&["-verify_ip", "127.0.0.1"], "Verify return code: 0 (ok)"),
    ] {
        let Some(ran) = handshake(&stack, &ca, arguments) else { return };
        let out = ran.ok();
        assert!(out.contains(said), "{arguments:?}: {out}");
    }
    // SECLEVEL 0, or OpenSSL would refuse by itself.
    for refused in
        [&["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"][..], &["-verify_hostname", "x.example"]]
    {
        let _ = handshake(&stack, &ca, refused).unwrap().refused();
    }
    let Some(mut curl) = Tool::Curl.command(stack.home()) else { return };
    curl.args(["-sS", "--noproxy", "*", "--http2", "-w", "%{http_version}", "--cacert"]).arg(&ca);
    let said = run(curl.arg(format!("{}/healthz", stack.url()))).ok();
    assert!(said.contains("SERVING") && said.ends_with('2'), "{said}");
}

#[test]
fn an_instance_goes_on_with_the_authority_it_has() {
    let mut stack = with_tls();
    let file = stack.file("artifact.txt", "signed behind TLS\n");
    let ca = std::fs::read(stack.client("ca.pem")).unwrap();
    stack.stop();
    // Nothing but the folder says that this is TLS.
    let mut again = Up::start(stack.home(), &["--data", stack.data().to_str().unwrap()]);
    assert_eq!(again.url(), stack.url());
    assert_eq!(std::fs::read(stack.client("ca.pem")).unwrap(), ca);
    let _ = stack.sign(&file);
    again.stop();
}

/// Another account of the machine, or another machine: it has the fingerprint and the authority.
#[test]
fn who_is_elsewhere_trusts_the_authority_from_a_file() {
    let stack = with_tls();
    let file = stack.file("artifact.txt", "signed elsewhere\n");
    let mut show = stack.siglite();
    let shown = run(show.args(["use", "--output", "json"])).ok();
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let fingerprint = shown["fingerprint"].as_str().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let siglite = || clean(&binary("siglite"), elsewhere.path());
    let mut untrusting = siglite();
    untrusting.args(["use", stack.url(), "--fingerprint", fingerprint]);
    let refused = run(&mut untrusting).refused();
    assert!(refused.contains("--cacert"), "{refused}");
    let mut trusting = siglite();
    trusting.args(["use", stack.url(), "--fingerprint", fingerprint, "--cacert"]);
    let _ = run(trusting.arg(stack.client("ca.pem"))).ok();
    let mut sign = siglite();
    sign.arg("sign-blob").arg(&file).args(["--yes", "--account", ALICE, "--bundle", "b.json"]);
    let _ = run(sign.env("SIGLITE_PASSWORD", PASSWORD)).ok();
    // An image goes over the same authority, without a flag.
    let image = format!("{}/app:v1", stack.url().strip_prefix("https://").unwrap());
    let _ = run(siglite().args(["image", "make", &image])).ok();
    let mut environment = siglite();
    let said = run(environment.arg("env")).ok();
    for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
        assert!(said.contains(&format!("export {name}='")), "{said}");
    }
}

#[test]
fn the_scheme_of_an_instance_does_not_change() {
    let mut stack = Stack::start();
    let port = stack.url().rsplit(':').next().unwrap().to_owned();
    stack.stop();
    let (data, listen) = (stack.data(), format!("localhost:{port}"));
    let up = |arguments: &[&str]| {
        let mut command = stack.siglite();
        command.args(["up", "--data"]).arg(&data).args(["--listen", &listen]).args(arguments);
        run(&mut command)
    };
    let ran = up(&["--tls", "self"]);
    assert_eq!(ran.code, Some(6), "{ran}");
    let said = ran.refused();
    for words in ["expected: http://", "leave --tls out", "--data DIR"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert!(!data.join("tls").exists(), "nothing was made");
    for (arguments, code) in [
        (&["--tls", "other"][..], 2),
        (&["--tls", "/nowhere/cert.pem", "/nowhere/key.pem"], 2),
        (&["--tls", "self", "--insecure-plain-http"], 2),
        (&["--tls", "self", "--public-url", "http://lab.example"], 2),
    ] {
        assert_eq!(up(arguments).code, Some(code), "{arguments:?}");
    }
}

#[test]
fn a_certificate_from_files_is_served_by_the_instance_and_by_a_server_alone() {
    let mut issuer = with_tls();
    issuer.stop();
    let pem = issuer.data().join("tls/server.pem");
    let pem = pem.to_str().unwrap();
    let ca = issuer.client("ca.pem");
    // Its own commands know of no authority of the instance's; the environment names it.
    let home = tempfile::tempdir().unwrap();
    let mut up = Up::start(home.path(), &["--listen", "localhost:0", "--tls", pem, pem]);
    assert!(!home.path().join("data/siglite/instance/client/ca.pem").exists());
    let token = |ca: Option<&Path>| {
        let mut command = clean(&binary("siglite"), home.path());
        command.args(["token", "--account", ALICE]).env("SIGLITE_PASSWORD", PASSWORD);
        if let Some(ca) = ca {
            command.env("SSL_CERT_FILE", ca);
        }
        run(&mut command)
    };
    let _ = token(Some(&ca)).ok();
    assert!(token(None).refused().contains("SSL_CERT_FILE"));
    up.stop();

    // Alone: refused on other addresses without TLS, and with it not.
    let config = home.path().join("tsa.yaml");
    let text = format!("dir: {}/tsa\npublic_url: https://localhost:1\n", home.path().display());
    #[expect(clippy::disallowed_methods, reason = "a test's own file")]
    std::fs::write(&config, text).unwrap();
    let tsa = |arguments: &[&str]| {
        let mut command = clean(&binary("tsa-lite"), home.path());
        command.args(["serve", "--config"]).arg(&config).args(arguments);
        command
    };
    let refused = run(&mut tsa(&["--listen", "0.0.0.0:0"])).refused();
    assert!(refused.contains("--insecure-plain-http"), "{refused}");
    let Some(mut curl) = Tool::Curl.command(home.path()) else { return };
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = tsa(&["--listen", &format!("0.0.0.0:{port}"), "--tls", pem, pem]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    curl.args(["-sSf", "--noproxy", "*", "--retry", "50", "--retry-connrefused", "--cacert"]);
    curl.arg(&ca).args(["--retry-delay", "1", &format!("https://localhost:{port}/healthz")]);
    let answer = run(&mut curl);
    let _ = child.kill();
    let _ = child.wait();
    assert!(answer.ok().contains("SERVING"));
}

/// `siglite up` with the arguments of a test alone.
struct Up {
    child: std::process::Child,
    ready: PathBuf,
}

impl Up {
    #[track_caller]
    fn start(home: &Path, arguments: &[&str]) -> Self {
        let ready = home.join("up-ready");
        let mut command = clean(&binary("siglite"), home);
        command.args(["up", "--account", &format!("{ALICE}:{PASSWORD}")]).args(arguments);
        command.arg("--ready-file").arg(&ready);
        let log = std::fs::File::create(home.join("alone.log")).unwrap();
        let mut child = command.stdout(Stdio::null()).stderr(log).spawn().unwrap();
        while !ready.exists() {
            let said = || std::fs::read_to_string(home.join("alone.log"));
            assert!(child.try_wait().unwrap().is_none(), "{:?}", said());
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Self { child, ready }
    }

    fn url(&self) -> String {
        let text = std::fs::read_to_string(&self.ready).unwrap();
        let ready: serde_json::Value = serde_json::from_str(&text).unwrap();
        ready["url"].as_str().unwrap().to_owned()
    }

    fn stop(&mut self) {
        let _ = run(Command::new("kill").args(["-INT", &self.child.id().to_string()])).ok();
        self.child.wait().unwrap();
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
