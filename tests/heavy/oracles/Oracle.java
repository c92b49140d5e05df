// What Java's PKIXRevocationChecker says of certificates: for each line
//
//   URL ROOT CHAIN
//
// on standard input (a responder; PEM files: the anchor, and a certificate
// with those above it) a line on standard output: good, unknown, "revoked
// REASON DATE", or "error" and why.
//
//   java [-Dcom.sun.security.ocsp.useget=false]
//        [-Djdk.security.certpath.ocspNonce=true] Oracle.java

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.CertificateRevokedException;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.PKIXRevocationChecker.Option;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

public class Oracle {
    private static List<X509Certificate> read(String path) throws Exception {
        List<X509Certificate> out = new ArrayList<>();
        CertificateFactory factory = CertificateFactory.getInstance("X.509");
        try (InputStream in = new FileInputStream(path)) {
            for (Certificate c : factory.generateCertificates(in))
                out.add((X509Certificate) c);
        }
        return out;
    }

    private static void validate(String url, String root, String chain)
            throws Exception {
        CertPathValidator validator = CertPathValidator.getInstance("PKIX");
        PKIXRevocationChecker checker =
            (PKIXRevocationChecker) validator.getRevocationChecker();
        checker.setOcspResponder(new URI(url));
        checker.setOptions(EnumSet.of(Option.NO_FALLBACK));

        X509Certificate anchor = read(root).get(0);
        PKIXParameters parameters =
            new PKIXParameters(Set.of(new TrustAnchor(anchor, null)));
        parameters.addCertPathChecker(checker);

        List<X509Certificate> path = read(chain);
        path.removeIf(anchor::equals);
        validator.validate(
            CertificateFactory.getInstance("X.509").generateCertPath(path),
            parameters);
    }

    private static String verdict(String line) {
        String[] words = line.split(" ");
        try {
            validate(words[0], words[1], words[2]);
            return "good";
        } catch (CertPathValidatorException e) {
            if (e.getCause() instanceof CertificateRevokedException) {
                CertificateRevokedException r =
                    (CertificateRevokedException) e.getCause();
                return "revoked " + r.getRevocationReason() + " " +
                    r.getRevocationDate().toInstant();
            }
            // The words that it has for an answer of unknown.
            if (e.getReason() == BasicReason.UNDETERMINED_REVOCATION_STATUS &&
                    String.valueOf(e.getMessage()).contains("is unknown"))
                return "unknown";
            return "error " + e;
        } catch (Exception e) {
            return "error " + e;
        }
    }

    public static void main(String[] args) throws Exception {
        BufferedReader in =
            new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine())
            System.out.println(verdict(line).replace('\n', ' '));
    }
}
