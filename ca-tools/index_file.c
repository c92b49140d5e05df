#include "index_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what is known of the lines ---------------------------------------- */

/* Open addressing over 64 bits of a hash, so two different texts are taken for
 * one about never: among ten million, once in 400,000 files. */
struct seen {
        uint64_t hash; /* 0: free */
        uint32_t line; /* who gets the name */
        bool valid;
};

struct table {
        struct seen *rows; /* names; else only hashes is there */
        uint64_t *hashes;  /* serials */
        size_t cap, len;
};

static uint64_t hash_of(const void *data, size_t len)
{
        const uint8_t *p = data;
        uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

        while (len-- > 0)
                h = (h ^ *p++) * UINT64_C(0x100000001b3);
        h = (h ^ (h >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        h = (h ^ (h >> 27)) * UINT64_C(0x94d049bb133111eb);
        h ^= h >> 31;
        return h != 0 ? h : 1;
}

static uint64_t hash_at(const struct table *t, size_t i)
{
        return t->rows != NULL ? t->rows[i].hash : t->hashes[i];
}

/* Where it is, or where it goes: len < cap. */
static size_t slot(const struct table *t, uint64_t hash)
{
        size_t i = hash & (t->cap - 1);

        while (hash_at(t, i) != 0 && hash_at(t, i) != hash)
                i = (i + 1) & (t->cap - 1);
        return i;
}

static int table_make(struct table *t, size_t cap, bool names, struct err *e)
{
        *t = (struct table){.cap = cap};
        if (names)
                t->rows = calloc(cap, sizeof(*t->rows));
        else
                t->hashes = calloc(cap, sizeof(*t->hashes));
        if (t->rows == NULL && t->hashes == NULL)
                return err_set(e, ERR_OS, "out of memory");
        return 0;
}

static void table_release(struct table *t)
{
        free(t->rows);
        free(t->hashes);
        *t = (struct table){0};
}

static void table_put(struct table *t, size_t i, const struct seen *row)
{
        t->len += hash_at(t, i) == 0;
        if (t->rows != NULL)
                t->rows[i] = *row;
        else
                t->hashes[i] = row->hash;
}

/* At most three quarters full. */
static int table_grow(struct table *t, bool names, struct err *e)
{
        struct table old = *t;
        struct seen row = {0};
        size_t i;

        if (t->len < t->cap / 4 * 3)
                return 0;
        if (table_make(t, old.cap > 0 ? 2 * old.cap : 1024, names, e) != 0) {
                *t = old;
                return -1;
        }
        for (i = 0; i < old.cap; i++) {
                row.hash = hash_at(&old, i);
                if (row.hash != 0)
                        table_put(
                            t, slot(t, row.hash), names ? &old.rows[i] : &row);
        }
        table_release(&old);
        return 0;
}

/* ---- lines ------------------------------------------------------------- */

struct index_file {
        int fd;
        const char *path;
        bool skip_unfinished;
        uint64_t size, done;
        size_t line, rows;
        size_t from, to; /* what of buffer is still to be read */
        char buffer[8 * INDEX_LINE_MAX];
        uint64_t sum, scanned_sum; /* of all lines */
        bool scanned;
        struct table serials, names;
};

int index_open(int fd, const char *path, bool skip_unfinished,
    struct index_file **out, struct err *e)
{
        struct index_file *f;
        struct stat st;

        *out = NULL;
        if (fstat(fd, &st) != 0)
                return err_errno(e, ERR_IO, "%s", path);
        if ((uint64_t)st.st_size > INDEX_OCTETS_MAX)
                return err_set(
                    e, ERR_DATA, "%s: larger than the limit of 4 GiB", path);
        f = calloc(1, sizeof(*f));
        if (f == NULL)
                return err_set(e, ERR_OS, "out of memory");
        f->fd = fd;
        f->path = path;
        f->skip_unfinished = skip_unfinished;
        f->size = (uint64_t)st.st_size;
        if (table_grow(&f->serials, false, e) != 0 ||
            table_grow(&f->names, true, e) != 0) {
                index_close(f);
                return -1;
        }
        *out = f;
        return 0;
}

void index_close(struct index_file *f)
{
        if (f == NULL)
                return;
        table_release(&f->serials);
        table_release(&f->names);
        free(f);
}

static int bad_line(const struct index_file *f, struct err *e)
{
        return err_prefix(e, "%s: line %zu", f->path, f->line);
}

/* 1: there is more in the buffer; 0: the file ends. */
static int fill(struct index_file *f, struct err *e)
{
        ssize_t n;

        memmove(f->buffer, f->buffer + f->from, f->to - f->from);
        f->to -= f->from;
        f->from = 0;
        do
                n = read(f->fd, f->buffer + f->to, sizeof(f->buffer) - f->to);
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return err_errno(e, ERR_IO, "%s", f->path);
        f->to += (size_t)n;
        return n > 0;
}

static int end_of_file(struct index_file *f, struct err *e)
{
        if (f->skip_unfinished)
                f->from = f->to;
        if (f->from == f->to)
                return 0;
        f->line++;
        err_set(e, ERR_DATA, "has no end: the file is cut off there");
        return bad_line(f, e);
}

static int check_line(
    struct index_file *f, char *line, size_t len, struct err *e)
{
        f->line++;
        if (len > INDEX_LINE_MAX) {
                err_set(e, ERR_DATA, "longer than %d octets", INDEX_LINE_MAX);
                return bad_line(f, e);
        }
        if (memchr(line, '\0', len) != NULL) {
                err_set(e, ERR_DATA, "holds a NUL: not a text file");
                return bad_line(f, e);
        }
        return 0;
}

/* 1: the next line without its LF or CRLF; 0: no more. */
static int next_line(struct index_file *f, char **out, struct err *e)
{
        char *line, *end;
        size_t len;
        int rc = 1;

        while ((end = memchr(f->buffer + f->from, '\n', f->to - f->from)) ==
                   NULL &&
               f->to - f->from <= INDEX_LINE_MAX + 1 && (rc = fill(f, e)) == 1)
                ;
        if (rc < 0)
                return -1;
        if (end == NULL && rc == 0)
                return end_of_file(f, e);
        line = f->buffer + f->from;
        len = end != NULL ? (size_t)(end - line) : f->to - f->from;
        f->sum = f->sum * 31 + hash_of(line, len);
        f->from += len + 1;
        f->done += len + 1;
        if (len > 0 && line[len - 1] == '\r')
                len--;
        if (check_line(f, line, len, e) != 0)
                return -1;
        line[len] = '\0';
        *out = line;
        return 1;
}

/* The next row, past comments. */
static int next_row(struct index_file *f, struct index_row *out, struct err *e)
{
        char *line = NULL; /* gcc cannot tell that 1 fills it */
        int rc;

        while ((rc = next_line(f, &line, e)) == 1 && line[0] == '#')
                ;
        if (rc != 1)
                return rc;
        if (index_parse(line, out, e) != 0)
                return bad_line(f, e);
        if (f->rows == INDEX_LINES_MAX) {
                err_set(e, ERR_DATA, "more certificates than the limit of %u",
                    INDEX_LINES_MAX);
                return bad_line(f, e);
        }
        f->rows++;
        return 1;
}

/* ---- both passes ------------------------------------------------------- */

static int note_serial(
    struct index_file *f, const struct pki_serial *serial, struct err *e)
{
        struct seen row = {.hash = hash_of(serial->octets, serial->len)};
        char text[PKI_SERIAL_TEXT_MAX];
        size_t i;

        if (table_grow(&f->serials, false, e) != 0)
                return -1;
        i = slot(&f->serials, row.hash);
        if (hash_at(&f->serials, i) != 0) {
                err_set(e, ERR_DATA, "an earlier line has the serial %s too",
                    pki_serial_text(
                        (struct span){serial->octets, serial->len}, text));
                return bad_line(f, e);
        }
        table_put(&f->serials, i, &row);
        return 0;
}

static int note_name(struct index_file *f, const struct index_row *row,
    int64_t now, struct err *e)
{
        char name[LAB_NAME_MAX + 1];
        struct seen seen = {
            .line = (uint32_t)f->rows,
            .valid =
                row->state.status == CADB_GOOD && row->state.not_after >= now,
        };
        size_t i;

        if (!index_subject_name(row->subject, name))
                return 0;
        if (table_grow(&f->names, true, e) != 0)
                return -1;
        seen.hash = hash_of(name, strlen(name));
        i = slot(&f->names, seen.hash);
        if (f->names.rows[i].hash == 0 || seen.valid >= f->names.rows[i].valid)
                table_put(&f->names, i, &seen);
        return 0;
}

int index_scan(struct index_file *f, int64_t now, struct err *e)
{
        struct index_row row;
        int rc;

        while ((rc = next_row(f, &row, e)) == 1)
                if (note_serial(f, &row.serial, e) != 0 ||
                    note_name(f, &row, now, e) != 0)
                        return -1;
        if (rc != 0)
                return -1;
        if (lseek(f->fd, 0, SEEK_SET) < 0)
                return err_errno(e, ERR_IO, "%s", f->path);
        f->scanned = true;
        f->scanned_sum = f->sum;
        f->sum = f->done = 0;
        f->line = f->rows = f->from = f->to = 0;
        return 0;
}

int index_next(struct index_file *f, struct index_row *out,
    char name[LAB_NAME_MAX + 1], struct err *e)
{
        int rc = next_row(f, out, e);
        size_t i;

        name[0] = '\0';
        /* Whatever is wrong now was right a moment ago. */
        if (f->scanned && (rc < 0 || (rc == 0 && f->sum != f->scanned_sum)))
                return err_set(e, ERR_TRYLATER,
                    "%s: has changed while it was read: try again", f->path);
        if (rc != 1 || !index_subject_name(out->subject, name))
                return rc;
        i = slot(&f->names, hash_of(name, strlen(name)));
        if (f->names.rows[i].line != f->rows)
                name[0] = '\0';
        return 1;
}

bool index_lists(const struct index_file *f, struct span serial)
{
        uint64_t hash = hash_of(serial.data, serial.len);

        return hash_at(&f->serials, slot(&f->serials, hash)) == hash;
}

size_t index_rows(const struct index_file *f)
{
        return f->rows;
}

size_t index_line(const struct index_file *f)
{
        return f->line;
}

int index_percent(const struct index_file *f)
{
        return f->size > 0 ? (int)(f->done * 100 / f->size) : 100;
}
