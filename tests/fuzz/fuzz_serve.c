/*
 * The paths of ocsp-responder: a byte for policy and time, one for the method,
 * then what stood on the request line.
 */
#include "fuzz.h"
#include "responder_lab.h"

#include <ctype.h>
#include <string.h>

enum { HEAD = 2 };

static void check_text(struct span body)
{
        size_t i;

        for (i = 0; i < body.len; i++)
                must(isprint(body.data[i]) || body.data[i] == '\n');
}

/* The request in that path is what was answered. */
static void check_answer(
    struct responder *r, const char *path, struct span answer)
{
        struct span text = {(const uint8_t *)path, strlen(path)};
        struct buf der = {0};

        if (!ocsp_get_path_decode(text, &der))
                must(answer.len == OCSP_ERROR_LEN &&
                     answer.data[4] == OCSP_MALFORMED_REQUEST);
        lab_check(r, buf_span(&der), answer);
        buf_release(&der);
}

static void check_reply(
    struct responder *r, const char *path, const struct httpd_reply *reply)
{
        struct span body = httpd_response_body(reply->response);
        size_t below = strlen(r->prefix);

        if (reply->response == r->pages.not_found) {
                must(reply->status == 404);
        } else if (body.len > 0 && body.data[0] == 0x30) {
                must(reply->status == 200);
                must(strncmp(path, r->prefix, below) == 0);
                check_answer(r, path + below, body);
        } else {
                check_text(body);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct span none = {NULL, 0};
        struct httpd_reply reply;
        struct responder *r;
        char *path;

        if (size < HEAD)
                return 0;
        r = lab_at(data[0], data[0] >> 2);
        path = strndup((const char *)data + HEAD, size - HEAD);
        must(path != NULL);
        reply = lab_ask(r, data[1] & 1 ? HTTPD_HEAD : HTTPD_GET, path, none);
        must(reply.response != NULL);
        check_reply(r, path, &reply);
        httpd_response_unref(reply.response);
        free(path);
        return 0;
}
