//! Nothing leaves the machine.

use std::net::IpAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use lite_tests::{Stack, Tool, clean, run};

/// The addresses outside this machine that a trace of `connect` and `sendto` names.
fn strangers(trace: &str) -> Vec<String> {
    trace
        .lines()
        .filter(|line| line.contains("sa_family=AF_INET"))
        .filter(|line| {
            let quoted = line.split('"').filter_map(|part| part.parse::<IpAddr>().ok());
            let mut addresses = quoted.peekable();
            addresses.peek().is_none() || addresses.any(|address| !address.is_loopback())
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_stranger_is_recognised() {
    let line = |address: &str| {
        format!(
            "connect(9, {{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr(\"{address}\")}}, 16) = 0"
        )
    };
    assert!(strangers(&line("127.0.0.1")).is_empty());
    assert_eq!(strangers(&line("192.0.2.1")).len(), 1);
    let six = "connect(9, {sa_family=AF_INET6, sin6_port=htons(53), inet_pton(AF_INET6, \"::1\", &sin6_addr)}, 28) = 0";
    assert!(strangers(six).is_empty());
    assert_eq!(strangers(&six.replace("::1", "2001:db8::1")).len(), 1);
}

fn traced(strace: &Path, trace: &Path, command: &Command, home: &Path) -> Command {
    let mut outer = clean(strace, home);
    outer.args(["-f", "-qq", "-e", "trace=connect,sendto,sendmsg", "-o"]).arg(trace);
    outer.arg(command.get_program()).args(command.get_args());
    outer
}

#[test]
fn up_sign_and_verify_speak_to_this_machine_alone() {
    let Some(strace) = Tool::Strace.find() else { return };
    // The client side.
    let stack = Stack::start();
    let file = stack.file("artifact.txt", "signed without a network\n");
    let bundle = stack.home().join("artifact.sigstore.json");
    let mut sign = stack.siglite();
    sign.arg("sign-blob").arg(&file).args(["--yes", "--identity-token", &stack.token()]);
    sign.arg("--bundle").arg(&bundle);
    let mut verify = stack.siglite();
    verify.arg("verify-blob").arg(&file).arg("--bundle").arg(&bundle);
    verify.args(["--certificate-identity", lite_tests::ALICE]);
    verify.args(["--certificate-oidc-issuer", &stack.issuer()]);
    for (name, command, network) in [("sign", sign, true), ("verify", verify, false)] {
        let trace = stack.home().join(format!("{name}.trace"));
        let _ = run(&mut traced(&strace, &trace, &command, stack.home())).ok();
        let trace = std::fs::read_to_string(&trace).unwrap();
        assert_eq!(strangers(&trace), [""; 0], "{name}");
        assert_eq!(trace.contains("AF_INET"), network, "{name}: {trace}");
    }
    // The server side, from its first start to its end, while it is used.
    let home = tempfile::tempdir().unwrap();
    let trace = home.path().join("up.trace");
    let ready = home.path().join("ready");
    let mut up = clean(&lite_tests::binary("siglite"), home.path());
    up.args(["up", "--listen", "localhost:0", "--data"]).arg(home.path().join("instance"));
    up.arg("--ready-file").arg(&ready);
    let mut outer = traced(&strace, &trace, &up, home.path());
    let mut child = outer.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while !ready.exists() {
        assert!(child.try_wait().unwrap().is_none(), "siglite up ended");
        std::thread::yield_now();
    }
    let text = std::fs::read_to_string(&ready).unwrap();
    let url = serde_json::from_str::<serde_json::Value>(&text).unwrap()["url"].clone();
    let client = lite_tests::http();
    for path in ["readyz", "api/v2/configuration", "tuf/1.root.json", "oidc/keys"] {
        let answer = client.get(format!("{}/{path}", url.as_str().unwrap())).send().unwrap();
        assert!(answer.status().is_success(), "{path}");
    }
    // strace hands the signal on to nobody, so its child is told.
    let pid = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap();
    let _ = run(Command::new("kill").args(["-TERM", pid.trim()])).ok();
    assert!(child.wait().unwrap().success());
    assert_eq!(strangers(&std::fs::read_to_string(&trace).unwrap()), [""; 0], "up");
}
