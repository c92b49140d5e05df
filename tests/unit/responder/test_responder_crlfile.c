/* The head of a CRL on disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "responder/crlfile.h"

static char path[] = "/tmp/crlfile.XXXXXX";

static int setup(void **state)
{
        int fd = mkstemp(path);

        (void)state;
        assert_true(fd >= 0);
        close(fd);
        return 0;
}

static int teardown(void **state)
{
        (void)state;
        return unlink(path);
}

static void element(
    struct buf *out, uint8_t tag, const void *content, size_t len)
{
        assert_true(len < 128);
        buf_append(out, &tag, 1);
        buf_append(out, &(uint8_t){(uint8_t)len}, 1);
        buf_append(out, content, len);
}

/* A CRL with these times ("U..." a UTCTime, "G..." the long form; NULL: none)
 * and no entries. */
static struct buf make_crl(bool version, const char *this, const char *next)
{
        const char *const times[] = {this, next};
        struct buf tbs = {.len = 0}, inner = {.len = 0}, all = {.len = 0};
        size_t i;

        if (version)
                element(&tbs, 0x02, "\1", 1);
        element(&tbs, 0x30, "\x06\x03\x2b\x65\x70", 5);
        element(&tbs, 0x30, "issuer", 6);
        for (i = 0; i < 2; i++)
                if (times[i] != NULL)
                        element(&tbs, times[i][0] == 'U' ? 0x17 : 0x18,
                            times[i] + 1, strlen(times[i] + 1));
        element(&inner, 0x30, tbs.data, tbs.len);
        element(&inner, 0x30, "\x06\x03\x2b\x65\x70", 5);
        element(&inner, 0x03, "signature", 9);
        element(&all, 0x30, inner.data, inner.len);
        buf_release(&tbs);
        buf_release(&inner);
        return all;
}

static int open_bytes(struct span bytes, struct crlfile *out, struct err *e)
{
        int rc;

        assert_int_equal(
            file_write_fast(path, bytes.data, bytes.len, 0600, e), 0);
        rc = crlfile_open(path, out, e);
        if (rc == 1)
                close(out->fd);
        return rc;
}

static int open_crl(
    bool version, const char *this, const char *next, struct crlfile *out)
{
        struct buf der = make_crl(version, this, next);
        struct err e = ERR_INIT;
        int rc = open_bytes(buf_span(&der), out, &e);

        buf_release(&der);
        return rc;
}

static void times_are_read_in_both_forms(void **state)
{
        struct crlfile f;

        (void)state;
        assert_int_equal(
            open_crl(true, "U270115080000Z", "U270115080001Z", &f), 1);
        assert_int_equal(f.this_update, 1800000000);
        assert_int_equal(f.next_update, 1800000001);
        assert_int_equal(
            open_crl(true, "U491231235959Z", "G20500101000000Z", &f), 1);
        assert_int_equal(f.this_update, utc_seconds(2049, 12, 31, 23, 59, 59));
        assert_int_equal(f.next_update, utc_seconds(2050, 1, 1, 0, 0, 0));
        assert_int_equal(open_crl(true, "U500101000000Z", NULL, &f), 1);
        assert_int_equal(f.this_update, utc_seconds(1950, 1, 1, 0, 0, 0));
}

static void without_next_update_it_is_as_old_as_it_is(void **state)
{
        struct crlfile f;

        (void)state;
        assert_int_equal(open_crl(false, "U270115080000Z", NULL, &f), 1);
        assert_int_equal(f.next_update, f.this_update);
}

static void odd_times_are_refused(void **state)
{
        static const char *const odd[] = {"U2701150800Z", "U270115080000+",
            "U2701150800000", "G270115080000Z", "G20270115080000.5Z",
            "U271315080000Z", "U27a115080000Z", "U"};
        struct crlfile f;
        size_t i;

        (void)state;
        for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
                assert_int_equal(open_crl(true, odd[i], NULL, &f), -1);
}

static void every_part_of_it_is_refused(void **state)
{
        struct buf der = make_crl(true, "U270115080000Z", "U270115080001Z");
        struct crlfile f;
        size_t len;

        (void)state;
        for (len = 0; len < der.len; len++) {
                struct err e = ERR_INIT;

                assert_int_equal(
                    open_bytes((struct span){der.data, len}, &f, &e), -1);
                assert_int_equal(e.code, ERR_DATA);
        }
        buf_release(&der);
}

static void lengths_that_lie_are_refused(void **state)
{
        struct buf der = make_crl(true, "U270115080000Z", "U270115080001Z");
        struct crlfile f;
        size_t i;

        (void)state;
        for (i = 1; i < 20; i++) {
                uint8_t kept = der.data[i];

                der.data[i] = 0xff;
                open_bytes(buf_span(&der), &f, NULL); /* must not read over */
                der.data[i] = 0x80;
                open_bytes(buf_span(&der), &f, NULL);
                der.data[i] = kept;
        }
        buf_release(&der);
}

static void tag_changes_with_either_end(void **state)
{
        struct buf der = make_crl(true, "U270115080000Z", "U270115080001Z");
        struct crlfile a, b;

        (void)state;
        assert_int_equal(open_bytes(buf_span(&der), &a, NULL), 1);
        assert_int_equal(open_bytes(buf_span(&der), &b, NULL), 1);
        assert_string_equal(a.etag, b.etag);
        der.data[der.len - 1] ^= 1;
        assert_int_equal(open_bytes(buf_span(&der), &b, NULL), 1);
        assert_string_not_equal(a.etag, b.etag);
        buf_release(&der);
}

static void absent_is_no_error(void **state)
{
        struct crlfile f;
        struct err e = ERR_INIT;

        (void)state;
        assert_int_equal(crlfile_open("/tmp/crlfile.none", &f, &e), 0);
        assert_int_equal(crlfile_open("/tmp", &f, &e), -1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
            cmocka_unit_test(times_are_read_in_both_forms),
            cmocka_unit_test(without_next_update_it_is_as_old_as_it_is),
            cmocka_unit_test(odd_times_are_refused),
            cmocka_unit_test(every_part_of_it_is_refused),
            cmocka_unit_test(lengths_that_lie_are_refused),
            cmocka_unit_test(tag_changes_with_either_end),
            cmocka_unit_test(absent_is_no_error),
        };

        return cmocka_run_group_tests(tests, setup, teardown);
}
