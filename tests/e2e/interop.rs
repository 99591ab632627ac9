//! Stock clients sign and verify against the stack, and each accepts what every other signed.

use std::path::{Path, PathBuf};

use lite_tests::{ALICE, Stack, Tool, run};

use crate::clients::{Client, Policy};

#[test]
fn what_each_client_signs_every_client_verifies() {
    let stack = Stack::start();
    let clients: Vec<Client> = Client::ALL.into_iter().filter(|client| client.is_here()).collect();
    let file = stack.file("artifact.txt", "what each client signs\n");
    for client in &clients {
        client.initialize(&stack);
    }
    let signed: Vec<(Client, PathBuf)> =
        clients.iter().map(|client| (*client, client.sign(&stack, &file))).collect();
    let policy = Policy::of(&stack);
    for (signer, bundle) in &signed {
        for verifier in &clients {
            let ran = verifier.verify(&stack, &file, bundle, &policy);
            assert_eq!(ran.code, Some(0), "{signer:?} signed, {verifier:?} refused: {ran}");
        }
    }
}

#[test]
fn the_independent_rust_verifier_accepts_what_siglite_signs() {
    let stack = Stack::start();
    let file = stack.file("artifact.txt", "judged by another implementation\n");
    let bundle = std::fs::read_to_string(stack.sign(&file)).unwrap();
    let root = std::fs::read_to_string(stack.client("trusted_root.json")).unwrap();
    judge(&bundle, &root, &file, &stack.issuer());
}

#[track_caller]
fn judge(bundle: &str, root: &str, file: &Path, issuer: &str) {
    use sigstore_verify::trust_root::TrustedRoot;
    use sigstore_verify::types::Bundle;
    use sigstore_verify::{VerificationPolicy, Verifier};
    let bundle = Bundle::from_json(bundle).unwrap();
    let verifier = Verifier::new(&TrustedRoot::from_json(root).unwrap()).unwrap();
    let policy = VerificationPolicy::new(ALICE, issuer);
    let artifact = std::fs::read(file).unwrap();
    verifier.verify(artifact.as_slice(), &bundle, &policy).unwrap();
}

#[test]
fn an_attestation_passes_between_siglite_and_cosign() {
    let Some(cosign) = Tool::Cosign.find() else { return };
    let stack = Stack::start();
    let file = stack.file("artifact.txt", "attested\n");
    let predicate = stack.file("predicate.json", r#"{"scanned":"yes"}"#);
    let root = stack.client("trusted_root.json");
    for signer in ["siglite", "cosign"] {
        let bundle = stack.home().join(format!("{signer}.att.json"));
        let mut command =
            if signer == "siglite" { stack.siglite() } else { stack.command(&cosign) };
        command.arg("attest-blob").arg(&file).arg("--predicate").arg(&predicate);
        command.args(["--type", "custom", "--yes", "--identity-token", &stack.token()]);
        command.arg("--bundle").arg(&bundle).arg("--trusted-root").arg(&root);
        command.arg("--signing-config").arg(stack.client("signing_config.json"));
        let _ = run(&mut command).ok();
        for mut verifier in [stack.siglite(), stack.command(&cosign)] {
            verifier.arg("verify-blob-attestation").arg(&file).arg("--bundle").arg(&bundle);
            verifier.args(["--type", "custom", "--certificate-identity", ALICE]);
            verifier.args(["--certificate-oidc-issuer", &stack.issuer(), "--trusted-root"]);
            let ran = run(verifier.arg(&root));
            assert_eq!(ran.code, Some(0), "{signer} attested: {ran}");
        }
    }
}

#[test]
fn a_machine_signs_under_its_uri() {
    let stack = Stack::start();
    let mut add = stack.siglite();
    add.args(["account", "add", "--machine", "ci", "--data"]).arg(stack.data());
    let secret = run(&mut add).ok();
    let secret = secret.split_whitespace().last().unwrap();
    let mut token = stack.siglite();
    token.args(["token", "--machine", "ci"]).env("SIGLITE_PASSWORD", secret);
    let token = run(&mut token).ok();
    let file = stack.file("artifact.txt", "built by a machine\n");
    let bundle = stack.home().join("machine.sigstore.json");
    let mut sign = stack.siglite();
    sign.arg("sign-blob").arg(&file).arg("--bundle").arg(&bundle).arg("--yes");
    let _ = run(sign.args(["--identity-token", token.trim()])).ok();
    let identity = format!("{}/machine/ci", stack.url());
    let policy = Policy { identity, ..Policy::of(&stack) };
    for client in Client::WITH_FILES.into_iter().filter(|client| client.is_here()) {
        let ran = client.verify(&stack, &file, &bundle, &policy);
        assert_eq!(ran.code, Some(0), "{client:?}: {ran}");
    }
}

#[test]
fn the_environment_that_siglite_prints_is_all_that_cosign_needs() {
    let Some(cosign) = Tool::Cosign.find() else { return };
    let stack = Stack::start();
    let file = stack.file("artifact.txt", "signed from a shell\n");
    let script = format!(
        "eval \"$('{siglite}' env)\" && '{cosign}' sign-blob '{file}' --bundle b.json --yes \
         --identity-token '{token}' && '{cosign}' verify-blob '{file}' --bundle b.json \
         --certificate-identity {ALICE} --certificate-oidc-issuer {issuer}",
        siglite = lite_tests::binary("siglite").display(),
        cosign = cosign.display(),
        file = file.display(),
        token = stack.token(),
        issuer = stack.issuer(),
    );
    let mut shell = stack.command(Path::new("sh"));
    let ran = run(shell.args(["-c", &script]));
    assert_eq!(ran.code, Some(0), "{ran}");
}

#[test]
fn a_token_in_a_file_is_one_that_cosign_takes() {
    let Some(cosign) = Tool::Cosign.find() else { return };
    let stack = Stack::start();
    let file = stack.file("artifact.txt", "signed with a token from a file\n");
    let mut command = stack.siglite();
    command.args(["token", "--account", ALICE]).env("SIGLITE_PASSWORD", lite_tests::PASSWORD);
    let token = stack.file("token", &run(&mut command).ok());
    let mut sign = stack.command(&cosign);
    sign.arg("sign-blob").arg(&file).args(["--bundle", "b.json", "--yes"]);
    sign.arg("--trusted-root").arg(stack.client("trusted_root.json"));
    sign.arg("--signing-config").arg(stack.client("signing_config.json"));
    let ran = run(sign.arg("--identity-token").arg(&token));
    assert_eq!(ran.code, Some(0), "{ran}");
}
