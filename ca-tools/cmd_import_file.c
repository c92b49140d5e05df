/* What is in a file that somebody imports, and whose it is. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cadb/write.h"
#include "cmd_import.h"

const char *import_kind_name(enum import_kind k)
{
        switch (k) {
        case IMPORT_INDEX:
                return "index";
        case IMPORT_CERTS:
                return "certificates";
        case IMPORT_CRL:
                return "crl";
        }
        return "?";
}

/* ---- CAs --------------------------------------------------------------- */

static int load_row(void *arg, const struct cadb_ca *ca, struct err *e)
{
        struct import_cas *cas = arg;
        struct import_issuer *rows =
            realloc(cas->rows, (cas->len + 1) * sizeof(*rows));

        if (rows == NULL)
                return err_set(e, ERR_OS, "out of memory");
        cas->rows = rows;
        rows += cas->len;
        *rows =
            (struct import_issuer){.id = ca->id, .not_after = ca->not_after};
        snprintf(rows->name, sizeof(rows->name), "%s", ca->name);
        if (pki_cert_from_der(
                (struct span){ca->der, ca->der_len}, &rows->cert, e) != 0)
                return err_prefix(e, "CA %s in the database", ca->name);
        cas->len++;
        return 0;
}

int import_cas_load(struct cadb *db, struct import_cas *out, struct err *e)
{
        return cadb_ca_each(db, load_row, out, e);
}

void import_cas_release(struct import_cas *cas)
{
        size_t i;

        for (i = 0; i < cas->len; i++)
                X509_free(cas->rows[i].cert);
        free(cas->rows);
        *cas = (struct import_cas){0};
}

const char *import_cas_names(const struct import_cas *cas)
{
        static char text[ERR_TEXT_MAX / 2];
        size_t i, used;

        used = (size_t)snprintf(text, sizeof(text), "this lab has ");
        for (i = 0; i < cas->len && used < sizeof(text); i++)
                used += (size_t)snprintf(text + used, sizeof(text) - used,
                    "%s%s", i > 0 ? ", " : "", cas->rows[i].name);
        return text;
}

/* ---- rows -------------------------------------------------------------- */

int import_row(const struct import *im, const struct cadb_imported *row,
    struct import_result *out, struct err *e)
{
        enum cadb_import_change change;

        if (cadb_cert_import(im->forge.db, row, im->forge.now, &change, e) != 0)
                return -1;
        switch (change) {
        case CADB_IMPORT_ADDED:
                out->added++;
                break;
        case CADB_IMPORT_CHANGED:
                out->changed++;
                break;
        case CADB_IMPORT_SAME:
                out->same++;
                break;
        }
        return 0;
}

/* ---- what it is -------------------------------------------------------- */

enum { HEAD_MAX = 65536 };

/* A line of index.txt, past comments: whatever has a TAB in it. */
static bool looks_like_index(const char *text)
{
        size_t len;

        for (; *text == '#'; text += len + (text[len] == '\n'))
                len = strcspn(text, "\n");
        len = strcspn(text, "\n");
        if (memchr(text, '\t', len) != NULL)
                return true;
        return text[0] != '\0' && strchr("VRE", text[0]) != NULL &&
               (text[1] == ' ' || text[1] == '\0');
}

static int unknown_kind(const char *path, struct err *e)
{
        return err_set(e, ERR_DATA,
            "%s: neither an index.txt of 'openssl ca', nor certificates or a "
            "CRL in PEM or DER",
            path);
}

/* The PEM objects of other kinds say what they are. */
static int kind_of_pem(
    const char *path, const char *begin, enum import_kind *out, struct err *e)
{
        int len = (int)strcspn(begin, "-\n");

        *out = IMPORT_CERTS;
        if (strncmp(begin, "X509 CRL-", 9) == 0)
                *out = IMPORT_CRL;
        else if (strncmp(begin, "CERTIFICATE-", 12) != 0 &&
                 strncmp(begin, "X509 CERTIFICATE-", 17) != 0)
                return err_set(e, ERR_DATA,
                    "%s: holds a %.*s: an index.txt, certificates or a CRL can "
                    "be imported",
                    path, len < 40 ? len : 40, begin);
        return 0;
}

/* Certificate and CertificateList begin alike: try. */
static int kind_of_der(const char *path, enum import_kind *out, struct err *e)
{
        X509_CRL *crl = NULL;
        X509 *cert = NULL;

        if (pki_cert_load(path, &cert, NULL) == 0)
                *out = IMPORT_CERTS;
        else if (pki_crl_load(path, &crl, NULL) == 0)
                *out = IMPORT_CRL;
        else
                return unknown_kind(path, e);
        X509_free(cert);
        X509_CRL_free(crl);
        return 0;
}

/* openssl writes the text of a certificate before its PEM; that of a CRL may
 * be longer than the head that we read. */
static int kind_of_text(const char *path, const char *head, size_t len,
    enum import_kind *out, struct err *e)
{
        static const char begin[] = "-----BEGIN ";
        const char *p = strstr(head, begin);

        if (p != NULL)
                return kind_of_pem(path, p + strlen(begin), out, e);
        if (len == HEAD_MAX &&
            strncmp(head, "Certificate Revocation List", 27) == 0) {
                *out = IMPORT_CRL;
                return 0;
        }
        if (strlen(head) == len && looks_like_index(head)) {
                *out = IMPORT_INDEX;
                return 0;
        }
        return unknown_kind(path, e);
}

static int recognise(int fd, const char *path, bool watched,
    enum import_kind *out, struct err *e)
{
        char *head = calloc(1, HEAD_MAX + 1);
        ssize_t len = 0, n = 1;
        int rc;

        if (head == NULL)
                return err_set(e, ERR_OS, "out of memory");
        while (n > 0 && len < HEAD_MAX) {
                n = pread(fd, head + len, (size_t)(HEAD_MAX - len), len);
                if (n < 0 && errno == EINTR)
                        n = 1;
                else if (n > 0)
                        len += n;
        }
        *out = IMPORT_INDEX;
        if (n < 0)
                rc = err_errno(e, ERR_IO, "%s", path);
        else if (len == 0)
                rc = watched ? 0 : err_set(e, ERR_DATA, "%s: is empty", path);
        else if (head[0] == 0x30 && !looks_like_index(head))
                rc = kind_of_der(path, out, e);
        else
                rc = kind_of_text(path, head, (size_t)len, out, e);
        free(head);
        return rc;
}

/* ---- take it over ------------------------------------------------------ */

static int open_file(const char *path, struct err *e)
{
        struct stat st;
        int fd;

        /* A named pipe without a writer must not hold us up. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return err_errno(e, ERR_IO, "%s", path);
        if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
                return fd;
        close(fd);
        return err_set(e, ERR_IO, "%s: is no regular file", path);
}

int import_file(const struct import *im, const char *path, bool watched,
    struct import_result *out, struct err *e)
{
        struct import_cas cas = {0};
        int fd = open_file(path, e), rc = -1;

        *out = (struct import_result){.path = path};
        if (fd < 0)
                return -1;
        if (recognise(fd, path, watched, &out->kind, e) != 0 ||
            import_cas_load(im->forge.db, &cas, e) != 0)
                goto out;
        switch (out->kind) {
        case IMPORT_INDEX:
                rc = import_index(im, fd, &cas, out, e);
                break;
        case IMPORT_CERTS:
                rc = import_certs(im, &cas, out, e);
                break;
        case IMPORT_CRL:
                rc = import_crl(im, &cas, out, e);
                break;
        }
out:
        import_cas_release(&cas);
        close(fd);
        return rc;
}
