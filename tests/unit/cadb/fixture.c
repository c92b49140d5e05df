#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { NOW = 1800000000, YEAR = 365 * 86400 };

int fixture_up_empty(void **state)
{
        struct fixture *f = calloc(1, sizeof(*f));
        const char *tmp = getenv("TMPDIR");

        if (f == NULL)
                return -1;
        snprintf(f->dir, sizeof(f->dir), "%s/cadb.XXXXXX",
            tmp != NULL ? tmp : "/tmp");
        if (mkdtemp(f->dir) == NULL)
                return -1;
        *state = f;
        return 0;
}

int fixture_up(void **state)
{
        struct err e = ERR_INIT;
        struct fixture *f;

        if (fixture_up_empty(state) != 0)
                return -1;
        f = *state;
        fixture_make_lab(f->dir, &f->root);
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        return 0;
}

int fixture_down(void **state)
{
        struct fixture *f = *state;

        cadb_close(f->db);
        chmod(f->dir, 0755); /* some tests take the right away */
        file_remove_tree(f->dir, NULL);
        free(f);
        return 0;
}

const char *fixture_path(const struct fixture *f, const char *name)
{
        static char path[PATH_MAX];

        assert_int_equal(
            0, file_path(path, sizeof(path), NULL, "%s/%s", f->dir, name));
        return path;
}

void fixture_fill_ca(struct cadb_ca *ca, const char *name)
{
        memset(ca, 0, sizeof(*ca));
        snprintf(ca->name, sizeof(ca->name), "%s", name);
        snprintf(ca->key_path, sizeof(ca->key_path), "ca/%.100s/key.pem", name);
        snprintf(
            ca->cert_path, sizeof(ca->cert_path), "ca/%.100s/cert.pem", name);
        ca->model = CADB_SIGNER_DELEGATED;
        ca->not_before = NOW;
        ca->not_after = NOW + 10 * (int64_t)YEAR;
        memset(ca->name_sha1, 0x11, sizeof(ca->name_sha1));
        memset(ca->key_sha1, 0x12, sizeof(ca->key_sha1));
        memset(ca->name_sha256, 0x21, sizeof(ca->name_sha256));
        memset(ca->key_sha256, 0x22, sizeof(ca->key_sha256));
        ca->der_len = 600;
        memset(ca->der, 0x30, ca->der_len);
}

void fixture_make_lab(const char *dir, struct cadb_ca *root)
{
        struct cadb_settings s = {
            .ocsp_url = "http://127.0.0.1:8888",
            .created_at = NOW,
        };
        struct err e = ERR_INIT;
        struct cadb *db;

        assert_ok(cadb_create(dir, &s, &db, &e), &e);
        fixture_fill_ca(root, "root");
        assert_ok(cadb_begin(db, &e), &e);
        assert_ok(cadb_ca_add(db, root, true, NOW, &e), &e);
        assert_ok(cadb_commit(db, &e), &e);
        assert_ok(cadb_publish(db, &e), &e);
}

struct span serial_of(uint8_t storage[16], uint32_t n)
{
        int i;

        memset(storage, 0x5a, 16);
        for (i = 0; i < 4; i++)
                storage[12 + i] = (uint8_t)(n >> (24 - 8 * i));
        return (struct span){storage, 16};
}

void fixture_issue(struct cadb *db, int64_t ca, uint32_t n, const char *name)
{
        uint8_t storage[16], der[700];
        struct cadb_new_cert c = {
            .ca = ca,
            .name = name,
            .serial = serial_of(storage, n),
            .der = {der, sizeof(der)},
            .subject = "CN=somebody",
            .not_before = NOW,
            .not_after = NOW + YEAR,
        };
        struct err e = ERR_INIT;

        memset(der, 0x31, sizeof(der));
        assert_ok(cadb_begin(db, &e), &e);
        assert_ok(cadb_cert_add(db, &c, NOW, &e), &e);
        assert_ok(cadb_commit(db, &e), &e);
}

enum cadb_change fixture_revoke(
    struct cadb *db, int64_t ca, uint32_t n, int reason, int64_t at)
{
        struct cadb_revocation r = {.reason = reason, .revoked_at = at};
        struct err e = ERR_INIT;
        enum cadb_change change;
        uint8_t storage[16];

        assert_ok(cadb_begin(db, &e), &e);
        assert_ok(
            cadb_revoke(db, ca, serial_of(storage, n), &r, NOW, &change, &e),
            &e);
        assert_ok(cadb_commit(db, &e), &e);
        return change;
}

struct cadb_state fixture_state(struct cadb *db, int64_t ca, uint32_t n)
{
        struct cadb_state s = {0};
        struct err e = ERR_INIT;
        uint8_t storage[16];

        if (cadb_state_find(db, ca, serial_of(storage, n), &s, &e) != 1)
                fail_msg("serial %u: %s", n, e.text);
        return s;
}

void fixture_sql(struct cadb *db, const char *sql)
{
        char *why = NULL;

        if (sqlite3_exec(db->sql, sql, NULL, NULL, &why) != SQLITE_OK)
                fail_msg("%s: %s", sql, why);
}

void fixture_close(struct fixture *f)
{
        cadb_close(f->db);
        f->db = NULL;
}
