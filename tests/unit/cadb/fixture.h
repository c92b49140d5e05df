/* A lab directory with a database, made anew for each test. */
#ifndef TEST_CADB_FIXTURE_H
#define TEST_CADB_FIXTURE_H

#include "cadb/db.h"
#include "cadb/write.h"

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
        char dir[PATH_MAX];
        struct cadb_ca root; /* the default CA of the lab */
        struct cadb *db;     /* open for writing */
};

/* cmocka setup and teardown. */
int fixture_up(void **state);       /* a database with one CA, "root" */
int fixture_up_empty(void **state); /* the folder alone */
int fixture_down(void **state);

/* DIR/name */
const char *fixture_path(const struct fixture *f, const char *name);

/* A whole new lab with one CA in dir. */
void fixture_make_lab(const char *dir, struct cadb_ca *root);
void fixture_fill_ca(struct cadb_ca *ca, const char *name);

/* In their own transaction. */
struct span serial_of(uint8_t storage[16], uint32_t n);
void fixture_issue(struct cadb *db, int64_t ca, uint32_t n, const char *name);
enum cadb_change fixture_revoke(
    struct cadb *db, int64_t ca, uint32_t n, int reason, int64_t at);
struct cadb_state fixture_state(struct cadb *db, int64_t ca, uint32_t n);

/* Writes what no call of ours writes. */
void fixture_sql(struct cadb *db, const char *sql);

/* Closes it: ca.db is complete in one file, and a fork is safe. */
void fixture_close(struct fixture *f);

/* Fails with the text of the error. */
#define assert_ok(call, e)                                                     \
        do {                                                                   \
                if ((call) != 0)                                               \
                        fail_msg("%s: %s", #call, (e)->text);                  \
        } while (0)
#define assert_says(e, part)                                                   \
        do {                                                                   \
                if (strstr((e)->text, part) == NULL)                           \
                        fail_msg("no \"%s\" in: %s", part, (e)->text);         \
        } while (0)

#endif
