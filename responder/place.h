/* Where to listen, and what URL that is to the world. */
#ifndef OCSP_LAB_RESPONDER_PLACE_H
#define OCSP_LAB_RESPONDER_PLACE_H

#include <stddef.h>

#include "base/base.h"

enum { PLACE_MAX = 256 };

/* An http URL, taken apart. */
struct place {
        char
            address[PLACE_MAX]; /* "127.0.0.1:8888"; port 80 if none is named */
        char path[PLACE_MAX];   /* no slash at the end; "" for none */
};
int place_parse(const char *url, struct place *out, struct err *e);

#endif
