// What Java's TLS makes of a handshake whose only source of revocation is the
// staple: on standard output accept, revoked, missing, expired, or "error" and
// why.
//
//   java -Djdk.tls.client.enableStatusRequestExtension=true
//        Handshake.java PORT ROOT VERSION NOWHERE
//
// NOWHERE is a URL that nothing listens on: it takes the place of the one in
// the certificate, which Java would ask if there were no staple.

import java.io.FileInputStream;
import java.io.InputStream;
import java.net.URI;
import java.security.KeyStore;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.PKIXRevocationChecker.Option;
import java.security.cert.X509CertSelector;
import java.util.EnumSet;
import java.util.List;
import javax.net.ssl.CertPathTrustManagerParameters;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

public class Handshake {
    private static SSLContext context(String root, String nowhere)
            throws Exception {
        KeyStore anchors = KeyStore.getInstance(KeyStore.getDefaultType());
        anchors.load(null, null);
        try (InputStream in = new FileInputStream(root)) {
            anchors.setCertificateEntry("root", CertificateFactory
                .getInstance("X.509").generateCertificate(in));
        }
        PKIXRevocationChecker checker = (PKIXRevocationChecker)
            CertPathBuilder.getInstance("PKIX").getRevocationChecker();
        checker.setOcspResponder(new URI(nowhere));
        checker.setOptions(
            EnumSet.of(Option.NO_FALLBACK, Option.ONLY_END_ENTITY));
        PKIXBuilderParameters parameters =
            new PKIXBuilderParameters(anchors, new X509CertSelector());
        parameters.addCertPathChecker(checker);
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(new CertPathTrustManagerParameters(parameters));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    private static void shake(String port, String version, SSLContext context)
            throws Exception {
        try (SSLSocket s = (SSLSocket) context.getSocketFactory()
                .createSocket("127.0.0.1", Integer.parseInt(port))) {
            SSLParameters parameters = s.getSSLParameters();
            parameters.setServerNames(List.of(new SNIHostName("www")));
            s.setSSLParameters(parameters);
            s.setEnabledProtocols(new String[] {"TLSv" + version});
            s.startHandshake();
        }
    }

    private static String why(Exception e) {
        for (Throwable t = e; t != null; t = t.getCause()) {
            if (!(t instanceof CertPathValidatorException))
                continue;
            CertPathValidatorException c = (CertPathValidatorException) t;
            String text = String.valueOf(c.getMessage());
            if (c.getReason() == BasicReason.REVOKED)
                return "revoked";
            // The words that it has for an answer that is over, and for a
            // responder that it cannot reach.
            if (text.contains("Response is unreliable"))
                return "expired";
            if (text.contains("Unable to determine revocation status"))
                return "missing";
        }
        return "error " + e;
    }

    public static void main(String[] args) throws Exception {
        String said = "accept";
        try {
            shake(args[0], args[2], context(args[1], args[3]));
        } catch (Exception e) {
            if (System.getenv("VERBOSE") != null)
                e.printStackTrace();
            said = why(e);
        }
        System.out.println(said.replace('\n', ' '));
    }
}
