/*
 * The verdict.  Two bytes say what is asked, and who signs; then comes the
 * answer, in DER.  Whatever it is: good only if OpenSSL agrees, and an outcome
 * that its checks bear out.
 *
 * Without DER the second byte is the number of an answer as it should be,
 * whose outcome is known; the mutator starts from those.
 */
#include "answers.h"
#include "fuzz.h"
#include "mutate.h"

#include <string.h>

enum { HEAD = 2 };

/* Bits of the first byte; two more are the time. */
enum { SENT_NONCE = 4, REQUIRE_NONCE = 8, TRUST = 16, OTHER_LEAF = 32 };

/* Of the second: bits 0 to 3 choose, 0 leaves the signature as it is. */
enum { KEEP_CERTS = 16 };
static const enum role signers[16] = {RESPONDER, RESPONDER, CA_A,
    RESPONDER_P256, TRUSTED, RESPONDER_EXPIRED, RESPONDER_NO_EKU,
    RESPONDER_NO_SIGN, RESPONDER_FORGED, RESPONDER_B, ROOTS_RESPONDER, CA_B,
    A_GOOD, RESPONDER, RESPONDER, RESPONDER};

static struct ocsp_question question_of(uint8_t bits)
{
        static const int64_t times[] = {
            NOW, NOW + 3 * (int64_t)DAY, NOW + 10 * (int64_t)DAY, NOW - DAY};
        static STACK_OF(X509) *trusted;
        struct ocsp_question q = {.issuer = cast_of(CA_A)->cert,
            .now = times[bits & 3],
            .skew = OCSP_SKEW_DEFAULT,
            .require_nonce = bits & REQUIRE_NONCE};

        if (trusted == NULL) {
                trusted = sk_X509_new_null();
                sk_X509_push(trusted, cast_of(TRUSTED)->cert);
        }
        q.leaf = cast_of(bits & OTHER_LEAF ? A_HELD : A_GOOD)->cert;
        if (bits & SENT_NONCE)
                q.nonce = answers_nonce;
        if (bits & TRUST)
                q.responders = trusted;
        return q;
}

/* All checks in one order, each with its words; an outcome that follows from
 * them. */
static void check_verdict(const struct ocsp_verdict *v)
{
        static size_t checks_len;
        bool failed = false;
        size_t i;

        must(v->checks_len > 0 && v->checks_len <= OCSP_CHECKS_MAX);
        must(checks_len == 0 || checks_len == v->checks_len);
        checks_len = v->checks_len;
        for (i = 0; i < v->checks_len; i++) {
                const struct ocsp_check *c = &v->checks[i];

                must(c->id != NULL && c->ref != NULL);
                must(c->ok >= -1 && c->ok <= 1);
                must(c->detail[0] != '\0');
                must(strnlen(c->detail, sizeof(c->detail)) < sizeof(c->detail));
                failed = failed || c->ok == 0;
        }
        must(v->why[0] != '\0' && strnlen(v->why, 256) < 256);
        must(strnlen(v->signer, sizeof(v->signer)) < sizeof(v->signer));
        must(v->outcome <= OCSP_V_UNTRUSTED);
        must((v->outcome == OCSP_V_UNTRUSTED) == failed);
        if (failed)
                return;
        must(v->has_single && v->response_status == OCSP_SUCCESSFUL);
        must((int)v->outcome == (int)v->cert_status);
        must(v->signer[0] != '\0' && v->signer_not_after != 0);
        must(v->this_update < v->next_update);
}

static void check_nonce(
    const struct ocsp_question *q, const struct ocsp_verdict *v)
{
        if (v->outcome != OCSP_V_UNTRUSTED && q->nonce.data != NULL)
                must(v->has_nonce || !q->require_nonce);
}

static void judge(
    const struct ocsp_question *q, struct span der, struct ocsp_verdict *v)
{
        memset(v, 0x5a, sizeof(*v));
        ocsp_judge(q, der, v);
        check_verdict(v);
        check_nonce(q, v);
        answers_compare(q, der, v);
}

/* As it should be, under any question; its outcome is known for one. */
static void judge_right(const struct ocsp_question *q, size_t n, bool plain)
{
        static struct ocsp_verdict v;
        struct buf der = {0};

        answers_cook(n, &der);
        judge(q, buf_span(&der), &v);
        must(!plain || v.outcome == answers_outcome(n));
        buf_release(&der);
}

/* Once: a judge who believes nothing would prove nothing. */
static void judge_all_right(void)
{
        static bool done;
        struct ocsp_question q = question_of(0);
        size_t i;

        for (i = 0; !done && i < answers_len(); i++)
                judge_right(&q, i, true);
        done = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct ocsp_verdict v;
        struct buf again = {0};
        struct ocsp_question q;
        struct span der;

        if (size < HEAD)
                return 0;
        judge_all_right();
        q = question_of(data[0]);
        der = (struct span){data + HEAD, size - HEAD};
        if (der.len == 0) {
                judge_right(&q, data[1] % answers_len(), data[0] == 0);
                return 0;
        }
        if ((data[1] & 15) != 0 &&
            answers_sign_again(
                der, signers[data[1] & 15], data[1] & KEEP_CERTS, &again))
                der = buf_span(&again);
        judge(&q, der, &v);
        buf_release(&again);
        return 0;
}

/* Without DER: with that of an answer as it should be. */
size_t LLVMFuzzerCustomMutator(
    uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
        struct buf der = {0};

        if (size != HEAD)
                return mutate_der(data, size, max_size, HEAD, seed);
        answers_cook((data[1] + seed) % answers_len(), &der);
        if (HEAD + der.len <= max_size) {
                memcpy(data + HEAD, der.data, der.len);
                size += der.len;
                data[1] = (uint8_t)(seed >> 16);
        }
        buf_release(&der);
        return mutate_der(data, size, max_size, HEAD, seed);
}
