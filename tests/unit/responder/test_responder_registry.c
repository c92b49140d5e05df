/* CAs and signers from a real database and real files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cadb/write.h"
#include "pki/pki.h"
#include "responder/issuer/issuer.h"

enum { NOW = 1800000000, DAY = 86400 };

/* ---- a lab with CAs ---------------------------------------------------- */

struct lab {
        char dir[64];
        struct cadb *write, *read;
        struct registry *registry;
        struct issuers *held;
};

static int told_count;

static void told(const struct issuer *i)
{
        (void)i;
        told_count++;
}

#define OK(call)                                                               \
        do {                                                                   \
                struct err e = ERR_INIT;                                       \
                if ((call) != 0)                                               \
                        fail_msg("%s: %s", #call, e.text);                     \
        } while (0)

static const char *path_of(const struct lab *lab, const char *name)
{
        static char path[PATH_MAX];

        snprintf(path, sizeof(path), "%s/%s", lab->dir, name);
        return path;
}

static int setup(void **state)
{
        struct lab *lab = calloc(1, sizeof(*lab));
        struct cadb_settings s = {.temporary = true};

        assert_non_null(lab);
        strcpy(lab->dir, "/tmp/registry.XXXXXX");
        assert_non_null(mkdtemp(lab->dir));
        OK(cadb_create(lab->dir, &s, &lab->write, &e));
        OK(cadb_publish(lab->write, &e));
        OK(cadb_open_write(lab->dir, &lab->write, &e));
        OK(cadb_open(lab->dir, &lab->read, &e));
        OK(registry_new(
            &(struct issuer_source){.dir = lab->dir}, &lab->registry, &e));
        told_count = 0;
        *state = lab;
        return 0;
}

static int teardown(void **state)
{
        struct lab *lab = *state;

        issuers_unref(lab->held);
        registry_free(lab->registry);
        cadb_close(lab->read);
        cadb_close(lab->write);
        file_remove_tree(lab->dir, NULL);
        free(lab);
        return 0;
}

static void refresh(struct lab *lab)
{
        OK(registry_refresh(lab->registry, lab->read, told, &lab->held, &e));
}

struct ca {
        X509 *cert;
        EVP_PKEY *key;
        struct cadb_ca row;
};

static X509 *make_cert(
    enum pki_profile profile, EVP_PKEY *key, const struct ca *by)
{
        struct pki_cert_spec spec = {.profile = profile,
            .common_name = profile == PKI_ROOT ? "Lab" : "Signer",
            .subject_key = key,
            .issuer = by->cert,
            .issuer_key = by->key,
            .not_before = NOW - DAY,
            .not_after = NOW + 100 * DAY,
            .path_len = -1};
        X509 *cert = NULL;

        OK(pki_serial_new(&spec.serial, &e));
        OK(pki_cert_make(&spec, &cert, &e));
        return cert;
}

static struct ca ca_add(struct lab *lab, const char *name)
{
        struct ca ca = {.row = {.model = CADB_SIGNER_DELEGATED,
                            .not_before = NOW - DAY,
                            .not_after = NOW + 100 * DAY}};
        struct buf der = {.len = 0};

        OK(pki_key_new(PKI_P256, &ca.key, &e));
        ca.cert = make_cert(PKI_ROOT, ca.key, &ca);
        OK(pki_cert_der(ca.cert, &der, &e));
        snprintf(ca.row.name, sizeof(ca.row.name), "%s", name);
        memcpy(ca.row.der, der.data, der.len);
        ca.row.der_len = der.len;
        buf_release(&der);
        OK(cadb_begin(lab->write, &e));
        OK(cadb_ca_add(lab->write, &ca.row, true, NOW, &e));
        OK(cadb_commit(lab->write, &e));
        return ca;
}

static void ca_release(struct ca *ca)
{
        X509_free(ca->cert);
        EVP_PKEY_free(ca->key);
}

/* A signer of that profile, from the CA by, becomes the one of ca. */
static void signer_add(struct lab *lab, const struct ca *ca,
    const struct ca *by, enum pki_profile profile, const char *file)
{
        struct buf pem = {.len = 0}, der = {.len = 0};
        EVP_PKEY *key = NULL;
        struct pki_serial serial;
        X509 *cert;

        OK(pki_key_new(PKI_P256, &key, &e));
        cert = make_cert(profile, key, by);
        OK(pki_cert_pem(cert, &pem, &e));
        OK(pki_key_pem(key, &pem, &e));
        OK(pki_cert_der(cert, &der, &e));
        OK(file_write(path_of(lab, file), pem.data, pem.len, 0600, &e));
        serial = pki_serial_of(cert);
        OK(cadb_begin(lab->write, &e));
        OK(cadb_signer_add(lab->write,
            &(struct cadb_signer){.ca = ca->row.id,
                .serial = {serial.octets, serial.len},
                .der = buf_span(&der),
                .path = file,
                .not_before = NOW - DAY,
                .not_after = NOW + 100 * DAY},
            NOW, &e));
        OK(cadb_commit(lab->write, &e));
        buf_release(&pem);
        buf_release(&der);
        X509_free(cert);
        EVP_PKEY_free(key);
}

static void assert_fault(const struct issuer *i, const char *part)
{
        char why[ERR_TEXT_MAX];

        assert_false(issuer_can_sign(i, NOW, why));
        if (strstr(why, part) == NULL)
                fail_msg("no \"%s\" in: %s", part, why);
}

/* ---- tests ------------------------------------------------------------- */

static void what_did_not_change_is_kept(void **state)
{
        struct lab *lab = *state;
        struct ca a = ca_add(lab, "a"), b;
        const struct issuer *first;
        struct issuers *set;

        signer_add(lab, &a, &a, PKI_OCSP_SIGNER, "a1.pem");
        refresh(lab);
        assert_int_equal(lab->held->len, 1);
        first = lab->held->list[0];
        set = lab->held;
        refresh(lab);
        assert_ptr_equal(lab->held, set);
        b = ca_add(lab, "b");
        signer_add(lab, &b, &b, PKI_OCSP_SIGNER, "b1.pem");
        refresh(lab);
        assert_int_equal(lab->held->len, 2);
        assert_ptr_equal(lab->held->list[0], first);
        assert_int_equal(told_count, 2);
        ca_release(&a);
        ca_release(&b);
}

static void a_new_signer_replaces_the_issuer(void **state)
{
        struct lab *lab = *state;
        struct ca a = ca_add(lab, "a");
        struct issuers *old;
        char why[ERR_TEXT_MAX];
        int64_t version;

        signer_add(lab, &a, &a, PKI_OCSP_SIGNER, "a1.pem");
        refresh(lab);
        old = issuers_ref(lab->held);
        version = old->list[0]->version;
        signer_add(lab, &a, &a, PKI_OCSP_SIGNER, "a2.pem");
        refresh(lab);
        assert_true(lab->held->list[0]->version > version);
        assert_true(issuer_can_sign(lab->held->list[0], NOW, why));
        /* Who still holds the old one can finish with it. */
        assert_true(issuer_can_sign(old->list[0], NOW, why));
        issuers_unref(old);
        ca_release(&a);
}

static void unfit_signers_are_named_as_such(void **state)
{
        struct lab *lab = *state;
        struct ca a = ca_add(lab, "a"), b = ca_add(lab, "b");

        refresh(lab);
        assert_fault(lab->held->list[0], "has no OCSP signer");
        signer_add(lab, &a, &a, PKI_SERVER, "noeku.pem");
        refresh(lab);
        assert_fault(lab->held->list[0], "no extended key usage OCSPSigning");
        signer_add(lab, &a, &b, PKI_OCSP_SIGNER, "foreign.pem");
        refresh(lab);
        assert_fault(lab->held->list[0], "not issued by the CA");
        signer_add(lab, &a, &a, PKI_OCSP_SIGNER, "wide.pem");
        chmod(path_of(lab, "wide.pem"), 0644);
        refresh(lab);
        assert_fault(lab->held->list[0], "wide.pem");
        ca_release(&a);
        ca_release(&b);
}

static void people_read_the_common_name(void **state)
{
        struct lab *lab = *state;
        struct ca a = ca_add(lab, "a");

        refresh(lab);
        assert_string_equal(lab->held->list[0]->label, "Lab (CA a)");
        assert_ptr_equal(
            issuers_by_id(lab->held, a.row.id), lab->held->list[0]);
        assert_null(issuers_by_id(lab->held, 99));
        assert_null(issuers_by_id(NULL, 1));
        ca_release(&a);
}

static void a_ca_without_signer_is_kept_and_says_what_to_run(void **state)
{
        struct lab *lab = *state;
        struct ca a = ca_add(lab, "a"), b;
        const struct issuer *first;

        refresh(lab);
        first = lab->held->list[0];
        assert_fault(first, "'ocsp-ca signer request --ca a");
        b = ca_add(lab, "b");
        refresh(lab);
        assert_ptr_equal(lab->held->list[0], first);
        assert_int_equal(told_count, 2);
        ca_release(&a);
        ca_release(&b);
}

/* The signers here live for 101 days, so it is the last 7 that count. */
static void the_end_of_a_signer_is_announced_once(void **state)
{
        struct lab *lab = *state;
        struct ca a = ca_add(lab, "a"), b;
        int64_t soon = NOW + 93 * (int64_t)DAY + 1;
        char text[ERR_TEXT_MAX];
        struct issuer *i;

        signer_add(lab, &a, &a, PKI_OCSP_SIGNER, "a1.pem");
        refresh(lab);
        i = lab->held->list[0];
        assert_null(issuer_notice(i, soon - DAY, text));
        assert_false(issuer_ends_soon_first(i, soon - DAY));
        assert_true(issuer_ends_soon_first(i, soon));
        assert_false(issuer_ends_soon_first(i, soon));
        assert_non_null(strstr(issuer_notice(i, soon, text), "ends in 6d 23h"));
        assert_non_null(
            strstr(issuer_notice(i, soon + 9 * DAY, text), "expired"));
        /* Loaded anew it is still the same; the next one is another. */
        registry_expire(lab->registry);
        refresh(lab);
        assert_ptr_not_equal(lab->held->list[0], i);
        assert_false(issuer_ends_soon_first(lab->held->list[0], soon));
        b = ca_add(lab, "b");
        signer_add(lab, &a, &a, PKI_OCSP_SIGNER, "a2.pem");
        refresh(lab);
        assert_true(issuer_ends_soon_first(lab->held->list[0], soon));
        ca_release(&a);
        ca_release(&b);
}

static void a_mended_file_is_taken_after_expiry(void **state)
{
        struct lab *lab = *state;
        struct ca a = ca_add(lab, "a");
        char why[ERR_TEXT_MAX];
        uint64_t generation;

        signer_add(lab, &a, &a, PKI_OCSP_SIGNER, "a1.pem");
        chmod(path_of(lab, "a1.pem"), 0644);
        refresh(lab);
        assert_fault(lab->held->list[0], "a1.pem");
        chmod(path_of(lab, "a1.pem"), 0600);
        refresh(lab);
        assert_fault(lab->held->list[0], "a1.pem");
        generation = registry_generation(lab->registry);
        registry_expire(lab->registry);
        assert_int_not_equal(registry_generation(lab->registry), generation);
        refresh(lab);
        assert_true(issuer_can_sign(lab->held->list[0], NOW, why));
        ca_release(&a);
}

int main(void)
{
#define LAB(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        const struct CMUnitTest tests[] = {
            LAB(what_did_not_change_is_kept),
            LAB(a_new_signer_replaces_the_issuer),
            LAB(unfit_signers_are_named_as_such),
            LAB(people_read_the_common_name),
            LAB(a_ca_without_signer_is_kept_and_says_what_to_run),
            LAB(the_end_of_a_signer_is_announced_once),
            LAB(a_mended_file_is_taken_after_expiry),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
