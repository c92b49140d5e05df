/* Shared by the files of this room only. */
#ifndef OCSP_LAB_RELAY_INTERNAL_H
#define OCSP_LAB_RELAY_INTERNAL_H

#include <netdb.h>
#include <stdatomic.h>

#include "stapler/relay/relay.h"

struct relay {
        const char *where;
        struct addrinfo *addresses;
        _Atomic int64_t logged_ms;
        atomic_uint_fast64_t failures;
};

void relay_log_failure(struct relay *r, int error);

#endif
