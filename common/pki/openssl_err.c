#include "pki/internal.h"

#include <openssl/err.h>

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
