import com.google.gson.JsonParser;
import dev.sigstore.AlgorithmRegistry.SigningAlgorithm;
import dev.sigstore.KeylessSigner;
import dev.sigstore.KeylessVerifier;
import dev.sigstore.SigningConfigProvider;
import dev.sigstore.TrustedRootProvider;
import dev.sigstore.VerificationOptions;
import dev.sigstore.VerificationOptions.CertificateMatcher;
import dev.sigstore.bundle.Bundle;
import dev.sigstore.oidc.client.ImmutableOidcToken;
import dev.sigstore.oidc.client.OidcClient;
import dev.sigstore.oidc.client.OidcClients;
import dev.sigstore.oidc.client.OidcToken;
import dev.sigstore.rekor.client.RekorClientHttp;
import dev.sigstore.strings.StringMatcher;
import dev.sigstore.trustroot.Service;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/**
 * The shortest program that uses sigstore-java as its makers mean it to be used:
 *
 * <pre>
 *   java -cp 'JARS/*' Client.java sign [--rekor 1|2] FILE BUNDLE
 *   java -cp 'JARS/*' Client.java attest STATEMENT BUNDLE
 *   java -cp 'JARS/*' Client.java verify FILE BUNDLE...
 *   java -cp 'JARS/*' Client.java search EMAIL
 * </pre>
 *
 * It finds its way by what {@code siglite env --for sigstore-java} prints, and its token in {@code
 * SIGSTORE_ID_TOKEN}. A bundle must be Alice's: {@code IDENTITY} and {@code ISSUER} say who she is.
 */
public final class Client {
  public static void main(String[] arguments) throws Exception {
    var words = List.of(arguments);
    switch (words.get(0)) {
      case "sign" -> {
        boolean tiles = words.get(1).equals("--rekor") && words.get(2).equals("2");
        var files = words.subList(words.size() - 2, words.size());
        try (var signer = signer(tiles)) {
          write(files.get(1), signer.signFile(Path.of(files.get(0))));
        }
      }
      case "attest" -> {
        // It attests with Rekor 2 only: KeylessSigner.attest.
        try (var signer = signer(true)) {
          write(words.get(2), signer.attest(Files.readString(Path.of(words.get(1)))));
        }
      }
      case "verify" -> {
        var verifier = KeylessVerifier.builder().trustedRootProvider(trustedRoot()).build();
        for (var bundle : words.subList(2, words.size())) {
          verifier.verify(
              Path.of(words.get(1)), Bundle.from(Path.of(bundle), StandardCharsets.UTF_8), who());
        }
      }
      case "search" -> {
        var log = Service.select(signingConfig().get().getTLogs(), List.of(1)).orElseThrow();
        var client = RekorClientHttp.builder().setService(log).build();
        var found = client.searchEntry(words.get(1), null, null, null);
        System.out.println(client.getEntry(found.get(0)).orElseThrow().getLogIndex());
      }
      default -> throw new IllegalArgumentException(words.get(0));
    }
  }

  static KeylessSigner signer(boolean tiles) throws Exception {
    return KeylessSigner.builder()
        .trustedRootProvider(trustedRoot())
        .signingConfigProvider(signingConfig())
        .enableRekorV2(tiles)
        .signingAlgorithm(SigningAlgorithm.PKIX_ECDSA_P256_SHA_256)
        .forceCredentialProviders(OidcClients.of(new TokenOfAPerson()))
        .build();
  }

  static TrustedRootProvider trustedRoot() {
    return TrustedRootProvider.from(Path.of(System.getenv("SIGLITE_TRUSTED_ROOT")));
  }

  static SigningConfigProvider signingConfig() {
    return SigningConfigProvider.from(Path.of(System.getenv("SIGLITE_SIGNING_CONFIG")));
  }

  static VerificationOptions who() {
    return VerificationOptions.builder()
        .addCertificateMatchers(
            CertificateMatcher.fulcio()
                .issuer(StringMatcher.string(System.getenv("ISSUER")))
                .subjectAlternativeName(StringMatcher.string(System.getenv("IDENTITY")))
                .build())
        .build();
  }

  static void write(String path, Bundle bundle) throws Exception {
    Files.writeString(Path.of(path), bundle.toJson());
  }

  /** Its own client for a given token proves possession over the subject, which machines have. */
  static final class TokenOfAPerson implements OidcClient {
    @Override
    public boolean isEnabled(Map<String, String> environment) {
      return true;
    }

    @Override
    public OidcToken getIDToken(Map<String, String> environment) {
      var token = environment.get("SIGSTORE_ID_TOKEN");
      var payload = new String(Base64.getUrlDecoder().decode(token.split("\\.")[1]));
      var claims = JsonParser.parseString(payload).getAsJsonObject();
      return ImmutableOidcToken.builder()
          .idToken(token)
          .issuer(claims.get("iss").getAsString())
          .subjectAlternativeName(claims.get("email").getAsString())
          .build();
    }
  }
}
