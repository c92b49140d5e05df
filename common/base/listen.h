/* A listening TCP socket, made here or handed down by a parent. */
#ifndef OCSP_LAB_LISTEN_H
#define OCSP_LAB_LISTEN_H

#include <stddef.h>

#include "base/err.h"

/* "127.0.0.1:65535", "[::1]:65535" */
enum { LISTEN_ADDRESS_MAX = 80 };

/*
 * where: "ADDR:PORT" ("127.0.0.1:0", "[::1]:8080"; port 0: any free one; ADDR
 * an IP address or "localhost"), or "fd:N", a listening socket that the
 * parent left open.  The socket is non-blocking and close-on-exec.  A port is
 * never shared with another program: no SO_REUSEPORT.
 *
 * ERR_USAGE for nonsense, ERR_OS for a port in use or not ours to take.
 */
int listen_open(const char *where, int *fd, struct err *e);

/* What fd is bound to. */
int listen_address(int fd, char out[LISTEN_ADDRESS_MAX], struct err *e);

#endif
