#include "pki/internal.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int openssl_err(struct err *e, enum err_code code, const char *fmt, ...)
{
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());
        char text[ERR_TEXT_MAX];
        va_list ap;

        va_start(ap, fmt);
        vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        if (reason != NULL)
                err_set(e, code, "%s: %s", text, reason);
        else
                err_set(e, code, "%s", text);
        ERR_clear_error();
        return -1;
}

bool is_pem(const struct buf *content)
{
        return content->len > 0 &&
               memmem(content->data, content->len, "-----BEGIN ", 11) != NULL;
}

int bio_of_file(const char *path, struct buf *content, BIO **out, struct err *e)
{
        if (file_read(path, FILE_LIMIT, content, e) != 0)
                return -1;
        if (content->len == 0)
                return err_set(e, ERR_DATA, "%s: the file is empty", path);
        *out = BIO_new_mem_buf(content->data, (int)content->len);
        if (*out == NULL)
                return openssl_err(e, ERR_OS, "%s: out of memory", path);
        return 0;
}

/* The next object of a PEM stream into der if it is of that kind: 1; 0 at the
 * end. */
static int next_object(
    BIO *bio, const struct object_kind *kind, struct buf *der, struct err *e)
{
        char *name, *header;
        unsigned char *data;
        bool found = false;
        long len;

        while (!found && PEM_read_bio(bio, &name, &header, &data, &len) == 1) {
                found = strcmp(name, kind->name) == 0 ||
                        (kind->old_name != NULL &&
                            strcmp(name, kind->old_name) == 0);
                if (found)
                        buf_append(der, data, (size_t)len);
                OPENSSL_free(name);
                OPENSSL_free(header);
                OPENSSL_clear_free(data, (size_t)len);
        }
        if (found ||
            ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) {
                ERR_clear_error();
                return found;
        }
        return openssl_err(e, ERR_DATA, "damaged PEM");
}

static int first_object(const struct buf *content,
    const struct object_kind *kind, struct buf *der, struct err *e)
{
        BIO *bio = BIO_new_mem_buf(content->data, (int)content->len);
        int rc = -1;

        if (bio == NULL)
                return openssl_err(e, ERR_OS, "out of memory");
        rc = next_object(bio, kind, der, e);
        BIO_free(bio);
        if (rc == 0)
                return err_set(e, ERR_DATA, "no %s in it", kind->what);
        return rc < 0 ? -1 : 0;
}

int object_load(const char *path, const struct object_kind *kind,
    struct buf *der, struct err *e)
{
        struct buf content = {0};
        int rc = -1;

        if (file_read(path, kind->limit, &content, e) != 0)
                goto out;
        if (content.len == 0) {
                err_set(e, ERR_DATA, "%s: the file is empty", path);
        } else if (!is_pem(&content)) {
                *der = content; /* the same bytes */
                content = (struct buf){0};
                rc = 0;
        } else if (first_object(&content, kind, der, e) != 0) {
                err_prefix(e, "%s", path);
        } else if (der->failed) {
                err_set(e, ERR_OS, "%s: out of memory", path);
        } else {
                rc = 0;
        }
out:
        buf_release(&content);
        return rc;
}

int bio_append(BIO *bio, struct buf *out, struct err *e)
{
        char *data;
        long len = BIO_get_mem_data(bio, &data);

        if (len > 0)
                buf_append(out, data, (size_t)len);
        if (out->failed)
                return err_set(e, ERR_OS, "out of memory");
        return 0;
}

int asn1_time(int64_t t, ASN1_TIME **out, struct err *e)
{
        char text[TIME_TEXT_MAX];

        *out = NULL;
        if (t >= utc_seconds(1950, 1, 1, 0, 0, 0) &&
            t <= utc_seconds(9999, 12, 31, 23, 59, 59))
                *out = ASN1_TIME_set(NULL, (time_t)t);
        if (*out == NULL)
                return openssl_err(e, ERR_USAGE,
                    "%s: outside the years 1950 to 9999", format_time(t, text));
        return 0;
}
