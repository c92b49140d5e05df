/*
 * ocsp-responder's answers.  A byte chooses the policy and the time, the rest
 * is the body of a POST; if it is answered, so is a GET, with the same bytes.
 */
#include "fuzz.h"
#include "mutate.h"
#include "responder_lab.h"

#include <stdio.h>
#include <string.h>

enum { HEAD = 1 };

/* Each of a signature that is made one way only. */
static void check_get(
    struct responder *r, struct span request, struct span answer)
{
        struct buf path = {0};
        struct httpd_reply reply;

        buf_printf(&path, "%s/", r->prefix);
        must(ocsp_get_path_encode(request, &path, NULL) == 0);
        reply = lab_ask(r, HTTPD_GET, buf_text(&path), (struct span){NULL, 0});
        must(reply.response != NULL && reply.status == 200);
        must(span_equal(httpd_response_body(reply.response), answer));
        httpd_response_unref(reply.response);
        buf_release(&path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span request = {data + HEAD, size - HEAD};
        struct httpd_reply reply;
        struct responder *r;

        if (size < HEAD)
                return 0;
        r = lab_at(data[0], data[0] >> 2);
        reply = lab_ask(r, HTTPD_POST, r->prefix, request);
        must(reply.response != NULL && reply.status == 200);
        lab_check(r, request, httpd_response_body(reply.response));
        if (request.len > 0 && request.data[0] == 0x30)
                check_get(r, request, httpd_response_body(reply.response));
        httpd_response_unref(reply.response);
        return 0;
}

size_t LLVMFuzzerCustomMutator(
    uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
        return mutate_der(data, size, max_size, HEAD, seed);
}
