#include "stapler/check/subject.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/dir.h"
#include "base/file.h"

/* ---- loading ------------------------------------------------------------ */

/* A name, or one with the number that it got when it was renewed: NAME@1. */
static bool is_cert_name(const char *text)
{
        size_t len = strcspn(text, "@");
        char name[LAB_NAME_MAX + 1];
        const char *number = text + len + 1;

        if (len > LAB_NAME_MAX)
                return false;
        snprintf(name, sizeof(name), "%.*s", (int)len, text);
        if (!lab_name_valid(name))
                return false;
        return text[len] == '\0' ||
               (number[0] != '\0' && strlen(number) <= 10 &&
                   strspn(number, "0123456789") == strlen(number));
}

bool subject_path(
    const char *dir, const char *name, const char *file, char *out, size_t size)
{
        return is_cert_name(name) &&
               file_path(out, size, NULL, "%s/certs/%s/%s", dir, name, file) ==
                   0 &&
               access(out, F_OK) == 0;
}

/* Takes a reference. */
static int push(STACK_OF(X509) *certs, X509 *cert, struct err *e)
{
        if (X509_up_ref(cert) != 1 || sk_X509_push(certs, cert) <= 0)
                return err_set(e, ERR_OS, "out of memory");
        return 0;
}

/* --ca, else $OCSP_LAB_CA, else DIR/root.pem if it is there. */
static int load_roots(struct subject *s, struct err *e)
{
        const char *given = s->options->ca;
        const char *env = getenv("OCSP_LAB_CA");
        char path[PATH_MAX];

        if (given != NULL)
                return pki_certs_add(s->roots, given, e);
        if (env != NULL && *env != '\0')
                return pki_certs_add(s->roots, env, e) == 0
                           ? 0
                           : err_prefix(e, "OCSP_LAB_CA");
        if (file_path(path, sizeof(path), e, "%s/root.pem", s->options->dir) !=
            0)
                return -1;
        return access(path, F_OK) == 0 ? pki_certs_add(s->roots, path, e) : 0;
}

/* --responder-cert, else DIR/responder.pem, which is there in a lab whose
 * answers are signed by a responder that no CA issued (RFC 6960 section
 * 4.2.2.2, local configuration). */
static int load_responder(struct subject *s, struct err *e)
{
        const char *given = s->options->responder_cert;
        char path[PATH_MAX];

        if (given != NULL)
                return pki_certs_add(s->responders, given, e);
        if (file_path(path, sizeof(path), e, "%s/responder.pem",
                s->options->dir) != 0)
                return -1;
        return access(path, F_OK) == 0 ? pki_certs_add(s->responders, path, e)
                                       : 0;
}

static int load_crls(struct subject *s, struct err *e)
{
        const struct options *o = s->options;
        X509_CRL *crl;
        size_t i;

        for (i = 0; i < o->crls_len; i++) {
                if (pki_crl_load(o->crls[i], &crl, e) != 0)
                        return err_prefix(e, "--crl");
                if (sk_X509_CRL_push(s->crls, crl) <= 0) {
                        X509_CRL_free(crl);
                        return err_set(e, ERR_OS, "out of memory");
                }
        }
        return 0;
}

int subject_open(
    struct subject *s, const struct options *o, int64_t now, struct err *e)
{
        memset(s, 0, sizeof(*s));
        s->options = o;
        s->now = now;
        s->roots = sk_X509_new_null();
        s->untrusted = sk_X509_new_null();
        s->responders = sk_X509_new_null();
        s->crls = sk_X509_CRL_new_null();
        if (s->roots == NULL || s->untrusted == NULL || s->responders == NULL ||
            s->crls == NULL)
                return err_set(e, ERR_OS, "out of memory");
        if (o->issuer != NULL && pki_certs_add(s->untrusted, o->issuer, e) != 0)
                return -1;
        if (load_responder(s, e) != 0 || load_crls(s, e) != 0)
                return -1;
        return load_roots(s, e);
}

void subject_close(struct subject *s)
{
        sk_X509_pop_free(s->roots, X509_free);
        sk_X509_pop_free(s->untrusted, X509_free);
        sk_X509_pop_free(s->chain, X509_free);
        sk_X509_pop_free(s->responders, X509_free);
        sk_X509_CRL_pop_free(s->crls, X509_CRL_free);
        X509_free(s->leaf);
        X509_free(s->issuer);
        memset(s, 0, sizeof(*s));
}

static void set_leaf(struct subject *s, X509 *leaf)
{
        X509_up_ref(leaf);
        X509_free(s->leaf);
        s->leaf = leaf;
        s->must_staple = pki_must_staple(leaf);
        pki_subject(leaf, s->name);
}

/* chain.pem in the same folder; absence is fine. */
static int load_beside(struct subject *s, const char *path, struct err *e)
{
        const char *slash = strrchr(path, '/');
        char chain[PATH_MAX];

        if (file_path(chain, sizeof(chain), e, "%.*schain.pem",
                slash != NULL ? (int)(slash + 1 - path) : 0, path) != 0)
                return -1;
        return access(chain, F_OK) == 0 ? pki_certs_add(s->untrusted, chain, e)
                                        : 0;
}

int subject_load(struct subject *s, const char *cert, struct err *e)
{
        X509 *leaf = NULL;
        char in_lab[PATH_MAX];
        int rc;

        if (access(cert, F_OK) != 0) {
                if (subject_path(s->options->dir, cert, "cert.pem", in_lab,
                        sizeof(in_lab)))
                        cert = in_lab;
                else if (errno == ENOENT && is_cert_name(cert))
                        return err_set(e, ERR_NOTFOUND,
                            "%.100s: neither a file nor a certificate of "
                            "%.200s",
                            cert, s->options->dir);
        }
        rc = pki_cert_load(cert, &leaf, e);
        if (rc == 0) {
                set_leaf(s, leaf);
                /* A PEM file may hold its chain, or else damage. */
                (void)pki_certs_add(s->untrusted, cert, NULL);
                rc = load_beside(s, cert, e);
        }
        X509_free(leaf);
        return rc;
}

int subject_take(struct subject *s, const struct handshake *h, struct err *e)
{
        size_t i;

        set_leaf(s, h->certs[0].cert);
        for (i = 1; i < h->certs_len; i++) {
                if (push(s->untrusted, h->certs[i].cert, e) != 0)
                        return -1;
        }
        return 0;
}

/* ---- judging ------------------------------------------------------------ */

static const char ref_chain[] = "RFC 5280 6.1";

struct ocsp_question subject_question(const struct subject *s)
{
        return (struct ocsp_question){.leaf = s->leaf,
            .issuer = s->issuer,
            .responders = s->responders,
            .crls = s->crls,
            .now = s->now,
            .skew = OCSP_SKEW_DEFAULT,
            .max_age = s->options->max_age,
            .require_nonce = s->options->require_nonce};
}

int subject_find_issuer(struct subject *s, struct err *e)
{
        X509 *issuer = NULL;

        if (s->chain != NULL)
                issuer =
                    sk_X509_value(s->chain, sk_X509_num(s->chain) > 1 ? 1 : 0);
        if (issuer == NULL)
                issuer = pki_issuer_of(s->leaf, s->untrusted);
        if (issuer == NULL)
                issuer = pki_issuer_of(s->leaf, s->roots);
        if (issuer == NULL)
                return err_set(e, ERR_NOTFOUND,
                    "%s: its issuer is not at hand: name it with --issuer",
                    s->name);
        X509_up_ref(issuer);
        X509_free(s->issuer);
        s->issuer = issuer;
        return 0;
}

/* Nothing is asked about a certificate that is not valid any more (RFC 9919
 * section 4.2), and an issuer that has expired speaks for nobody. */
static const char *untimely(const struct subject *s, X509 *cert)
{
        if (s->now < pki_not_before(cert))
                return "is not yet valid";
        return s->now > pki_not_after(cert) ? "has expired" : NULL;
}

/* --issuer alone: there is a signature on the certificate, but no telling whom
 * it comes from. */
static void judge_without_anchor(struct subject *s, struct report *r)
{
        X509 *issuer = pki_issuer_of(s->leaf, s->untrusted);
        const char *fault = untimely(s, s->leaf);
        char name[PKI_NAME_TEXT_MAX];

        if (fault == NULL && issuer != NULL && untimely(s, issuer) != NULL) {
                fault = untimely(s, issuer);
                pki_subject(issuer, name);
        } else {
                snprintf(name, sizeof(name), "%s", s->name);
        }
        if (fault != NULL)
                report_check(r, "chain", 0, ref_chain, "%.120s: certificate %s",
                    name, fault);
        else
                report_check(r, "chain", -1, ref_chain,
                    "no trust anchor is at hand (--ca): the issuer is taken at "
                    "its word");
}

static void judge_chain(struct subject *s, struct report *r)
{
        char anchor[PKI_NAME_TEXT_MAX];
        struct err e = ERR_INIT;
        X509 *last;

        if (sk_X509_num(s->roots) == 0 && s->options->form != FORM_STAPLE) {
                judge_without_anchor(s, r);
                return;
        }
        if (sk_X509_num(s->roots) == 0) {
                report_check(r, "chain", 0, ref_chain,
                    "no trust anchor is at hand: name one with --ca");
                return;
        }
        if (s->chain == NULL && pki_chain_verify(s->leaf, s->untrusted,
                                    s->roots, s->now, &s->chain, &e) != 0) {
                report_check(r, "chain", 0, ref_chain,
                    "%.160s (trust anchors: --ca; what stands between: "
                    "--issuer)",
                    e.text);
                return;
        }
        last = sk_X509_value(s->chain, sk_X509_num(s->chain) - 1);
        report_check(r, "chain", 1, ref_chain, "%d certificate%s up to %.120s",
            sk_X509_num(s->chain), sk_X509_num(s->chain) == 1 ? "" : "s",
            pki_subject(last, anchor));
}

/* "a, b and 3 more" */
static void list_names(X509 *cert, char *out, size_t size)
{
        char *sans[PKI_SANS_MAX];
        size_t n = pki_sans(cert, sans, PKI_SANS_MAX);
        size_t used = 0;
        size_t i;

        snprintf(out, size, "%s", n == 0 ? "nobody" : "");
        for (i = 0; i < n && used + strlen(sans[i]) + 20 < size; i++)
                used += (size_t)snprintf(out + used, size - used, "%s%s",
                    i > 0 ? ", " : "", sans[i]);
        if (i < n)
                snprintf(out + used, size - used, "%s%zu more",
                    i > 0 ? " and " : "", n - i);
        for (i = 0; i < n; i++)
                OPENSSL_free(sans[i]);
}

void subject_judge(struct subject *s, const char *servername, struct report *r)
{
        static const char ref[] = "RFC 9525 6";
        char names[110];

        judge_chain(s, r);
        if (servername == NULL)
                return;
        list_names(s->leaf, names, sizeof(names));
        if (pki_name_matches(s->leaf, servername))
                report_check(r, "host-name", 1, ref,
                    "the certificate is for %.100s", servername);
        else
                report_check(r, "host-name", 0, ref,
                    "the certificate is not for %.60s but for %s: name one of "
                    "these with --servername",
                    servername, names);
}
