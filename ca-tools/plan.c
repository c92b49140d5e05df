#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int plan_open(
    struct plan *p, const struct wish *w, const struct args *a, struct err *e)
{
        p->wish = w;
        if (lab_open_write(&p->lab, a, e) != 0)
                return -1;
        p->now = lab_now(&p->lab);
        return 0;
}

static void issuer_free(struct issuer *i)
{
        authority_release(&i->ca);
        buf_release(&i->chain);
        buf_release(&i->intermediates);
        free(i);
}

void plan_release(struct plan *p)
{
        struct issuer *i;

        while ((i = p->issuers) != NULL) {
                p->issuers = i->next;
                issuer_free(i);
        }
        lab_release(&p->lab);
}

/* ---- who issues ---------------------------------------------------------- */

static void set_crl_url(struct issuer *i, const struct plan *p)
{
        struct cadb_settings s = p->lab.settings;

        if (p->wish->crl_url != NULL)
                snprintf(s.crl_url, sizeof(s.crl_url), "%s", p->wish->crl_url);
        lab_crl_url(&s, i->ca.row.name, i->crl_url);
}

static int issuer_new(
    struct issuer **out, const struct plan *p, const char *name, struct err *e)
{
        struct issuer *i = calloc(1, sizeof(*i));

        if (i == NULL)
                return err_set(e, ERR_OS, "out of memory");
        if (authority_load(&p->lab, name, &i->ca, e) != 0 ||
            authority_chain(&p->lab, &i->ca, &i->chain, &i->intermediates, e) !=
                0) {
                issuer_free(i);
                return -1;
        }
        set_crl_url(i, p);
        *out = i;
        return 0;
}

/* name NULL: the lab's default.  Loaded once. */
static int find_issuer(
    struct plan *p, const char *name, const struct issuer **out, struct err *e)
{
        struct cadb_ca row;
        struct issuer *i;

        if (name == NULL) {
                if (authority_find(&p->lab, NULL, &row, e) != 0)
                        return -1;
                name = row.name;
        }
        for (i = p->issuers; i != NULL; i = i->next)
                if (strcmp(i->ca.row.name, name) == 0)
                        break;
        if (i == NULL) {
                if (issuer_new(&i, p, name, e) != 0)
                        return -1;
                i->next = p->issuers;
                p->issuers = i;
        }
        *out = i;
        return 0;
}

void plan_note(const struct plan *p, const struct issuer *i, int64_t not_after)
{
        bool asked = p->wish->not_after != NULL || p->wish->days != NULL;
        const struct cadb_ca *ca = &i->ca.row;
        char end[TIME_TEXT_MAX];

        format_time(ca->not_after, end);
        if (asked && not_after > ca->not_after)
                fprintf(stderr,
                    "ocsp-ca: note: outlives its CA %s, which ends on %s\n",
                    ca->name, end);
        else if (!asked && not_after == ca->not_after)
                fprintf(stderr, "ocsp-ca: note: ends with its CA %s, on %s\n",
                    ca->name, end);
}

/* ---- validity ------------------------------------------------------------ */

#define VALIDITY_S (INT64_C(90) * 86400)
#define BACKDATE_S INT64_C(3600) /* for peers whose clock is behind */

static int parse_when(const char *option, const char *text, int64_t now,
    int64_t *out, struct err *e)
{
        if (text == NULL || parse_time(text, now, out, e) == 0)
                return 0;
        return err_prefix(e, "%s", option);
}

/* How long it is valid from now on, or from --not-before. */
static int read_length(
    const struct wish *w, const struct model *m, int64_t *length, struct err *e)
{
        *length = VALIDITY_S;
        /* What is counted from now on began a little before. */
        if (m->renews && m->length > BACKDATE_S)
                *length = m->length - BACKDATE_S;
        else if (m->renews)
                *length = m->length;
        if (w->days != NULL && parse_duration(w->days, 'd', length, e) != 0)
                return err_prefix(e, "--days");
        return 0;
}

static int read_validity(
    struct terms *t, const struct plan *p, const struct model *m, struct err *e)
{
        const struct cadb_ca *ca = &t->issuer->ca.row;
        const struct wish *w = p->wish;
        int64_t length;

        if (read_length(w, m, &length, e) != 0)
                return -1;
        t->not_before = p->now - BACKDATE_S;
        if (t->not_before < ca->not_before)
                t->not_before = ca->not_before;
        if (parse_when(
                "--not-before", w->not_before, p->now, &t->not_before, e) != 0)
                return -1;
        t->not_after =
            (w->not_before != NULL ? t->not_before : p->now) + length;
        if (w->days == NULL && t->not_after > ca->not_after)
                t->not_after = ca->not_after;
        return parse_when(
            "--not-after", w->not_after, p->now, &t->not_after, e);
}

/* What is asked for is done, also if no client will take it, since a lab needs
 * such certificates.  Only what nobody asked for is kept in bounds. */
static int set_validity(
    struct terms *t, const struct plan *p, const struct model *m, struct err *e)
{
        const struct wish *w = p->wish;
        bool asked = w->days != NULL || w->not_after != NULL;
        char end[TIME_TEXT_MAX];

        if (read_validity(t, p, m, e) != 0)
                return -1;
        /* An end in the past is asked for to get an expired certificate. */
        if (t->not_after <= t->not_before && asked && w->not_before == NULL)
                t->not_before = t->not_after - VALIDITY_S;
        if (t->not_after > t->not_before)
                return 0;
        if (asked)
                return err_set(
                    e, ERR_USAGE, "the certificate would end before it begins");
        return err_set(e, ERR_CONFIG,
            "%s: this CA ends on %s, before the certificate begins: say "
            "--not-after, or see 'ocsp-ca clock'",
            t->issuer->ca.row.name,
            format_time(t->issuer->ca.row.not_after, end));
}

/* ---- names --------------------------------------------------------------- */

static void add_san(struct terms *t, const char *word)
{
        const char *prefix;

        if (pki_san_check(word, &prefix, NULL) == 0)
                t->sans[t->sans_len++] = word;
}

/* NAME, NAME.localhost and the loopback: so that the certificate fits however
 * a test names its server.  A client has no such names. */
static void add_usual(struct terms *t, const char *name)
{
        add_san(t, name);
        if (t->profile == PKI_CLIENT)
                return;
        snprintf(t->local, sizeof(t->local), "%s.localhost", name);
        add_san(t, t->local);
        add_san(t, "localhost");
        add_san(t, "127.0.0.1");
        add_san(t, "::1");
}

static int set_names(struct terms *t, const struct wish *w,
    const struct model *m, const char *name, struct err *e)
{
        bool given = w->sans_len > 0;
        const char *const *sans =
            given ? w->sans : (const char *const *)m->sans;

        snprintf(t->common_name, sizeof(t->common_name), "%s",
            m->common_name[0] != '\0' ? m->common_name : name);
        t->sans_len = given ? w->sans_len : m->sans_len;
        memcpy(t->sans, sans, t->sans_len * sizeof(t->sans[0]));
        if (t->sans_len > 0 || m->renews)
                return 0;
        if (m->csr == NULL)
                add_usual(t, name);
        else
                add_san(t, m->common_name);
        if (t->sans_len == 0 && t->profile == PKI_SERVER)
                return err_set(e, ERR_DATA,
                    "the request asks for no name that a server can have: say "
                    "--san, or --profile client");
        return 0;
}

/* ---- all ----------------------------------------------------------------- */

static void set_urls(
    struct terms *t, const struct plan *p, const struct model *m)
{
        const struct wish *w = p->wish;

        if (w->urls_len > 0) {
                t->urls_len = w->urls_len;
                memcpy(t->urls, w->urls, sizeof(t->urls));
        } else if (w->no_url) {
                t->urls_len = 0;
        } else if (m->renews) {
                t->urls_len = m->urls_len;
                memcpy(t->urls, m->urls, sizeof(t->urls));
        } else {
                t->urls_len = lab_urls(&p->lab.settings, t->urls);
        }
        if (w->no_crl_url)
                t->crl_url = NULL;
        else if (w->crl_url == NULL && m->renews)
                t->crl_url = m->crl_url;
        else if (t->issuer->crl_url[0] != '\0')
                t->crl_url = t->issuer->crl_url;
}

/* Where nobody listens: tcpmux, on loopback. */
#define DEAD_URL "http://127.0.0.1:1"

/* Scenarios that stand in the certificate: about the responders it names. */
static void spoil_urls(struct terms *t, const struct wish *w)
{
        size_t kept = t->urls_len;

        if (!w->has_scenario ||
            w->scenario.scenario->place != SCENARIO_AT_CERTIFICATE)
                return;
        if (strcmp(w->scenario.scenario->name, "first-url-dead") != 0)
                kept = 0;
        else if (kept == PKI_URLS_MAX)
                kept--;
        memmove(t->urls + 1, t->urls, kept * sizeof(t->urls[0]));
        t->urls[0] = DEAD_URL;
        t->urls_len = kept + 1;
}

static int set_key(
    struct terms *t, const struct wish *w, const struct model *m, struct err *e)
{
        if (m->csr != NULL)
                t->key = X509_REQ_get0_pubkey(m->csr);
        t->algorithm = w->has_algorithm ? w->algorithm : m->algorithm;
        if (t->key != NULL || w->has_algorithm || m->renews)
                return 0;
        return authority_algorithm(&t->issuer->ca, &t->algorithm, e);
}

int terms_make(struct terms *t, struct plan *p, const struct model *m,
    const char *name, struct err *e)
{
        const struct wish *w = p->wish;
        const char *ca = w->ca;

        *t = (struct terms){.name = name};
        if (ca == NULL && m->renews)
                ca = m->ca;
        if (find_issuer(p, ca, &t->issuer, e) != 0 || set_key(t, w, m, e) != 0)
                return -1;
        if (w->has_profile)
                t->profile = w->profile;
        else
                t->profile = m->renews ? m->profile : PKI_SERVER;
        t->must_staple =
            w->must_staple || (m->must_staple && !w->no_must_staple);
        set_urls(t, p, m);
        spoil_urls(t, w);
        if (set_names(t, w, m, name, e) != 0)
                return -1;
        return set_validity(t, p, m, e);
}
