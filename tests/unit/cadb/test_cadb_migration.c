/* A lab of an older schema opens, and loses nothing. */
#include "child.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
static int up_closed(void **state, const char *schema)
{
        struct buf dump = {0};
        struct err e = ERR_INIT;
        struct fixture *f;
        struct cadb *raw;

        if (fixture_up_empty(state) != 0)
                return -1;
        f = *state;
        assert_ok(file_read(schema, FILE_LIMIT, &dump, &e), &e);
        raw = open_raw(fixture_path(f, "ca.db"));
        fixture_sql(raw, buf_text(&dump));
        fixture_sql(raw, "PRAGMA journal_mode = WAL");
        cadb_close(raw);
        buf_release(&dump);
        return 0;
}

static int up_with_version_1_closed(void **state)
{
        return up_closed(state, CADB_FIXTURES "/schema-1.sql");
}

static int open_now(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;

        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        return 0;
}

static int up_with_version_1(void **state)
{
        return up_with_version_1_closed(state) != 0 ? -1 : open_now(state);
}

static int up_with_version_2(void **state)
{
        if (up_closed(state, CADB_FIXTURES "/schema-2.sql") != 0)
                return -1;
        return open_now(state);
}

static int up_with_version_3(void **state)
{
        if (up_closed(state, CADB_FIXTURES "/schema-3.sql") != 0)
                return -1;
        return open_now(state);
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

static int last_full(struct cadb *db, struct cadb_crl *out)
{
        uint64_t number;
        int found = 0;

        for (number = 9; found == 0 && number > 0; number--)
                found = cadb_crl_full(db, ISSUING, number, out, NULL);
        return found;
}

static void it_can_be_changed(void **state)
{
        struct fixture *f = *state;
        struct cadb_crl last;
        struct err e = ERR_INIT;
        uint64_t number;

        assert_int_equal(1, last_full(f->db, &last));
        fixture_issue(f->db, ISSUING, 1, "new");
        fixture_revoke(f->db, ISSUING, 1, 4, NOW);
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(
            cadb_crl_number(f->db, ISSUING, last.number, NOW, &number, &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        assert_int_equal(last.number + 1, number);
}

static int count_entries(
    void *arg, struct span serial, const struct cadb_state *s, struct err *e)
{
        (void)serial, (void)s, (void)e;
        ++*(int *)arg;
        return 0;
}

/* The index of the revoked ones is filled, and the trail long enough. */
static void its_crls_are_whole_and_carry_deltas(void **state)
{
        struct fixture *f = *state;
        struct cadb_settings s;
        struct cadb_crl last;
        struct err e = ERR_INIT;
        int entries = 0;

        assert_ok(cadb_settings_get(f->db, &s, &e), &e);
        assert_string_equal("", s.crl_url);
        assert_int_equal(1, last_full(f->db, &last));
        assert_int_equal(1, last.number);
        assert_int_equal(11, last.version);
        assert_ok(
            cadb_revoked_each(f->db, ISSUING, count_entries, &entries, &e), &e);
        assert_int_equal(2, entries);
        entries = 0;
        assert_ok(cadb_changed_each(f->db, ISSUING, last.version, count_entries,
                      &entries, &e),
            &e);
        assert_int_equal(0, entries);
        fixture_issue(f->db, ISSUING, 1, "new");
        fixture_revoke(f->db, ISSUING, 1, 4, NOW);
        assert_ok(cadb_changed_each(f->db, ISSUING, last.version, count_entries,
                      &entries, &e),
            &e);
        assert_int_equal(1, entries);
}

static void who_only_reads_hears_which_command_helps(void **state)
{
        struct fixture *f = *state;
        struct err e = ERR_INIT;
        struct cadb *db;

        assert_int_equal(-1, cadb_open(f->dir, &db, &e));
        assert_int_equal(ERR_CONFIG, e.code);
        assert_says(&e, "older ocsp-lab (schema version 1,");
        assert_says(&e, "'ocsp-ca crl --dir");
        assert_ok(cadb_open_write(f->dir, &db, &e), &e);
        cadb_close(db);
        assert_ok(cadb_open(f->dir, &db, &e), &e);
        cadb_close(db);
}

enum { PROGRAMS = 6 };

static void open_when_told(
    const struct fixture *f, const struct child *c, uint32_t n)
{
        struct err e = ERR_INIT;
        struct cadb *db;
        uint32_t told;

        if (!hear(c->go, &told))
                _exit(4);
        child_must(cadb_open_write(f->dir, &db, &e), &e);
        fixture_issue(db, ISSUING, n, NULL);
        cadb_close(db);
}

static void of_several_programs_one_does_it(void **state)
{
        struct fixture *f = *state;
        struct child children[PROGRAMS];
        struct err e = ERR_INIT;
        int64_t count;
        uint32_t i;

        for (i = 0; i < PROGRAMS; i++)
                children[i] = child_spawn(f, open_when_told, i);
        for (i = 0; i < PROGRAMS; i++)
                tell(children[i].go, 1);
        for (i = 0; i < PROGRAMS; i++)
                assert_int_equal(0, child_join(&children[i]));
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
        assert_ok(cadb_cert_count(f->db, NULL, &count, &e), &e);
        assert_int_equal(4 + PROGRAMS, count);
}

/* A migration that fails half way leaves the old version. */
static void an_upgrade_that_fails_changes_nothing(void **state)
{
        struct fixture *f = *state;
        struct cadb *raw = open_raw(fixture_path(f, "ca.db"));
        struct buf before = schema_of(raw), after;
        struct err e = ERR_INIT;

        fixture_sql(raw, "CREATE TABLE cert_revoked (x)");
        assert_int_equal(-1, cadb_open_write(f->dir, &f->db, &e));
        assert_null(f->db);
        fixture_sql(raw, "DROP TABLE cert_revoked");
        after = schema_of(raw);
        assert_string_equal(buf_text(&before), buf_text(&after));
        cadb_close(raw);
        buf_release(&before);
        buf_release(&after);
        assert_ok(cadb_open_write(f->dir, &f->db, &e), &e);
}

/* ---- what version 2 added ------------------------------------------------ */

static int keep_first(void *arg, const struct cadb_signer_row *s, struct err *e)
{
        struct cadb_signer_row *first = arg;

        (void)e;
        if (first->id == 0)
                *first = *s;
        return 0;
}

static void a_lab_of_version_2_keeps_what_that_added(void **state)
{
        struct fixture *f = *state;
        struct cadb_signer_row first = {.id = 0};
        struct cadb_settings s;
        struct cadb_crl last;
        struct cadb_cert cert;
        struct err e = ERR_INIT;
        int entries = 0;

        assert_ok(cadb_settings_get(f->db, &s, &e), &e);
        assert_string_equal("lab", s.crl_url);
        assert_int_equal(1, last_full(f->db, &last));
        assert_int_equal(3, last.number);
        assert_int_equal(15, last.version);
        assert_ok(cadb_signer_each(f->db, ISSUING, keep_first, &first, &e), &e);
        assert_int_equal(CADB_SIGNER_REQUESTED, first.state);
        assert_string_equal("responder/next.key", first.path);
        assert_int_equal(1, cadb_cert_find_name(f->db, "good@1", &cert, &e));
        assert_int_equal(1, cadb_cert_find_name(f->db, "there", &cert, &e));
        assert_int_equal(5, cert.state.reason);
        assert_ok(cadb_changed_each(f->db, ISSUING, last.version, count_entries,
                      &entries, &e),
            &e);
        assert_int_equal(2, entries);
}

/* ---- what version 3 added ------------------------------------------------ */

static int count_scenarios(
    void *arg, const struct cadb_scenario *s, struct err *e)
{
        (void)s, (void)e;
        ++*(int *)arg;
        return 0;
}

static void scenarios_can_be_set(void **state)
{
        struct fixture *f = *state;
        struct cadb_new_scenario s = {.ca = ISSUING, .text = "expired"};
        struct err e = ERR_INIT;
        int64_t latest;
        int count = 0;

        assert_ok(cadb_scenario_latest(f->db, &latest, &e), &e);
        assert_int_equal(0, latest);
        assert_ok(cadb_scenario_each(f->db, count_scenarios, &count, &e), &e);
        assert_int_equal(0, count);
        assert_ok(cadb_begin(f->db, &e), &e);
        assert_ok(cadb_scenario_set(f->db, &s, NOW, &e), &e);
        assert_ok(
            cadb_scenario_sign(f->db, &s, ISSUING, "responder/x.pem", &e), &e);
        assert_ok(cadb_commit(f->db, &e), &e);
        assert_ok(cadb_scenario_latest(f->db, &latest, &e), &e);
        assert_true(latest > 15);
        assert_ok(cadb_scenario_each(f->db, count_scenarios, &count, &e), &e);
        assert_int_equal(1, count);
}

static int write_scenario(
    void *out, const struct cadb_scenario *s, struct err *e)
{
        (void)e;
        buf_printf(out, "%s/%s %s %d @%d;", s->ca_name, s->cert_name, s->text,
            (int)s->times, (int)s->version);
        return 0;
}

static int write_signer(
    void *out, const struct cadb_scenario_signer *s, struct err *e)
{
        (void)e;
        buf_printf(out, "%d %zu %d %s;", (int)s->ca, s->serial_len,
            (int)s->issuer, s->path);
        return 0;
}

static void a_lab_of_version_3_keeps_what_that_added(void **state)
{
        struct fixture *f = *state;
        struct buf text = {0};
        struct cadb_cert cert;
        struct err e = ERR_INIT;
        int64_t latest;

        assert_ok(cadb_scenario_latest(f->db, &latest, &e), &e);
        assert_int_equal(24, latest);
        assert_ok(cadb_scenario_each(f->db, write_scenario, &text, &e), &e);
        assert_ok(
            cadb_scenario_signer_each(f->db, write_signer, &text, &e), &e);
        assert_string_equal("/ trylater 0 @21;issuing/ expired:ago=60s 0 @22;"
                            "issuing/good@1 delegated-no-eku 7 @23;"
                            "2 2 2 responder/53.pem;",
            buf_text(&text));
        buf_release(&text);
        assert_int_equal(1, cadb_cert_find_name(f->db, "good@1", &cert, &e));
        assert_int_equal(23, cert.state.version);
}

int main(void)
{
#define TEST(up, name) cmocka_unit_test_setup_teardown(name, up, fixture_down)
        const struct CMUnitTest tests[] = {
            TEST(up_with_version_1, an_old_lab_gets_the_schema_of_a_new_one),
            TEST(up_with_version_1, its_states_are_kept),
            TEST(up_with_version_1, its_cas_signers_and_settings_are_kept),
            TEST(up_with_version_1, its_names_and_its_trail_are_kept),
            TEST(up_with_version_1, it_can_be_changed),
            TEST(up_with_version_1, its_crls_are_whole_and_carry_deltas),
            TEST(up_with_version_1_closed,
                who_only_reads_hears_which_command_helps),
            TEST(up_with_version_1_closed, of_several_programs_one_does_it),
            TEST(up_with_version_1_closed,
                an_upgrade_that_fails_changes_nothing),
            TEST(up_with_version_2, an_old_lab_gets_the_schema_of_a_new_one),
            TEST(up_with_version_2, a_lab_of_version_2_keeps_what_that_added),
            TEST(up_with_version_2, it_can_be_changed),
            TEST(up_with_version_2, scenarios_can_be_set),
            TEST(up_with_version_3, an_old_lab_gets_the_schema_of_a_new_one),
            TEST(up_with_version_3, a_lab_of_version_2_keeps_what_that_added),
            TEST(up_with_version_3, a_lab_of_version_3_keeps_what_that_added),
            TEST(up_with_version_3, it_can_be_changed),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
