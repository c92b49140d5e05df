#include "stapler/roster.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

/* ---- entries ------------------------------------------------------------ */

static void entry_release(struct roster *r, struct roster_entry *n)
{
        if (n->site != NULL && n->site->tls != NULL)
                tls_site_remove(r->tls, n->site->tls);
        site_free(n->site);
        site_free(n->successor);
        free(n->fullchain);
        free(n->chain);
        free(n->key);
}

static void remove_entry(struct roster *r, size_t i)
{
        log_line(LOG_INFO_, "certificate",
            "cert=%s why=\"gone from disk\" next=\"not served any more\"",
            r->entries[i].name);
        entry_release(r, &r->entries[i]);
        r->len--;
        memmove(r->entries + i, r->entries + i + 1,
            (r->len - i) * sizeof(r->entries[0]));
}

static int add_entry(struct roster *r, const char *name, const char *fullchain,
    const char *chain, const char *key, struct err *e)
{
        struct roster_entry *more, *n;

        more = realloc(r->entries, (r->len + 1) * sizeof(*more));
        if (more == NULL)
                return err_set(e, ERR_OS, "out of memory");
        r->entries = more;
        n = &r->entries[r->len];
        memset(n, 0, sizeof(*n));
        snprintf(n->name, sizeof(n->name), "%s", name);
        n->fullchain = strdup(fullchain);
        n->chain = chain == NULL ? NULL : strdup(chain);
        n->key = strdup(key);
        r->len++;
        if (n->fullchain == NULL || n->key == NULL ||
            (chain != NULL && n->chain == NULL))
                return err_set(e, ERR_OS, "out of memory");
        return 0;
}

static int add_named(struct roster *r, const char *name, struct err *e)
{
        char fullchain[PATH_MAX], chain[PATH_MAX], key[PATH_MAX];

        if (roster_find(r, name) != NULL)
                return 0;
        if (file_path(fullchain, PATH_MAX, e, "%s/%s/fullchain.pem", r->folder,
                name) != 0 ||
            file_path(chain, PATH_MAX, e, "%s/%s/chain.pem", r->folder, name) !=
                0 ||
            file_path(key, PATH_MAX, e, "%s/%s/key.pem", r->folder, name) != 0)
                return -1;
        return add_entry(r, name, fullchain, chain, key, e);
}

struct roster_entry *roster_find(const struct roster *r, const char *name)
{
        size_t i;

        for (i = 0; i < r->len; i++) {
                if (strcmp(r->entries[i].name, name) == 0)
                        return &r->entries[i];
        }
        return NULL;
}

/* ---- one entry, as it stands on disk ------------------------------------ */

static struct file_mark mark_of(const char *path)
{
        struct stat st;

        if (stat(path, &st) != 0)
                return (struct file_mark){0};
        return (struct file_mark){st.st_ino, st.st_size, st.st_ctim};
}

static bool same_mark(const struct file_mark *a, const struct file_mark *b)
{
        return a->inode == b->inode && a->size == b->size &&
               a->changed.tv_sec == b->changed.tv_sec &&
               a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Remembers the files as they are now.  false: nothing is new. */
static bool has_changed(struct roster_entry *n)
{
        struct file_mark now[2] = {mark_of(n->fullchain), mark_of(n->key)};

        if (same_mark(&now[0], &n->marks[0]) &&
            same_mark(&now[1], &n->marks[1]))
                return false;
        n->marks[0] = now[0];
        n->marks[1] = now[1];
        return true;
}

/* Serves the site, in the place of the entry's old one. */
static int install(
    struct roster *r, struct roster_entry *n, struct site *site, struct err *e)
{
        struct tls_site_spec spec = {.name = n->name,
            .leaf = site->id.leaf,
            .chain = site->id.chain,
            .key = site->id.key,
            .arg = site};
        struct tls_site *old = n->site == NULL ? NULL : n->site->tls;

        if (r->serving) {
                if (tls_site_add(r->tls, &spec, old, &site->tls, e) != 0)
                        return -1;
                if (r->options->preferred != NULL &&
                    strcmp(n->name, r->options->preferred) == 0)
                        tls_site_prefer(r->tls, site->tls);
                log_line(LOG_INFO_, "certificate", "cert=%s serial=%s %s",
                    n->name, site->id.serial,
                    old == NULL ? "next=\"served from now on\""
                                : "next=\"served in place of the old one\"");
        }
        site_free(n->site);
        n->site = site;
        return 0;
}

static int read_entry(struct roster *r, struct roster_entry *n, struct err *e)
{
        struct identity_spec spec = {
            n->name, n->fullchain, n->chain, n->key, r->mode};
        struct identity id;
        struct site *site;

        if (identity_load(&spec, r->keeper->trust, &id, e) != 0)
                return -1;
        if (n->site != NULL && X509_cmp(n->site->id.leaf, id.leaf) == 0) {
                identity_release(&id);
                return 0;
        }
        if (site_new(r->keeper, &id, &site, e) != 0) {
                identity_release(&id);
                return -1;
        }
        if (n->site != NULL) {
                site_free(n->successor);
                n->successor = site;
                return 0;
        }
        if (install(r, n, site, e) == 0)
                return 0;
        site_free(site);
        return -1;
}

static void examine(struct roster *r, struct roster_entry *n)
{
        struct err e = ERR_INIT;

        if (!has_changed(n))
                return;
        n->error[0] = '\0';
        if (read_entry(r, n, &e) == 0)
                return;
        snprintf(n->error, sizeof(n->error), "%s", e.text);
        log_line(LOG_ERROR_, "certificate", "cert=%s why=\"%s\" next=\"%s\"",
            n->name, e.text,
            n->site == NULL ? "not served until its files change"
                            : "still serving the one from before");
}

/* ---- scanning ----------------------------------------------------------- */

static int list_folder(struct roster *r, struct err *e)
{
        DIR *d = opendir(r->folder);
        struct dirent *one;
        int rc = 0;

        if (d == NULL)
                return err_errno(e, ERR_IO, "%s", r->folder);
        while (rc == 0 && (one = readdir(d)) != NULL) {
                if (lab_name_valid(one->d_name))
                        rc = add_named(r, one->d_name, e);
        }
        closedir(d);
        return rc;
}

static void watch_folder(struct roster *r)
{
        if (r->watch >= 0 || r->folder[0] == '\0')
                return;
        r->watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (r->watch < 0)
                return;
        if (inotify_add_watch(r->watch, r->folder,
                IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO |
                    IN_ONLYDIR) >= 0)
                return;
        close(r->watch);
        r->watch = -1;
}

bool roster_poll(struct roster *r)
{
        char events[4096];
        bool any = false;

        while (r->watch >= 0 && read(r->watch, events, sizeof(events)) > 0)
                any = true;
        return any;
}

void roster_scan(struct roster *r)
{
        struct err e = ERR_INIT;
        size_t i;

        if (r->all && list_folder(r, &e) != 0 && e.code != ERR_NOTFOUND)
                log_line(LOG_ERROR_, "certificate",
                    "why=\"%s\" next=\"serving what is there\"", e.text);
        for (i = r->len; i-- > 0;) {
                if (r->all && access(r->entries[i].fullchain, F_OK) != 0 &&
                    errno == ENOENT)
                        remove_entry(r, i);
        }
        for (i = 0; i < r->len; i++)
                examine(r, &r->entries[i]);
}

/* ---- opening ------------------------------------------------------------ */

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
                if (add_entry(r, name, o->certs[i], NULL, o->keys[i], e) != 0)
                        return -1;
        }
        return 0;
}

static int add_sources(struct roster *r, struct err *e)
{
        const struct options *o = r->options;
        size_t i;

        r->mode = PKI_KEY_ANY;
        if (o->certs_len > 0)
                return add_pairs(r, e);
        if (o->folder != NULL) {
                r->all = true;
                if (file_path(r->folder, PATH_MAX, e, "%s", o->folder) != 0)
                        return -1;
                return list_folder(r, e);
        }
        r->mode = PKI_KEY_PRIVATE;
        r->all = o->names_len == 0;
        if (lab_dir_check(o->dir, e) != 0 ||
            file_path(r->folder, PATH_MAX, e, "%s/certs", o->dir) != 0)
                return -1;
        for (i = 0; i < o->names_len; i++) {
                if (add_named(r, o->names[i], e) != 0)
                        return -1;
        }
        return 0;
}

/* What was named must be there. */
static int check_named(const struct roster *r, struct err *e)
{
        struct err why = ERR_INIT;
        size_t i;

        for (i = 0; i < r->len && !r->all; i++) {
                const struct roster_entry *n = &r->entries[i];

                if (n->site != NULL)
                        continue;
                if (access(n->fullchain, F_OK) != 0 && r->folder[0] != '\0')
                        return err_set(e, ERR_NOTFOUND,
                            "%s: no such certificate in %s: see 'ocsp-ca "
                            "list', "
                            "or make it with 'ocsp-ca issue %s'",
                            n->name, r->folder, n->name);
                err_set(&why, ERR_CONFIG, "%s", n->error);
                *e = why;
                return -1;
        }
        return 0;
}

/* The oldest first: it stays the one for clients without SNI when others
 * are issued. */
static int by_age(const void *a, const void *b)
{
        const struct roster_entry *x = a, *y = b;
        int64_t s, t;

        if (x->site == NULL || y->site == NULL)
                return (x->site == NULL) - (y->site == NULL);
        s = pki_not_before(x->site->id.leaf);
        t = pki_not_before(y->site->id.leaf);
        return s != t ? (s > t) - (s < t) : strcmp(x->name, y->name);
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
                if (site == NULL || install(r, n, site, e) == 0)
                        continue;
                site_free(site);
                snprintf(n->error, sizeof(n->error), "%s", e->text);
                log_line(LOG_ERROR_, "certificate",
                    "cert=%s why=\"%s\" next=\"not served\"", n->name, e->text);
                if (!r->all)
                        return -1;
        }
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
        watch_folder(r);
        roster_scan(r);
        if (check_named(r, e) != 0)
                return -1;
        return serve_all(r, e);
}

void roster_close(struct roster *r)
{
        size_t i;

        for (i = 0; i < r->len; i++)
                entry_release(r, &r->entries[i]);
        free(r->entries);
        if (r->watch >= 0)
                close(r->watch);
        *r = (struct roster){.watch = -1};
}

/* ---- time --------------------------------------------------------------- */

static void promote(struct roster *r, struct roster_entry *n)
{
        struct site *site = n->successor;
        struct err e = ERR_INIT;

        if (!site_is_settled(site) &&
            monotonic_ms() - site->born_ms < ROSTER_PATIENCE_MS)
                return;
        n->successor = NULL;
        if (install(r, n, site, &e) == 0)
                return;
        snprintf(n->error, sizeof(n->error), "%s", e.text);
        log_line(LOG_ERROR_, "certificate",
            "cert=%s why=\"%s\" next=\"still serving the one from before\"",
            n->name, e.text);
        site_free(site);
}

void roster_tick(struct roster *r)
{
        size_t i;

        for (i = 0; i < r->len; i++) {
                struct roster_entry *n = &r->entries[i];

                if (n->site != NULL)
                        site_tick(n->site);
                if (n->successor != NULL) {
                        site_tick(n->successor);
                        promote(r, n);
                }
        }
}

void roster_replan(struct roster *r)
{
        size_t i;

        for (i = 0; i < r->len; i++) {
                if (r->entries[i].site != NULL)
                        site_replan(r->entries[i].site);
                if (r->entries[i].successor != NULL)
                        site_replan(r->entries[i].successor);
        }
}

bool roster_is_settled(const struct roster *r)
{
        size_t i;

        for (i = 0; i < r->len; i++) {
                const struct roster_entry *n = &r->entries[i];

                if (n->site != NULL && !site_is_settled(n->site))
                        return false;
                if (n->successor != NULL)
                        return false;
        }
        return true;
}
