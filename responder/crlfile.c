#include "responder/crlfile.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
        HEAD_MAX = 16384, /* up to nextUpdate; most of it the issuer's name */
        TAIL_MAX = 1024,  /* has the signature, RSA-4096 too */
};

/* ---- the first bytes of a CertificateList, RFC 5280 section 5.1 -------- */

enum { SEQUENCE = 0x30, INTEGER = 0x02, UTC_TIME = 0x17, LONG_TIME = 0x18 };

/* Tag and length of the next element; its content may end beyond in. */
static bool take_header(struct span *in, uint8_t *tag, uint64_t *len)
{
        size_t i, more;

        if (in->len < 2)
                return false;
        *tag = in->data[0];
        *len = in->data[1];
        more = *len > 0x80 ? *len & 0x7f : 0;
        if (*len == 0x80 || more > 4 || in->len < 2 + more)
                return false;
        if (more > 0)
                *len = 0;
        for (i = 0; i < more; i++)
                *len = *len << 8 | in->data[2 + i];
        *in = (struct span){in->data + 2 + more, in->len - 2 - more};
        return true;
}

static bool take(struct span *in, uint8_t tag, struct span *content)
{
        uint64_t len;
        uint8_t got;

        if (!take_header(in, &got, &len) || got != tag || len > in->len)
                return false;
        *content = (struct span){in->data, (size_t)len};
        *in = (struct span){in->data + len, in->len - (size_t)len};
        return true;
}

static int two_digits(const uint8_t *p)
{
        return (p[0] - '0') * 10 + p[1] - '0';
}

/* Time: YYMMDDHHMMSSZ from 1950 to 2049, or with four digits of the year. */
static bool take_time(struct span *in, int64_t *out)
{
        bool utc = in->len > 0 && in->data[0] == UTC_TIME;
        size_t i, digits = utc ? 12 : 14;
        struct span t;
        const uint8_t *p;
        int year;

        if (!take(in, utc ? UTC_TIME : LONG_TIME, &t) || t.len != digits + 1 ||
            t.data[digits] != 'Z')
                return false;
        for (i = 0; i < digits; i++)
                if (t.data[i] < '0' || t.data[i] > '9')
                        return false;
        year = two_digits(t.data);
        year = utc ? year + (year < 50 ? 2000 : 1900)
                   : year * 100 + two_digits(t.data + 2);
        p = t.data + digits - 10;
        if (two_digits(p) < 1 || two_digits(p) > 12)
                return false;
        *out = utc_seconds(year, two_digits(p), two_digits(p + 2),
            two_digits(p + 4), two_digits(p + 6), two_digits(p + 8));
        return true;
}

static bool read_head(struct span in, struct crlfile *f)
{
        const uint8_t *start = in.data;
        struct span skipped;
        uint64_t len;
        uint8_t tag;

        if (!take_header(&in, &tag, &len) || tag != SEQUENCE ||
            (uint64_t)(in.data - start) + len != f->size ||
            !take_header(&in, &tag, &len) || tag != SEQUENCE)
                return false;
        if (in.len > 0 && in.data[0] == INTEGER &&
            !take(&in, INTEGER, &skipped))
                return false;
        if (!take(&in, SEQUENCE, &skipped) || !take(&in, SEQUENCE, &skipped) ||
            !take_time(&in, &f->this_update))
                return false;
        if (!take_time(&in, &f->next_update))
                f->next_update = f->this_update;
        return true;
}

/* ---- the file ---------------------------------------------------------- */

/* Replaced as a whole and signed: its two ends and its size tell it from all
 * others, so that nobody has to read 35 MB for a tag. */
static void make_etag(struct crlfile *f, const uint8_t *ends, size_t len)
{
        uint8_t all[HEAD_MAX + TAIL_MAX + sizeof(f->size)];

        memcpy(all, ends, len);
        memcpy(all + len, &f->size, sizeof(f->size));
        answer_etag((struct span){all, len + sizeof(f->size)}, f->etag);
}

static int read_ends(struct crlfile *f, const char *path, struct err *e)
{
        uint8_t ends[HEAD_MAX + TAIL_MAX];
        size_t tail = f->size < TAIL_MAX ? (size_t)f->size : TAIL_MAX;
        ssize_t head = pread(f->fd, ends, HEAD_MAX, 0);

        if (head < 0 || pread(f->fd, ends + head, tail,
                            (off_t)(f->size - tail)) != (ssize_t)tail)
                return err_errno(e, ERR_IO, "%s: cannot read", path);
        if (!read_head((struct span){ends, (size_t)head}, f))
                return err_set(
                    e, ERR_DATA, "%s: not one whole CRL in DER", path);
        make_etag(f, ends, (size_t)head + tail);
        return 0;
}

static int check_file(struct crlfile *f, const char *path, struct err *e)
{
        struct stat st;

        if (fstat(f->fd, &st) != 0)
                return err_errno(e, ERR_IO, "%s: cannot read", path);
        if (!S_ISREG(st.st_mode))
                return err_set(e, ERR_DATA, "%s: no regular file", path);
        f->size = (uint64_t)st.st_size;
        if (f->size > CRLFILE_MAX)
                return err_set(e, ERR_DATA,
                    "%s: larger than 1 GiB, the limit for a CRL", path);
        return read_ends(f, path, e);
}

int crlfile_open(const char *path, struct crlfile *out, struct err *e)
{
        /* Should it be a pipe, opening must not wait for its writer. */
        out->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (out->fd < 0 && errno == ENOENT)
                return 0;
        if (out->fd < 0)
                return err_errno(e, ERR_IO, "%s: cannot read", path);
        if (check_file(out, path, e) == 0)
                return 1;
        close(out->fd);
        out->fd = -1;
        return -1;
}
