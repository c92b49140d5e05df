#include "verdict_fixture.h"

#include <openssl/ocsp.h>
#include <openssl/x509_vfy.h>

#include <stdio.h>

struct cast cast;

int cast_setup(void **state)
{
        struct casting root = {.cn = "root",
            .ca = true,
            .key_usage = "critical,keyCertSign,cRLSign,digitalSignature"};
        struct casting ca = root;
        struct casting leaf = {.cn = "leaf",
            .issuer = &cast.ca,
            .key_usage = "critical,digitalSignature"};
        struct casting neighbor = leaf;
        struct casting delegate = delegate_casting();

        (void)state;
        cast.root = actor_make(&root);
        ca.cn = "ca";
        ca.issuer = &cast.root;
        cast.ca = actor_make(&ca);
        cast.leaf = actor_make(&leaf);
        neighbor.cn = "neighbor";
        cast.neighbor = actor_make(&neighbor);
        cast.delegate = actor_make(&delegate);
        return 0;
}

int cast_teardown(void **state)
{
        (void)state;
        actor_free(&cast.root);
        actor_free(&cast.ca);
        actor_free(&cast.leaf);
        actor_free(&cast.neighbor);
        actor_free(&cast.delegate);
        return 0;
}

struct casting delegate_casting(void)
{
        return (struct casting){.cn = "responder",
            .issuer = &cast.ca,
            .key_usage = "critical,digitalSignature",
            .extended_key_usage = "OCSPSigning",
            .nocheck = true};
}

struct ocsp_question question(void)
{
        return (struct ocsp_question){.leaf = cast.leaf.cert,
            .issuer = cast.ca.cert,
            .now = NOW,
            .skew = OCSP_SKEW_DEFAULT};
}

static const struct ocsp_verdict *judge_span(
    struct span der, const struct ocsp_question *q)
{
        static struct ocsp_verdict v;

        memset(&v, 0x5a, sizeof(v));
        ocsp_judge(q, der, &v);
        return &v;
}

const struct ocsp_verdict *judge_bytes(const void *der, size_t len)
{
        struct ocsp_question q = question();

        return judge_span((struct span){der, len}, &q);
}

const struct ocsp_verdict *judge_as(
    const struct recipe *r, const struct ocsp_question *q)
{
        const struct ocsp_verdict *v;
        struct buf der = {0};

        recipe_cook(r, &der);
        assert_false(der.failed);
        v = judge_span(buf_span(&der), q);
        buf_release(&der);
        return v;
}

const struct ocsp_verdict *judge(const struct recipe *r)
{
        struct ocsp_question q = question();

        return judge_as(r, &q);
}

static void print_verdict(const struct ocsp_verdict *v)
{
        size_t i;

        print_error("%s: %s\n", ocsp_outcome_name(v->outcome), v->why);
        for (i = 0; i < v->checks_len; i++)
                print_error("  %2d %-20s %s\n", v->checks[i].ok,
                    v->checks[i].id, v->checks[i].detail);
}

void assert_outcome(const struct ocsp_verdict *v, enum ocsp_outcome want)
{
        if (v->outcome != want)
                print_verdict(v);
        assert_string_equal(
            ocsp_outcome_name(v->outcome), ocsp_outcome_name(want));
}

const struct ocsp_check *check_of(const struct ocsp_verdict *v, const char *id)
{
        size_t i;

        for (i = 0; i < v->checks_len; i++)
                if (strcmp(v->checks[i].id, id) == 0)
                        return &v->checks[i];
        fail_msg("no check %s", id);
        return NULL;
}

void assert_untrusted(const struct ocsp_verdict *v, const char *check)
{
        size_t i;
        bool as_told = v->outcome == OCSP_V_UNTRUSTED;

        for (i = 0; i < v->checks_len; i++)
                as_told = as_told && (v->checks[i].ok == 0) ==
                                         (strcmp(v->checks[i].id, check) == 0);
        if (!as_told)
                print_verdict(v);
        assert_true(as_told);
        (void)check_of(v, check);
        assert_memory_equal(v->why, check, strlen(check));
}

static OCSP_BASICRESP *openssl_read(const struct recipe *r)
{
        struct buf der = {0};
        const unsigned char *p;
        OCSP_RESPONSE *response;
        OCSP_BASICRESP *basic;

        recipe_cook(r, &der);
        p = der.data;
        response = d2i_OCSP_RESPONSE(NULL, &p, (long)der.len);
        assert_non_null(response);
        basic = OCSP_response_get1_basic(response);
        assert_non_null(basic);
        OCSP_RESPONSE_free(response);
        buf_release(&der);
        return basic;
}

bool openssl_accepts(const struct recipe *r)
{
        OCSP_BASICRESP *basic = openssl_read(r);
        X509_STORE *store = X509_STORE_new();
        STACK_OF(X509) *extra = sk_X509_new_null();
        bool accepted;

        X509_STORE_add_cert(store, cast.root.cert);
        X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store), NOW);
        sk_X509_push(extra, cast.ca.cert);
        accepted = OCSP_basic_verify(basic, extra, store, OCSP_NOEXPLICIT) == 1;
        sk_X509_free(extra);
        X509_STORE_free(store);
        OCSP_BASICRESP_free(basic);
        return accepted;
}
