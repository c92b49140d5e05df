#include "signers.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "anchors.h"
#include "cadb/write.h"

/* ---- sweeping ---------------------------------------------------------- */

/* The paths that stay, each between newlines. */
struct keep {
        struct buf paths;
        const char *text; /* of paths, once they are all there */
        int64_t ca;
        int retired; /* of that CA, so far */
};

static int keep_row(void *arg, const struct cadb_signer_row *row, struct err *e)
{
        struct keep *k = arg;

        if (row->ca != k->ca) {
                k->ca = row->ca;
                k->retired = 0;
        }
        if (row->state != CADB_SIGNER_RETIRED ||
            k->retired++ < SIGNERS_RETIRED_KEPT)
                buf_printf(&k->paths, "%s\n", row->path);
        return k->paths.failed ? err_set(e, ERR_OS, "out of memory") : 0;
}

static int keep_scenario(
    void *arg, const struct cadb_scenario_signer *row, struct err *e)
{
        struct keep *k = arg;

        buf_printf(&k->paths, "%s\n", row->path);
        return k->paths.failed ? err_set(e, ERR_OS, "out of memory") : 0;
}

/* "SERIAL.pem", "SERIAL-CANAME.pem", "request-HEX.pem": no other file is
 * ours. */
static bool is_ours(const char *name)
{
        static const char request[] = "request-";
        size_t len = strlen(name), stem;

        if (len < 4 || strcmp(name + len - 4, ".pem") != 0)
                return false;
        if (strncmp(name, request, sizeof(request) - 1) == 0)
                return true;
        name += name[0] == '-'; /* negative serials of bad CAs */
        stem = strspn(name, "0123456789abcdef");
        return stem > 0 && (name[stem] == '.' || name[stem] == '-');
}

static bool is_kept(const struct keep *k, const char *name)
{
        char line[NAME_MAX + sizeof("\nresponder/\n")];

        snprintf(line, sizeof(line), "\nresponder/%s\n", name);
        return strstr(k->text, line) != NULL;
}

static int sweep_folder(
    const struct keep *k, DIR *dir, const char *path, struct err *e)
{
        struct dirent *entry;

        while ((entry = readdir(dir)) != NULL)
                if (is_ours(entry->d_name) && !is_kept(k, entry->d_name) &&
                    unlinkat(dirfd(dir), entry->d_name, 0) != 0 &&
                    errno != ENOENT)
                        return err_errno(e, ERR_IO, "%s/%s: cannot remove",
                            path, entry->d_name);
        return 0;
}

int signers_sweep(const struct forge *f, struct err *e)
{
        struct keep k = {.ca = 0};
        char path[PATH_MAX];
        DIR *dir = NULL;
        int rc = -1;

        buf_printf(&k.paths, "\n");
        if (file_path(path, sizeof(path), e, "%s/responder", f->dir) != 0)
                goto out;
        dir = opendir(path);
        if (dir == NULL && errno == ENOENT)
                rc = 0;
        else if (dir == NULL)
                err_errno(e, ERR_IO, "%s", path);
        else
                rc = cadb_signer_each(f->db, 0, keep_row, &k, e);
        if (dir != NULL && rc == 0)
                rc = cadb_scenario_signer_each(f->db, keep_scenario, &k, e);
        if (dir != NULL && rc == 0) {
                k.text = buf_text(&k.paths);
                rc = sweep_folder(&k, dir, path, e);
        }
        if (dir != NULL && rc == 0)
                rc = file_remove_temps(path, e);
out:
        if (dir != NULL)
                closedir(dir);
        buf_release(&k.paths);
        return rc;
}

void signers_undo(const struct forge *f, bool trusted)
{
        cadb_rollback(f->db);
        if (cadb_begin(f->db, NULL) != 0)
                return;
        signers_sweep(f, NULL);
        if (trusted)
                anchors_responders(f, NULL, NULL);
        cadb_rollback(f->db);
}

/* ---- the shared one ---------------------------------------------------- */

struct search {
        const struct lab *lab;
        char path[CADB_PATH_MAX];
};

static int find_trusted(void *arg, const struct cadb_ca *ca, struct err *e)
{
        struct search *s = arg;

        (void)e;
        if (s->path[0] == '\0' && ca->model == CADB_SIGNER_TRUSTED &&
            ca->has_signer)
                snprintf(s->path, sizeof(s->path), "%s", ca->signer_path);
        return 0;
}

int signers_trusted(const struct lab *lab, struct forge_pair *p,
    char path[CADB_PATH_MAX], struct err *e)
{
        struct search s = {.lab = lab};
        char full[PATH_MAX];
        X509 *cert;
        int rc;

        path[0] = '\0';
        if (cadb_ca_each(lab->db, find_trusted, &s, e) != 0)
                return -1;
        if (s.path[0] == '\0')
                return 0;
        if (file_path(full, sizeof(full), e, "%s/%s", lab->dir, s.path) != 0 ||
            pki_cert_load(full, &cert, e) != 0)
                return -1;
        rc = forge_pair_take(p, cert, NULL, e);
        X509_free(cert);
        snprintf(path, CADB_PATH_MAX, "%s", s.path);
        return rc == 0 ? 1 : -1;
}
