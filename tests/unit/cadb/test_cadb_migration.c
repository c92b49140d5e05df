/* A lab of an older schema opens, and loses nothing. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

/* CADB_FIXTURES: this folder. */
enum { NOW = 1800000000, ISSUING = 2 };

static struct cadb *open_raw(const char *path)
{
        struct cadb *db = calloc(1, sizeof(*db));

        assert_non_null(db);
        db->watch = -1;
        assert_int_equal(SQLITE_OK, sqlite3_open(path, &db->sql));
        return db;
}

/* ca.db as a program of that version left it. */
static int up_with_version_1(void **state)
{
        struct buf dump = {0};
        struct err e = ERR_INIT;
        struct fixture *f;
        struct cadb *raw;

        if (fixture_up_empty(state) != 0)
                return -1;
        f = *state;
        assert_ok(
            file_read(CADB_FIXTURES "/schema-1.sql", FILE_LIMIT, &dump, &e),
            &e);
        raw = open_raw(fixture_path(f, "ca.db"));
        fixture_sql(raw, buf_text(&dump));
        fixture_sql(raw, "PRAGMA journal_mode = WAL");
        cadb_close(raw);
        buf_release(&dump);
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        return 0;
}

/* Every table and index, as it was written. */
static struct buf schema_of(struct cadb *db)
{
        struct buf out = {0};
        sqlite3_stmt *st;

        assert_int_equal(SQLITE_OK,
            sqlite3_prepare_v2(db->sql,
                "SELECT name, sql FROM sqlite_schema WHERE sql NOT NULL"
                " ORDER BY name",
                -1, &st, NULL));
        while (sqlite3_step(st) == SQLITE_ROW)
                buf_printf(&out, "%s\n", sqlite3_column_text(st, 1));
        sqlite3_finalize(st);
        return out;
}

static void an_old_lab_gets_the_schema_of_a_new_one(void **state)
{
        struct fixture *f = *state;
        struct buf old = schema_of(f->db), new;
        struct err e = ERR_INIT;
        struct cadb_ca root;
        char dir[PATH_MAX];
        struct cadb *db;

        assert_ok(file_path(dir, sizeof(dir), &e, "%s/new", f->dir), &e);
        assert_ok(file_mkdir(dir, 0755, &e), &e);
        fixture_make_lab(dir, &root);
        assert_ok(cadb_open_write(dir, &db, &e), &e);
        new = schema_of(db);
        assert_string_equal(buf_text(&new), buf_text(&old));
        cadb_close(db);
        buf_release(&old);
        buf_release(&new);
}

static void its_states_are_kept(void **state)
{
        static const uint8_t good[] = {0x41, 0x00}, held[] = {0x41, 0x01},
                             gone[] = {0x41, 0x02};
        struct fixture *f = *state;
        struct cadb_state s;
        struct err e = ERR_INIT;

        assert_int_equal(
            1, cadb_state_find(f->db, ISSUING, (struct span){good, 2}, &s, &e));
        assert_int_equal(CADB_GOOD, s.status);
        assert_int_equal(
            1, cadb_state_find(f->db, ISSUING, (struct span){held, 2}, &s, &e));
        assert_int_equal(CADB_REVOKED, s.status);
        assert_int_equal(6, s.reason);
        assert_int_equal(
            1, cadb_state_find(f->db, ISSUING, (struct span){gone, 2}, &s, &e));
        assert_int_equal(1, s.reason);
        assert_int_equal(NOW + 3, s.revoked_at);
        assert_int_equal(NOW - 9, s.invalidity_at);
}

static void its_cas_signers_and_settings_are_kept(void **state)
{
        struct fixture *f = *state;
        struct cadb_settings s;
        struct cadb_ca ca;
        struct err e = ERR_INIT;

        assert_ok(cadb_settings_get(f->db, &s, &e), &e);
        assert_string_equal("http://127.0.0.1:8888", s.ocsp_url);
        assert_int_equal(2, s.more_urls_len);
        assert_string_equal("http://b/", s.more_urls[0]);
        assert_string_equal("http://c:81", s.more_urls[1]);
        assert_int_equal(1, cadb_ca_default(f->db, &ca, &e));
        assert_string_equal("issuing", ca.name);
        assert_string_equal("responder/52.pem", ca.signer_path);
        assert_int_equal(1, cadb_ca_find(f->db, "root", &ca, &e));
        assert_int_equal(ca.id, ca.parent);
        assert_false(ca.has_signer);
}

static void its_names_and_its_trail_are_kept(void **state)
{
        struct fixture *f = *state;
        struct cadb_cert cert;
        struct err e = ERR_INIT;
        int64_t seq;

        assert_int_equal(1, cadb_cert_find_name(f->db, "gone", &cert, &e));
        assert_string_equal("issuing", cert.ca_name);
        assert_ok(cadb_last_event(f->db, &seq, &e), &e);
        assert_true(seq >= 12);
}

static void it_can_be_changed(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        uint64_t number;

        fixture_issue(f->db, ISSUING, 1, "new");
        fixture_revoke(f->db, ISSUING, 1, 4, NOW);
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_crl_number(f->db, ISSUING, 0, NOW, &number, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        assert_int_equal(2, number);
}

int main(void)
{
#define TEST(name)                                                             \
        cmocka_unit_test_setup_teardown(name, up_with_version_1, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(an_old_lab_gets_the_schema_of_a_new_one),
            TEST(its_states_are_kept),
            TEST(its_cas_signers_and_settings_are_kept),
            TEST(its_names_and_its_trail_are_kept),
            TEST(it_can_be_changed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
