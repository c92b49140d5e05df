/*
 * Commits that were killed half way.
 *
 * A commit writes its frames to the WAL, syncs them, and last writes the WAL
 * index: only then can others see it.  Killed in between it is invisible, and
 * yet it is not gone: when the last program that has the database open dies
 * without closing it, SQLite rebuilds the index from the WAL and finds the
 * commit there.  Until then the next writer overwrites its frames, if there is
 * one.  Who removes files because no row names them must know that none will.
 *
 * Formats: sqlite.org/walformat.html.
 */
#include "cadb/db.h"

#include <string.h>

enum {
        WAL_HEADER = 32,
        FRAME_HEADER = 24,
        PAGE_MAX = 65536,
};

struct sum {
        uint32_t s0, s1;
};

static uint32_t big_endian(const uint8_t *p)
{
        return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
               (uint32_t)p[2] << 8 | p[3];
}

static uint32_t little_endian(const uint8_t *p)
{
        return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
               (uint32_t)p[1] << 8 | p[0];
}

static void add(struct sum *s, const uint8_t *data, size_t len, bool big)
{
        for (; len >= 8; data += 8, len -= 8) {
                s->s0 += (big ? big_endian(data) : little_endian(data)) + s->s1;
                s->s1 +=
                    (big ? big_endian(data + 4) : little_endian(data + 4)) +
                    s->s0;
        }
}

/* The header of the WAL index, section 2.1; its numbers are the machine's. */
struct index_header {
        uint32_t version, unused, change;
        uint8_t is_init, big_endian_sums;
        uint16_t page_size;
        uint32_t last_frame, pages;
        struct sum sum;
        uint8_t salt[8];
        struct sum own_sum;
};

/* Where the log ends, as others see it. */
struct end {
        sqlite3_int64 at;
        uint32_t page;
        bool big_endian_sums;
        struct sum sum;
        uint8_t salt[8];
};

static bool read_at(
    sqlite3_file *wal, uint8_t *out, size_t len, sqlite3_int64 at)
{
        return wal->pMethods->xRead(wal, out, (int)len, at) == SQLITE_OK;
}

/* Nobody has seen a frame: the file says how it begins, section 4.1. */
static bool end_of_empty(sqlite3_file *wal, struct end *end)
{
        uint8_t header[WAL_HEADER];

        if (!read_at(wal, header, sizeof(header), 0))
                return false;
        *end = (struct end){
            .at = WAL_HEADER,
            .page = big_endian(header + 8),
            .big_endian_sums = header[3] & 1,
            .sum = {big_endian(header + 24), big_endian(header + 28)},
        };
        memcpy(end->salt, header + 16, sizeof(end->salt));
        return true;
}

static bool end_of(
    sqlite3_file *wal, const struct index_header *h, struct end *end)
{
        uint32_t page = h->page_size == 1 ? PAGE_MAX : h->page_size;

        if (h->last_frame == 0)
                return end_of_empty(wal, end);
        *end = (struct end){
            .at = WAL_HEADER + (sqlite3_int64)h->last_frame *
                                   (FRAME_HEADER + (sqlite3_int64)page),
            .page = page,
            .big_endian_sums = h->big_endian_sums,
            .sum = h->sum,
        };
        memcpy(end->salt, h->salt, sizeof(end->salt));
        return true;
}

/* There is a frame behind the end that goes on where it stops. */
static bool goes_on(sqlite3_file *wal, const struct end *end)
{
        uint8_t frame[FRAME_HEADER + PAGE_MAX];
        struct sum s = end->sum;

        if (end->page > PAGE_MAX ||
            !read_at(wal, frame, FRAME_HEADER + end->page, end->at) ||
            memcmp(frame + 8, end->salt, sizeof(end->salt)) != 0)
                return false;
        add(&s, frame, 8, end->big_endian_sums);
        add(&s, frame + FRAME_HEADER, end->page, end->big_endian_sums);
        return s.s0 == big_endian(frame + 16) && s.s1 == big_endian(frame + 20);
}

bool db_has_unfinished(struct cadb *db)
{
        sqlite3_file *wal = NULL;
        struct index_header h;
        struct end end;

        if (db->index == NULL)
                return false;
        sqlite3_file_control(
            db->sql, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);
        if (wal == NULL || wal->pMethods == NULL)
                return false;
        memcpy(&h, db->index, sizeof(h));
        return end_of(wal, &h, &end) && goes_on(wal, &end);
}
