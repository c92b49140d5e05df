#include "cmd.h"

#include <stdio.h>
#include <string.h>

#include "batch.h"

/* "/tmp/www.csr" gives "www". */
static void base_name(const char *path, char out[LAB_NAME_MAX + 1])
{
        const char *slash = strrchr(path, '/');
        const char *file = slash != NULL ? slash + 1 : path;
        const char *dot = strrchr(file, '.');
        size_t len =
            dot != NULL && dot != file ? (size_t)(dot - file) : strlen(file);

        /* What does not fit is no name. */
        snprintf(out, LAB_NAME_MAX + 1, "%.*s",
            len <= LAB_NAME_MAX ? (int)len : 0, file);
}

/* --name, else the common name, else that of the file. */
static int find_name(const struct wish *w, const struct model *m,
    const char *path, char out[LAB_NAME_MAX + 1], struct err *e)
{
        if (w->name != NULL)
                snprintf(out, LAB_NAME_MAX + 1, "%s", w->name);
        else if (lab_name_valid(m->common_name))
                snprintf(out, LAB_NAME_MAX + 1, "%s", m->common_name);
        else
                base_name(path, out);
        if (lab_name_valid(out))
                return 0;
        return err_set(e, ERR_USAGE,
            "%s: neither its common name nor its file name can be a name "
            "here: say --name",
            path);
}

static int sign(struct batch *b, struct plan *p, struct model *m,
    const struct args *a, struct err *e)
{
        char name[LAB_NAME_MAX + 1];
        const char *path = a->words[0];
        struct terms t;

        if (model_of_request(m, &p->lab, path, e) != 0 ||
            find_name(p->wish, m, path, name, e) != 0 ||
            batch_open(b, p, 1, e) != 0 || batch_check(b, name, e) != 0)
                return -1;
        if (terms_make(&t, p, m, name, e) != 0 || batch_add(b, &t, e) != 0 ||
            batch_commit(b, NULL, NULL, e) != 0)
                return -1;
        return batch_print(b, a->json, e);
}

static int run(struct args *a, struct err *e)
{
        struct wish w = {.profile = PKI_SERVER};
        struct model m = {.csr = NULL};
        struct batch b = {0};
        struct plan p = {0};
        int rc;

        if (wish_sign(&w, a, e) != 0)
                return -1;
        rc = plan_open(&p, &w, a, e);
        if (rc == 0)
                rc = sign(&b, &p, &m, a, e);
        batch_close(&b);
        model_release(&m);
        plan_release(&p);
        return rc;
}

const struct command cmd_sign = {
    .name = "sign",
    .summary = "issue a certificate for a request (CSR)",
    .help =
        "usage: ocsp-ca sign REQ.csr [OPTION]...\n\n"
        "Issues a certificate for the key of a PKCS#10 request, in PEM or DER; "
        "'-' reads it\nfrom standard input.  It must be signed with that key, "
        "which must be RSA of 2048 bits\nor more, EC on a named curve, Ed25519 "
        "or Ed448, and not the key of a CA here.  Goes to\n"
        "DIR/certs/NAME/{cert,chain,fullchain}.pem.\n\n"
        "Of the request count the common name, the subject alternative names "
        "(DNS, IP, mail,\nURI) and must-staple; the rest is as 'ocsp-ca issue' "
        "does it.\n\n"
        "  --name NAME          (default: the common name if it can be one, "
        "else the file's\n"
        "                       name without its ending)\n"
        "  --san X,Y            instead of those of the request (default: "
        "those, else the\n"
        "                       common name)\n"
        "  --must-staple        TLS feature status_request (RFC 7633), asked "
        "for or not\n"
        "  --no-must-staple     not, though the request asks for it\n"
        "  --ocsp-url URL       responder named in the certificate, up to 8 "
        "times\n"
        "                       (default: the lab's)\n"
        "  --no-ocsp-url        name none\n"
        "  --crl-url URL        CRL distribution point; 'lab': the responder's "
        "own, its\n"
        "                       URL/crl/CANAME.crl (default: as 'init "
        "--crl-url' said)\n"
        "  --no-crl-url         name none\n"
        "  --not-before TIME    begin (default: an hour ago)\n"
        "  --not-after TIME     end; or\n"
        "  --days N             validity from now or --not-before; 90s, 8h too "
        "(default: 90)\n"
        "  --ca CANAME          who issues (default: the last of the chain)\n"
        "  --profile P          server (default) or client\n"
        "  --renew              NAME may exist: the new certificate takes its "
        "name and folder,\n"
        "                       the old one stays as NAME@1, the next as "
        "NAME@2\n" HELP_COMMON "\n" HELP_TIME,
    .run = run,
};
