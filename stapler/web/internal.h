/* Shared by the files of this room only. */
#ifndef OCSP_LAB_WEB_INTERNAL_H
#define OCSP_LAB_WEB_INTERNAL_H

#include <event2/http.h>
#include <stdint.h>

#include "stapler/web/web.h"

#define WEB_MAGIC UINT32_C(0x57454253)

struct web {
        uint32_t magic;
        struct web_spec spec;
        struct evhttp *http;
        struct evconnlistener *listener;
};

/* evhttp's callback for everything. */
void web_on_request(struct evhttp_request *req, void *web);

#endif
