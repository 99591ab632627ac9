// The shortest program that uses sigstore-js as its makers mean it to be used:
//
//   node client.cjs sign FILE BUNDLE [--rekor 1|2]
//   node client.cjs attest STATEMENT BUNDLE [--rekor 1|2]
//   node client.cjs sign-image HOST:PORT/NAME:TAG
//   node client.cjs verify FILE BUNDLE...
//
// With Rekor 1 it goes by the URLs that `sigstore` takes as options, with Rekor 2 by the signing
// config that `@sigstore/sign` takes. It finds its way by what `siglite env --for sigstore-js`
// prints, and its token in SIGSTORE_ID_TOKEN, as sigstore-js itself does. A bundle must be
// Alice's: IDENTITY and ISSUER say who she is.
'use strict';

const { readFileSync, writeFileSync } = require('node:fs');
const { SigningConfig } = require('@sigstore/protobuf-specs');
const { bundleToJSON } = require('@sigstore/bundle');
const { CIContextProvider, bundleBuilderFromSigningConfig } = require('@sigstore/sign');
const sigstore = require('sigstore');

const IN_TOTO = 'application/vnd.in-toto+json';
const env = process.env;
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));

async function sign(bundleType, data, rekor) {
  if (rekor === '1') {
    const options = {
      fulcioURL: env.SIGLITE_FULCIO_URL,
      rekorURL: env.SIGLITE_REKOR_URL,
      tsaServerURL: env.SIGLITE_TSA_URL,
    };
    return bundleType === 'dsseEnvelope'
      ? sigstore.attest(data, IN_TOTO, options)
      : sigstore.sign(data, options);
  }
  const builder = bundleBuilderFromSigningConfig({
    signingConfig: SigningConfig.fromJSON(read(env.SIGLITE_SIGNING_CONFIG)),
    identityProvider: new CIContextProvider('sigstore'),
    bundleType,
  });
  return bundleToJSON(await builder.create({ data, type: IN_TOTO }));
}

// What cosign says of an image that it signs, attached where cosign looks for it.
async function signImage(reference) {
  const { attachArtifactToImage, getImageDigest } = require('@sigstore/oci');
  const [, imageName, imageTag] = reference.match(/^(.*):([^:/]*)$/);
  const imageDigest = await getImageDigest({ imageName, imageTag });
  const predicateType = 'https://sigstore.dev/cosign/sign/v1';
  const statement = {
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ digest: { sha256: imageDigest.replace('sha256:', '') } }],
    predicateType,
    predicate: {},
  };
  const bundle = await sign('dsseEnvelope', Buffer.from(JSON.stringify(statement)), '2');
  await attachArtifactToImage({
    imageName,
    imageDigest,
    artifact: Buffer.from(JSON.stringify(bundle)),
    mediaType: bundle.mediaType,
    annotations: {
      'dev.sigstore.bundle.content': 'dsse-envelope',
      'dev.sigstore.bundle.predicateType': predicateType,
    },
  });
}

async function verify(file, bundles) {
  const literally = (text) => `^${text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`;
  const verifier = await sigstore.createVerifier({
    tufMirrorURL: env.SIGLITE_TUF_MIRROR,
    tufRootPath: env.SIGLITE_TUF_ROOT,
    certificateIssuer: env.ISSUER,
    certificateIdentityEmail: literally(env.IDENTITY),
  });
  for (const path of bundles) {
    const bundle = read(path);
    // What an attestation is about is for its reader to compare: sigstore-js takes no file here.
    verifier.verify(bundle, bundle.dsseEnvelope ? undefined : readFileSync(file));
  }
}

async function main([verb, file, ...rest]) {
  if (verb === 'verify') return verify(file, rest);
  if (verb === 'sign-image') return signImage(file);
  const [bundle, , rekor = '2'] = rest;
  const type = verb === 'attest' ? 'dsseEnvelope' : 'messageSignature';
  writeFileSync(bundle, JSON.stringify(await sign(type, readFileSync(file), rekor)));
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
