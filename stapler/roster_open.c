#include "stapler/roster.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "stapler/roster_internal.h"

/* ---- sources ------------------------------------------------------------ */

/* "certs/api/fullchain.pem" is api, "/etc/x/shop.pem" is shop. */
static void name_of_path(const char *path, char out[LAB_NAME_MAX + 1])
{
        char copy[PATH_MAX];
        char *base, *dot;

        snprintf(copy, sizeof(copy), "%s", path);
        base = basename(copy);
        if (strcmp(base, "fullchain.pem") == 0 ||
            strcmp(base, "cert.pem") == 0) {
                snprintf(copy, sizeof(copy), "%s", path);
                base = basename(dirname(copy));
        } else if ((dot = strrchr(base, '.')) != NULL && dot != base) {
                *dot = '\0';
        }
        snprintf(out, LAB_NAME_MAX + 1, "%.*s", LAB_NAME_MAX, base);
}

static int add_pairs(struct roster *r, struct err *e)
{
        const struct options *o = r->options;
        char name[LAB_NAME_MAX + 1], numbered[LAB_NAME_MAX + 1];
        size_t i;

        for (i = 0; i < o->certs_len; i++) {
                name_of_path(o->certs[i], name);
                if (roster_find(r, name) != NULL) {
                        snprintf(numbered, sizeof(numbered), "%.100s-%zu", name,
                            i + 1);
                        memcpy(name, numbered, sizeof(name));
                }
                if (roster_add(r, name, o->certs[i], NULL, o->keys[i], e) != 0)
                        return -1;
        }
        return 0;
}

static int add_names(struct roster *r, struct err *e)
{
        const struct options *o = r->options;
        size_t i;

        for (i = 0; i < o->names_len; i++) {
                if (roster_add_named(r, o->names[i], e) != 0)
                        return -1;
        }
        return 0;
}

/* A lab that has no certs/ yet may get one; a folder that was named must be
 * there. */
static int add_folder(struct roster *r, struct err *e)
{
        struct err why = ERR_INIT;

        if (roster_list(r, &why) == 0 ||
            (why.code == ERR_NOTFOUND && r->options->folder == NULL))
                return 0;
        *e = why;
        return -1;
}

static int add_sources(struct roster *r, struct err *e)
{
        const struct options *o = r->options;
        bool own = o->folder == NULL;

        r->mode = own && o->certs_len == 0 ? PKI_KEY_PRIVATE : PKI_KEY_ANY;
        if (o->certs_len > 0)
                return add_pairs(r, e);
        if (own && lab_dir_check(o->dir, e) != 0)
                return -1;
        if (file_path(r->folder, PATH_MAX, e, "%s%s", own ? o->dir : o->folder,
                own ? "/certs" : "") != 0)
                return -1;
        r->all = o->names_len == 0;
        return r->all ? add_folder(r, e) : add_names(r, e);
}

/* What was named must be there. */
static int check_named(const struct roster *r, struct err *e)
{
        size_t i;

        for (i = 0; i < r->len && !r->all; i++) {
                const struct roster_entry *n = &r->entries[i];

                if (n->site != NULL)
                        continue;
                if (r->folder[0] != '\0' && access(n->fullchain, F_OK) != 0 &&
                    errno == ENOENT)
                        return err_set(e, ERR_NOTFOUND,
                            "%s: no such certificate in %s: see 'ocsp-ca "
                            "list', or make it with 'ocsp-ca issue %s'",
                            n->name, r->folder, n->name);
                *e = n->error;
                return -1;
        }
        return 0;
}

/* The oldest that is valid first: it stays the one for clients without SNI
 * when others are issued. */
static int by_age(const void *a, const void *b)
{
        const struct roster_entry *x = a, *y = b;
        const struct timespec *p = &x->marks[0].changed;
        const struct timespec *q = &y->marks[0].changed;
        int64_t s, t;

        if (x->site == NULL || y->site == NULL)
                return (x->site == NULL) - (y->site == NULL);
        if (x->site->was_valid != y->site->was_valid)
                return x->site->was_valid ? -1 : 1;
        s = pki_not_before(x->site->id.leaf);
        t = pki_not_before(y->site->id.leaf);
        if (s != t)
                return (s > t) - (s < t);
        /* Issued within one second: the files know more. */
        if (p->tv_sec != q->tv_sec)
                return p->tv_sec < q->tv_sec ? -1 : 1;
        return (p->tv_nsec > q->tv_nsec) - (p->tv_nsec < q->tv_nsec);
}

/* Everything that was read goes to TLS. */
static int serve_all(struct roster *r, struct err *e)
{
        size_t i;

        if (r->all && r->len > 1)
                qsort(r->entries, r->len, sizeof(r->entries[0]), by_age);
        r->serving = true;
        for (i = 0; i < r->len; i++) {
                struct roster_entry *n = &r->entries[i];
                struct site *site = n->site;

                n->site = NULL;
                if (site == NULL || roster_install(r, n, site, &n->error) == 0)
                        continue;
                site_free(site);
                if (!r->all) {
                        *e = n->error;
                        return -1;
                }
                log_line(LOG_ERROR_, "certificate",
                    "cert=%s why=\"%s\" next=\"not served\"", n->name,
                    n->error.text);
        }
        return 0;
}

/* Of a whole folder it may come later. */
static int check_preferred(const struct roster *r, struct err *e)
{
        const char *name = r->options->preferred;

        if (name == NULL || roster_find(r, name) != NULL)
                return 0;
        if (!r->all)
                return err_set(e, ERR_USAGE,
                    "--default %.100s: not one of the certificates that are "
                    "served",
                    name);
        log_line(LOG_WARN_, "certificate",
            "why=\"--default %.100s: no such certificate yet\" "
            "next=\"clients without SNI get the oldest\"",
            name);
        return 0;
}

int roster_open(struct roster *r, struct keeper *k, struct tls *tls,
    const struct options *o, struct err *e)
{
        memset(r, 0, sizeof(*r));
        r->keeper = k;
        r->tls = tls;
        r->options = o;
        r->watch = -1;
        if (add_sources(r, e) != 0)
                return -1;
        /* Before the scan, so that nothing falls between the two. */
        roster_watch(r);
        roster_look(r);
        roster_scan(r);
        if (check_named(r, e) != 0 || check_preferred(r, e) != 0)
                return -1;
        return serve_all(r, e);
}
