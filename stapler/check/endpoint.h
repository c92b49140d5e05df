/* Where to connect, and under which name: from the target on the command
 * line. */
#ifndef OCSP_LAB_CHECK_ENDPOINT_H
#define OCSP_LAB_CHECK_ENDPOINT_H

#include "stapler/check/subject.h"

struct endpoint {
        char host[256];
        uint16_t port;
        char servername[256];
        bool in_lab; /* NAME: s->leaf is then the certificate of DIR */
};

/* ERR_USAGE if there is no telling. */
int endpoint_find(struct subject *s, struct endpoint *out, struct err *e);

#endif
