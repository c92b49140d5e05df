#include "responder_lab.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cadb/write.h"
#include "fuzz.h"
#include "httpd/internal.h"
#include "pki/pki.h"

static char dir[PATH_MAX];
static struct responder responders[LABS];

#define OK(call)                                                               \
        do {                                                                   \
                struct err e = ERR_INIT;                                       \
                if ((call) != 0) {                                             \
                        fprintf(stderr, "%s: %s\n", #call, e.text);            \
                        abort();                                               \
                }                                                              \
        } while (0)

/* ---- the lab ------------------------------------------------------------- */

static void clean(void)
{
        size_t i;

        for (i = 0; i < LABS; i++)
                responder_release(&responders[i]);
        file_remove_tree(dir, NULL);
}

static const char *path_in_dir(const char *name)
{
        static char path[PATH_MAX];

        OK(file_path(path, sizeof(path), &e, "%s/%s", dir, name));
        return path;
}

static void write_pem(const char *name, const struct actor *a)
{
        struct buf pem = {0};

        OK(pki_cert_pem(a->cert, &pem, &e));
        OK(pki_key_pem(a->key, &pem, &e));
        OK(file_write_fast(path_in_dir(name), pem.data, pem.len, 0600, &e));
        buf_release(&pem);
}

static void hash_ca(X509 *ca, struct cadb_ca *row)
{
        struct ocsp_certid id;
        struct buf der = {0};

        OK(ocsp_certid_make(OCSP_SHA1, ca, ca, &der, &id, &e));
        memcpy(row->name_sha1, id.name_hash.data, CADB_HASH_SHA1);
        memcpy(row->key_sha1, id.key_hash.data, CADB_HASH_SHA1);
        buf_clear(&der);
        OK(ocsp_certid_make(OCSP_SHA256, ca, ca, &der, &id, &e));
        memcpy(row->name_sha256, id.name_hash.data, CADB_HASH_SHA256);
        memcpy(row->key_sha256, id.key_hash.data, CADB_HASH_SHA256);
        buf_release(&der);
}

/* by: who answers for it, itself perhaps; NULL: nobody. */
static void add_ca(struct cadb *db, const char *name, const struct actor *a,
    const struct actor *by)
{
        static const char ca_file[] = "ca.pem", signer_file[] = "signer.pem";
        struct cadb_ca row = {
            .model = by == a ? CADB_SIGNER_CA : CADB_SIGNER_DELEGATED,
            .not_before = pki_not_before(a->cert),
            .not_after = pki_not_after(a->cert)};
        struct cadb_signer signer = {.path = by == a ? "" : signer_file};
        struct buf der = {0};
        struct pki_serial serial;

        OK(pki_cert_der(a->cert, &der, &e));
        must(der.len <= sizeof(row.der));
        memcpy(row.der, der.data, der.len);
        row.der_len = der.len;
        hash_ca(a->cert, &row);
        snprintf(row.name, sizeof(row.name), "%s", name);
        snprintf(row.key_path, sizeof(row.key_path), "%s", ca_file);
        snprintf(row.cert_path, sizeof(row.cert_path), "%s", ca_file);
        if (by == a)
                write_pem(ca_file, a);
        else if (by != NULL)
                write_pem(signer_file, by);
        OK(cadb_ca_add(db, &row, true, NOW, &e));
        if (by != NULL) {
                buf_clear(&der);
                OK(pki_cert_der(by->cert, &der, &e));
                serial = pki_serial_of(by->cert);
                signer.ca = row.id;
                signer.serial = (struct span){serial.octets, serial.len};
                signer.der = buf_span(&der);
                signer.not_before = pki_not_before(by->cert);
                signer.not_after = pki_not_after(by->cert);
                OK(cadb_signer_add(db, &signer, NOW, &e));
        }
        buf_release(&der);
}

static void add_cert(struct cadb *db, const char *ca, enum role who)
{
        X509 *cert = cast_of(who)->cert;
        struct pki_serial serial = pki_serial_of(cert);
        struct cadb_new_cert row = {.serial = {serial.octets, serial.len},
            .subject = "",
            .not_before = pki_not_before(cert),
            .not_after = pki_not_after(cert)};
        struct cadb_ca issuer;
        struct buf der = {0};

        must(cadb_ca_find(db, ca, &issuer, NULL) == 1);
        OK(pki_cert_der(cert, &der, &e));
        row.ca = issuer.id;
        row.der = buf_span(&der);
        OK(cadb_cert_add(db, &row, NOW, &e));
        buf_release(&der);
}

static void revoke_cert(
    struct cadb *db, const char *ca, enum role who, int reason)
{
        struct pki_serial serial = pki_serial_of(cast_of(who)->cert);
        struct cadb_revocation how = {
            .reason = reason, .revoked_at = NOW - HOUR};
        struct cadb_ca issuer;
        enum cadb_change change;

        must(cadb_ca_find(db, ca, &issuer, NULL) == 1);
        OK(cadb_revoke(db, issuer.id, (struct span){serial.octets, serial.len},
            &how, NOW, &change, &e));
        must(change == CADB_CHANGED);
}

static void fill(struct cadb *db)
{
        OK(cadb_begin(db, &e));
        add_ca(db, "a", cast_of(CA_A), cast_of(RESPONDER));
        add_ca(db, "b", cast_of(CA_B), cast_of(CA_B));
        add_ca(db, "c", cast_of(CA_C), NULL);
        add_cert(db, "a", A_GOOD);
        add_cert(db, "a", A_REVOKED);
        add_cert(db, "a", A_HELD);
        add_cert(db, "a", A_EXPIRED);
        add_cert(db, "b", B_GOOD);
        add_cert(db, "b", B_REVOKED);
        add_cert(db, "c", C_GOOD);
        revoke_cert(db, "a", A_REVOKED, OCSP_REASON_KEY_COMPROMISE);
        revoke_cert(db, "a", A_HELD, OCSP_REASON_HOLD);
        revoke_cert(db, "b", B_REVOKED, OCSP_REASON_NONE);
        OK(cadb_commit(db, &e));
}

static void make_dir(void)
{
        const struct cadb_settings settings = {
            .ocsp_url = "http://127.0.0.1", .temporary = true};
        const char *tmp = getenv("TMPDIR");
        struct cadb *db;

        OK(file_path(dir, sizeof(dir), &e, "%s/fuzz-lab.XXXXXX",
            tmp != NULL ? tmp : "/tmp"));
        must(mkdtemp(dir) != NULL);
        must(atexit(clean) == 0);
        OK(cadb_create(dir, &settings, &db, &e));
        OK(cadb_publish(db, &e));
        OK(cadb_open_write(dir, &db, &e));
        fill(db);
        cadb_close(db);
        OK(file_mkdir(path_in_dir("crl"), 0700, &e));
        OK(file_write_fast(path_in_dir("crl/a.crl"), "not one", 7, 0600, &e));
}

static void open_lab(
    struct responder *r, struct options *o, int argc, const char *argv[])
{
        optind = 0; /* begin anew */
        OK(options_parse(argc, (char **)(uintptr_t)argv, o, &e));
        OK(responder_open(r, o, &e));
        OK(pages_make(&r->pages, "http://127.0.0.1", &e));
        r->at_set = true;
}

static void open_all(void)
{
        static struct options options[LABS];
        const char *args[LABS][8] = {
            {"", "--dir", dir},
            {"", "--dir", dir, "--nonce=ignore", "--unissued=unauthorized",
                "--responder-id=name"},
            {"", "--dir", dir, "--nonce=require", "--unissued=extended-revoke"},
            {"", "--dir", dir, "--unissued=good", "--max-age=1h"},
        };
        size_t i;
        int argc;

        make_dir();
        OK(tell_open("/dev/null", true, &e));
        for (i = 0; i < LABS; i++) {
                for (argc = 0; args[i][argc] != NULL; argc++)
                        continue;
                open_lab(&responders[i], &options[i], argc, args[i]);
        }
        strcpy(responders[1].prefix, "/ocsp");
        responders[1].prefix_len = strlen(responders[1].prefix);
}

/* A lab in which nothing is found would prove nothing. */
static void check_lab(void)
{
        X509 *leaf = cast_of(A_GOOD)->cert, *ca = cast_of(CA_A)->cert;
        struct buf id = {0}, request = {0};
        struct ocsp_certid certid;
        struct httpd_reply reply;
        struct span answer;

        OK(ocsp_certid_make(OCSP_SHA1, leaf, ca, &id, &certid, &e));
        OK(ocsp_request_encode(
            &certid, 1, (struct span){NULL, 0}, &request, &e));
        reply = lab_ask(lab_at(0, 0), HTTPD_POST, "/", buf_span(&request));
        answer = httpd_response_body(reply.response);
        must(answer.len > OCSP_ERROR_LEN);
        lab_check(lab_at(0, 0), buf_span(&request), answer);
        httpd_response_unref(reply.response);
        buf_release(&id);
        buf_release(&request);
}

/* ---- asking -------------------------------------------------------------- */

struct responder *lab_at(uint8_t which, uint8_t when)
{
        static const int64_t times[] = {NOW, NOW + 3 * (int64_t)DAY,
            NOW + 400 * (int64_t)DAY, NOW - 10 * (int64_t)DAY};
        struct responder *r = &responders[which % LABS];

        if (dir[0] == '\0') {
                open_all();
                check_lab();
        }
        r->at = times[when % 4];
        return r;
}

struct httpd_reply lab_ask(struct responder *r, enum httpd_method method,
    const char *path, struct span body)
{
        /* No connection: no headers. */
        struct call call = {
            .request = {.method = method, .path = path, .body = body}};

        return serve_ocsp(r, 0, &call.request);
}
