/* What a run finds out: the three forms, and the comparison. */
#include "stapler/check/run.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/file.h"
#include "stapler/check/authorities.h"
#include "stapler/check/endpoint.h"
#include "stapler/check/live.h"

/* An answer that is too long is not to be trusted, like one that is garbled;
 * only what nobody would take for an answer any more is a failure. */
#define ANSWER_FILE_LIMIT ((size_t)32 << 20)

/* ---- the three forms ---------------------------------------------------- */

static const char ref_status[] = "RFC 6066 8";

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
        if (sent->stapled)
                report_check(r, "staple", 1, ref_status,
                    "asked for, and %zu bytes came", sent->staple.len);
        else
                report_check(
                    r, "staple", 0, ref_status, "asked for, and none came");
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

/* Whatever was judged before the handshake broke off is void: nothing came to
 * pass. */
static void judge_no_handshake(struct report *r, const struct err *why)
{
        report_release(r);
        report_init(r, "staple");
        report_check(r, "handshake", 0, ref_status, "%.250s", why->text);
        report_absent(r, OCSP_V_UNREACHABLE, "%s", why->text);
}

/* One handshake, and what came of it. */
struct shaking {
        struct subject *subject;
        const struct endpoint *at;
        struct report *report;
        bool judged;
        int rc; /* of judging: 0, or -1 and *e */
        struct err *e;
};

static int judge_handshake(
    struct shaking *k, X509 *in_lab, const struct handshake *h)
{
        struct subject *s = k->subject;
        struct report *r = k->report;
        const struct handshake_cert *sent = &h->certs[0];
        struct ocsp_question q;
        struct err no_issuer = ERR_INIT;

        if (subject_take(s, h, k->e) != 0)
                return -1;
        report_check(r, "handshake", 1, ref_status, "%s with %s, as %.150s",
            h->version, h->address, k->at->servername);
        judge_certificate(s, in_lab, r);
        subject_judge(s, k->at->servername, r);
        judge_presence(s, sent, r);
        if (sent->stapled && subject_find_issuer(s, &no_issuer) == 0) {
                buf_append(&r->der, sent->staple.data, sent->staple.len);
                q = subject_question(s);
                report_judge(r, &q);
        }
        if (authorities_judge(s, h, false, r, k->e) != 0)
                return -1;
        report_distrust(r, "issuer-status");
        report_distrust(r, "host-name");
        report_distrust(r, "chain");
        return 0;
}

static void judge_once(struct shaking *k, const struct handshake *h)
{
        X509 *in_lab = k->subject->leaf;

        if (k->judged)
                return;
        k->judged = true;
        k->subject->leaf = NULL;
        k->rc = judge_handshake(k, in_lab, h);
        X509_free(in_lab);
}

/* The alert is for a staple at fault, and for that alone: who does not like
 * the certificate has others. */
static bool accept_staple(void *arg, const struct handshake *h)
{
        struct shaking *k = arg;

        judge_once(k, h);
        return !k->report->has_answer ||
               policy_takes(
                   k->subject->options->policy, k->report->verdict.outcome);
}

static int check_staple(struct subject *s, struct findings *f, struct err *e)
{
        struct endpoint at;
        struct shaking k = {
            .subject = s, .at = &at, .report = &f->first, .e = e};
        struct handshake_request q = {
            .version = s->options->version, .accept = accept_staple, .arg = &k};
        struct handshake h;
        struct err why = ERR_INIT;

        if (endpoint_find(s, &at, e) != 0)
                return -1;
        q.host = at.host;
        q.port = at.port;
        q.servername = at.servername;
        snprintf(f->servername, sizeof(f->servername), "%s", at.servername);
        if (handshake_run(&q, &h, &why) == 0) {
                judge_once(&k, &h);
                if (h.refused)
                        report_check(&f->first, "alert", -1, ref_status,
                            "ended from here with the alert "
                            "bad_certificate_status_response (113)");
        } else if (why.code == ERR_OS || why.code == ERR_INTERNAL) {
                *e = why;
                k.rc = -1;
        } else {
                judge_no_handshake(&f->first, &why);
        }
        snprintf(f->address, sizeof(f->address), "%s", h.address);
        snprintf(f->version, sizeof(f->version), "%s", h.version);
        handshake_release(&h);
        return k.rc;
}

/* Without the issuer nothing can be asked or compared.  That is the caller's to
 * mend, unless the certificate is refused anyway: then there is a verdict. */
static int find_issuer(struct subject *s, const struct report *r, struct err *e)
{
        struct err why = ERR_INIT;

        if (subject_find_issuer(s, &why) == 0 || report_has_failed(r))
                return 0;
        *e = why;
        return -1;
}

static int check_live(struct subject *s, struct report *r, struct err *e)
{
        subject_judge(s, NULL, r);
        if (find_issuer(s, r, e) != 0 || live_ask(s, r, e) != 0 ||
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
        if (find_issuer(s, r, e) != 0 ||
            file_read(s->options->response, ANSWER_FILE_LIMIT, &r->der, e) != 0)
                return -1;
        if (s->issuer != NULL) {
                q = subject_question(s);
                report_judge(r, &q);
        }
        if (authorities_judge(s, NULL, false, r, e) != 0)
                return -1;
        report_distrust(r, "issuer-status");
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

int now_of(const struct options *o, int64_t *now, struct err *e)
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

int findings_make(const struct options *o, int64_t now, struct subject *s,
    struct findings *f, struct err *e)
{
        static const char *const sources[] = {
            [FORM_STAPLE] = "staple",
            [FORM_LIVE] = "live",
            [FORM_FILE] = "file",
        };

        memset(f, 0, sizeof(*f));
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
        return 0;
}

void findings_release(struct findings *f)
{
        report_release(&f->first);
        report_release(&f->live);
}
