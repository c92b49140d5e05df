#include "stapler/check/authorities.h"

#include <stdlib.h>
#include <string.h>

#include "stapler/check/live.h"

static const char ref[] = "RFC 5280 6.1.3";

static const struct handshake_cert *staple_of(
    const struct handshake *h, X509 *cert)
{
        size_t i;

        for (i = 1; h != NULL && i < h->certs_len; i++) {
                if (h->certs[i].stapled &&
                    X509_cmp(h->certs[i].cert, cert) == 0)
                        return &h->certs[i];
        }
        return NULL;
}

/* Into scratch, as if the CA were the certificate in question. */
static int judge_staple(const struct subject *ca,
    const struct handshake_cert *sent, struct report *scratch, struct err *e)
{
        struct ocsp_question q = subject_question(ca);

        buf_append(&scratch->der, sent->staple.data, sent->staple.len);
        if (scratch->der.failed)
                return err_set(e, ERR_OS, "out of memory");
        report_judge(scratch, &q);
        return 0;
}

/* Signed words that the CA is not good are fatal.  What cannot be trusted is
 * as good as nothing, unless the server itself offers it. */
static int weight(const struct report *scratch, bool stapled)
{
        switch (scratch->outcome) {
        case OCSP_V_GOOD:
                return 1;
        case OCSP_V_REVOKED:
        case OCSP_V_UNKNOWN:
                return 0;
        case OCSP_V_UNTRUSTED:
                return stapled ? 0 : -1;
        case OCSP_V_MISSING:
        case OCSP_V_UNREACHABLE:
                return -1;
        }
        return 0;
}

/* RFC 9919 section 4.1: OCSP first, then the CRL. */
static bool judge_crl(const struct subject *ca, struct report *r)
{
        switch (pki_crl_word(ca->crls, ca->leaf, ca->issuer, ca->now)) {
        case PKI_CRL_REVOKED:
                report_check(r, "issuer-status", 0, ref,
                    "%.120s: revoked, says the CRL of its issuer", ca->name);
                return true;
        case PKI_CRL_CLEAR:
                report_check(r, "issuer-status", 1, ref,
                    "%.120s: the CRL of its issuer does not list it", ca->name);
                return true;
        case PKI_CRL_SILENT:
                break;
        }
        return false;
}

static int judge_ocsp(const struct subject *ca,
    const struct handshake_cert *sent, struct report *r, struct err *e)
{
        struct report *scratch = calloc(1, sizeof(*scratch));
        int ok;
        int rc;

        if (scratch == NULL)
                return err_set(e, ERR_OS, "out of memory");
        report_init(scratch, sent != NULL ? "staple" : "live");
        rc = sent != NULL ? judge_staple(ca, sent, scratch, e)
                          : live_ask(ca, scratch, e);
        ok = weight(scratch, sent != NULL);
        if (rc == 0 && (ok >= 0 || !judge_crl(ca, r)))
                report_check(r, "issuer-status", ok, ref, "%.80s: %s: %.140s",
                    ca->name, sent != NULL ? "stapled" : "asked live",
                    scratch->why);
        report_release(scratch);
        free(scratch);
        return rc;
}

static int judge_one(const struct subject *ca, const struct handshake *h,
    bool live, struct report *r, struct err *e)
{
        const struct handshake_cert *sent = staple_of(h, ca->leaf);

        if (sent != NULL || live)
                return judge_ocsp(ca, sent, r, e);
        if (!judge_crl(ca, r))
                report_check(r, "issuer-status", -1, ref,
                    "%.120s: nothing stapled for it, and no --crl", ca->name);
        return 0;
}

int authorities_judge(const struct subject *s, const struct handshake *h,
    bool live, struct report *r, struct err *e)
{
        struct options o = *s->options;
        struct subject ca = *s;
        int i;

        o.url = NULL;  /* that one was named for the leaf */
        o.max_age = 0; /* and the rest was said of its answer */
        o.require_nonce = false;
        ca.options = &o;
        for (i = 1; i + 1 < sk_X509_num(s->chain); i++) {
                ca.leaf = sk_X509_value(s->chain, i);
                ca.issuer = sk_X509_value(s->chain, i + 1);
                pki_subject(ca.leaf, ca.name);
                if (judge_one(&ca, h, live, r, e) != 0)
                        return -1;
        }
        return 0;
}
