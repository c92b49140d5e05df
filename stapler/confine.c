#include "stapler/confine.h"

#include <openssl/crypto.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/jail_places.h"

static bool is_there(const char *folder, const char *name)
{
        char path[PATH_MAX];

        return file_path(path, sizeof(path), NULL, "%s%s", folder, name) == 0 &&
               access(path, F_OK) == 0;
}

/* A file that gets a successor, or a folder that is still to come, is let
 * through only by what it is in. */
static void add_lab(struct jail_places *p, const struct options *o)
{
        bool ours = o->folder == NULL && o->certs_len == 0;

        if ((ours && !is_there(o->dir, "/certs")) ||
            (o->responder_cert == NULL && is_there(o->dir, "/responder.pem")))
                jail_add(p, JAIL_READ, o->dir, "");
        else if (ours)
                jail_add(p, JAIL_READ, o->dir, "/certs");
}

/* certbot's live/NAME/ has links to archive/NAME/. */
static void add_folder(struct jail_places *p, const char *folder)
{
        jail_add(p, JAIL_READ, folder, "");
        jail_add(p, JAIL_READ, folder, "/../archive");
}

/* A file that is not below the folder: named by --cert, or behind a link. */
static void add_target(
    struct jail_places *p, const char *folder, const char *path)
{
        char real[PATH_MAX], above[PATH_MAX];
        size_t len;

        if (folder[0] != '\0' && realpath(path, real) != NULL &&
            realpath(folder, above) != NULL) {
                len = strlen(above);
                if (strncmp(real, above, len) == 0 && real[len] == '/')
                        return;
        }
        jail_add_file(p, JAIL_READ, path);
}

static void add_certificates(
    struct jail_places *p, const struct options *o, const struct roster *r)
{
        size_t i;

        if (o->folder != NULL)
                add_folder(p, o->folder);
        add_lab(p, o);
        for (i = 0; i < r->len; i++) {
                add_target(p, r->folder, r->entries[i].fullchain);
                add_target(p, r->folder, r->entries[i].key);
        }
        if (o->responder_cert != NULL)
                jail_add_file(p, JAIL_READ, o->responder_cert);
}

/* A store that cannot be made shows itself with the first staple. */
static void add_store(struct jail_places *p, const char *store)
{
        if (store == NULL)
                return;
        (void)file_mkdir(store, 0755, NULL);
        jail_add(p, JAIL_WRITE, store, "");
}

static void add_all(struct jail_places *p, const struct options *o,
    const struct roster *r, const char *store)
{
        add_certificates(p, o, r);
        add_store(p, store);
        if (o->root != NULL)
                jail_add(p, JAIL_READ, o->root, "");
        if (o->log != NULL)
                jail_add_log(p, o->log);
        /* It is written when the first staples are there. */
        if (o->ready_file != NULL)
                jail_add_above(p, JAIL_WRITE, o->ready_file);
        jail_add_libc(p);
        jail_add_resolver(p);
}

int confine(const struct options *o, const struct roster *r, const char *store,
    enum jail_kind *out, struct err *e)
{
        struct jail_places p = {0};

        *out = JAIL_OFF;
        if (o->no_jail)
                return 0;
        /* openssl.cnf, which would be opened when first needed. */
        OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
        add_all(&p, o, r, store);
        return jail_lock(&p, true, out, e);
}
