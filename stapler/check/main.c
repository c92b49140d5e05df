/* ocsp-check: a careful client, that explains itself. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "stapler/check/authorities.h"
#include "stapler/check/endpoint.h"
#include "stapler/check/live.h"
#include "stapler/check/print.h"

/* ---- the three forms ---------------------------------------------------- */

static struct ocsp_question question_of(const struct subject *s)
{
        return (struct ocsp_question){.leaf = s->leaf,
            .issuer = s->issuer,
            .responders = s->responders,
            .now = s->now,
            .skew = OCSP_SKEW_DEFAULT};
}

/* RFC 7633: the certificate says that there will be a staple. */
static void judge_presence(const struct subject *s,
    const struct handshake_cert *sent, struct report *r)
{
        static const char ref[] = "RFC 7633 4.2.3.1";

        if (!s->must_staple)
                report_check(r, "must-staple", -1, ref,
                    "the certificate does not demand a staple");
        else if (sent->stapled)
                report_check(r, "must-staple", 1, ref,
                    "the certificate demands a staple, and there is one");
        else
                report_check(r, "must-staple", 0, ref,
                    "the certificate demands a staple, and there is none");
        if (!sent->stapled)
                report_absent(r, OCSP_V_MISSING, "the server sent none%s",
                    s->must_staple ? ", though the certificate demands one"
                                   : "");
}

static void judge_certificate(
    const struct subject *s, X509 *in_lab, struct report *r)
{
        if (in_lab == NULL)
                return;
        if (X509_cmp(in_lab, s->leaf) == 0)
                report_check(r, "certificate", 1, "RFC 8446 4.4.2",
                    "the server sent the one in DIR/certs");
        else
                report_check(r, "certificate", -1, "RFC 8446 4.4.2",
                    "the server sent another one than that in DIR/certs");
}

static int judge_handshake(struct subject *s, const struct endpoint *at,
    const struct handshake *h, struct report *r, struct err *e)
{
        const struct handshake_cert *sent = &h->certs[0];
        struct ocsp_question q;
        X509 *in_lab = s->leaf;
        struct err no_issuer = ERR_INIT;
        int rc = -1;

        s->leaf = NULL;
        if (subject_take(s, h, e) != 0)
                goto out;
        judge_certificate(s, in_lab, r);
        subject_judge(s, at->servername, r);
        judge_presence(s, sent, r);
        if (sent->stapled && subject_find_issuer(s, &no_issuer) == 0) {
                buf_append(&r->der, sent->staple.data, sent->staple.len);
                q = question_of(s);
                report_judge(r, &q);
        }
        if (authorities_judge(s, h, false, r, e) != 0)
                goto out;
        report_distrust(r, "issuer-status");
        report_distrust(r, "host-name");
        report_distrust(r, "chain");
        rc = 0;
out:
        X509_free(in_lab);
        return rc;
}

static int check_staple(struct subject *s, struct findings *f, struct err *e)
{
        struct handshake_request q = {.version = s->options->version};
        struct handshake h;
        struct endpoint at;
        struct err why = ERR_INIT;
        int rc;

        if (endpoint_find(s, &at, e) != 0)
                return -1;
        q.host = at.host;
        q.port = at.port;
        q.servername = at.servername;
        snprintf(f->servername, sizeof(f->servername), "%s", at.servername);
        rc = handshake_run(&q, &h, &why);
        snprintf(f->address, sizeof(f->address), "%s", h.address);
        snprintf(f->version, sizeof(f->version), "%s", h.version);
        if (rc == 0) {
                rc = judge_handshake(s, &at, &h, &f->first, e);
        } else if (why.code == ERR_OS || why.code == ERR_INTERNAL) {
                *e = why;
        } else {
                report_absent(&f->first, OCSP_V_UNREACHABLE, "%s", why.text);
                rc = 0;
        }
        handshake_release(&h);
        return rc;
}

static int check_live(struct subject *s, struct report *r, struct err *e)
{
        subject_judge(s, NULL, r);
        if (subject_find_issuer(s, e) != 0 || live_ask(s, r, e) != 0 ||
            authorities_judge(s, NULL, true, r, e) != 0)
                return -1;
        report_distrust(r, "issuer-status");
        report_distrust(r, "chain");
        return 0;
}

static int check_file(struct subject *s, struct report *r, struct err *e)
{
        struct ocsp_question q;

        subject_judge(s, NULL, r);
        if (subject_find_issuer(s, e) != 0 ||
            file_read(s->options->response, OCSP_RESPONSE_LIMIT, &r->der, e) !=
                0)
                return -1;
        q = question_of(s);
        report_judge(r, &q);
        report_distrust(r, "chain");
        return 0;
}

static int check(struct subject *s, struct findings *f, struct err *e)
{
        switch (s->options->form) {
        case FORM_STAPLE:
                return check_staple(s, f, e);
        case FORM_LIVE:
                return subject_load(s, s->options->cert, e) == 0
                           ? check_live(s, &f->first, e)
                           : -1;
        case FORM_FILE:
                return subject_load(s, s->options->cert, e) == 0
                           ? check_file(s, &f->first, e)
                           : -1;
        }
        return -1;
}

/* ---- the run ------------------------------------------------------------ */

/* The live answer beside the first one. */
static int compare(struct subject *s, struct findings *f, struct err *e)
{
        struct err why = ERR_INIT;

        if (s->leaf == NULL)
                err_set(&why, ERR_NOTFOUND, "no certificate to ask about");
        else if (subject_find_issuer(s, &why) == 0)
                return check_live(s, &f->live, e);
        report_absent(&f->live, OCSP_V_MISSING, "%s", why.text);
        return 0;
}

int64_t findings_believed_until(const struct findings *f)
{
        return f->options->compare && f->first.outcome == OCSP_V_GOOD &&
                       f->live.outcome == OCSP_V_REVOKED
                   ? f->first.verdict.next_update
                   : 0;
}

static int save(const struct findings *f, struct err *e)
{
        const struct report *r = &f->first;

        if (f->options->save == NULL)
                return 0;
        if (!r->has_answer) {
                fprintf(stderr, "ocsp-check: --save %s: no answer to write\n",
                    f->options->save);
                return 0;
        }
        return file_write_fast(
            f->options->save, r->der.data, r->der.len, 0644, e);
}

static int run(const struct options *o, int64_t now, struct findings *f,
    struct subject *s, struct err *e)
{
        static const char *const sources[] = {
            [FORM_STAPLE] = "staple",
            [FORM_LIVE] = "live",
            [FORM_FILE] = "file",
        };

        f->options = o;
        f->subject = s;
        report_init(&f->first, sources[o->form]);
        report_init(&f->live, "live");
        if (subject_open(s, o, now, e) != 0 || check(s, f, e) != 0 ||
            (o->compare && compare(s, f, e) != 0))
                return -1;
        f->accepted = report_accepted(&f->first, o->policy, s->must_staple);
        f->as_expected =
            o->expect.is_set && report_expected(&f->first, &o->expect);
        if (o->json && print_json(f, e) != 0)
                return -1;
        if (!o->json)
                print_text(f);
        return cli_flush(e) == 0 ? save(f, e) : -1;
}

static int now_of(const struct options *o, int64_t *now, struct err *e)
{
        struct labclock *clock = NULL;

        if (labclock_open(o->dir, &clock, e) != 0)
                return -1;
        *now = labclock_now(clock);
        labclock_close(clock);
        if (o->at == NULL)
                return 0;
        return parse_time(o->at, *now, now, e) == 0 ? 0 : err_prefix(e, "--at");
}

int main(int argc, char **argv)
{
        enum { NOT_AS_EXPECTED = 6 };
        static struct findings f; /* a hundred KiB */
        struct options o;
        struct subject s;
        struct err e = ERR_INIT;
        int64_t now = 0;
        int code;

        cli_hold_descriptors();
        signal(SIGPIPE, SIG_IGN); /* a peer that is gone is an error code */
        switch (options_parse(argc, argv, &o, &e)) {
        case OPTIONS_RUN:
                break;
        case OPTIONS_DONE:
                return 0;
        case OPTIONS_BAD:
                return cli_fail("ocsp-check", &e);
        }
        if (now_of(&o, &now, &e) != 0)
                return cli_fail("ocsp-check", &e);
        memset(&s, 0, sizeof(s));
        if (run(&o, now, &f, &s, &e) != 0)
                code = cli_fail("ocsp-check", &e);
        else if (o.expect.is_set)
                code = f.as_expected ? 0 : NOT_AS_EXPECTED;
        else
                code = report_exit(&f.first, f.accepted);
        report_release(&f.first);
        report_release(&f.live);
        subject_close(&s);
        return code;
}
