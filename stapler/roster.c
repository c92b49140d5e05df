#include "stapler/roster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "stapler/roster_internal.h"

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

int roster_add(struct roster *r, const char *name, const char *fullchain,
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

        if (path == NULL || stat(path, &st) != 0)
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
        struct file_mark now[] = {
            mark_of(n->fullchain), mark_of(n->chain), mark_of(n->key)};

        if (n->marked && same_mark(&now[0], &n->marks[0]) &&
            same_mark(&now[1], &n->marks[1]) &&
            same_mark(&now[2], &n->marks[2]))
                return false;
        memcpy(n->marks, now, sizeof(now));
        n->marked = true;
        return true;
}

/* Serves the site, in the place of the entry's old one. */
int roster_install(
    struct roster *r, struct roster_entry *n, struct site *site, struct err *e)
{
        struct tls_site_spec spec = {.name = n->name,
            .leaf = site->id.leaf,
            .chain = site->id.chain,
            .key = site->id.key};
        struct tls_site *old = n->site == NULL ? NULL : n->site->tls;

        if (r->serving) {
                if (tls_site_add(r->tls, &spec, old, &site->tls, e) != 0)
                        return -1;
                site_faults_look(site);
                site_publish(site);
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
        if (n->site != NULL && identity_equal(&n->site->id, &id)) {
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
        if (roster_install(r, n, site, e) == 0)
                return 0;
        site_free(site);
        return -1;
}

static void examine(struct roster *r, struct roster_entry *n)
{
        if (!has_changed(n))
                return;
        n->error = (struct err)ERR_INIT;
        if (read_entry(r, n, &n->error) == 0)
                return;
        /* What was named and is wrong at the start ends the program: its last
         * line says why. */
        if (!r->all && !r->serving)
                return;
        log_line(LOG_ERROR_, "certificate", "cert=%s why=\"%s\" next=\"%s\"",
            n->name, n->error.text,
            n->site == NULL ? "not served until its files change"
                            : "still serving the one from before");
}

/* ---- scanning ----------------------------------------------------------- */

static bool is_gone(const struct roster_entry *n)
{
        return access(n->fullchain, F_OK) != 0 &&
               (errno == ENOENT || errno == ENOTDIR);
}

void roster_scan(struct roster *r)
{
        struct err e = ERR_INIT;
        size_t i;

        r->scanned_ms = monotonic_ms();
        if (r->all && roster_list(r, &e) != 0 && e.code != ERR_NOTFOUND)
                log_line(LOG_ERROR_, "certificate",
                    "why=\"%s\" next=\"serving what is there\"", e.text);
        for (i = r->len; i-- > 0;) {
                if (r->all && is_gone(&r->entries[i]))
                        remove_entry(r, i);
        }
        roster_watch_files(r);
        for (i = 0; i < r->len; i++)
                examine(r, &r->entries[i]);
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

        if (!site_is_settled(site) &&
            monotonic_ms() - site->born_ms < r->options->patience_ms)
                return;
        n->successor = NULL;
        if (roster_install(r, n, site, &n->error) == 0)
                return;
        log_line(LOG_ERROR_, "certificate",
            "cert=%s why=\"%s\" next=\"still serving the one from before\"",
            n->name, n->error.text);
        site_free(site);
}

void roster_tick(struct roster *r)
{
        size_t i;

        if (monotonic_ms() - r->scanned_ms > ROSTER_SCAN_MS)
                roster_scan(r);
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
