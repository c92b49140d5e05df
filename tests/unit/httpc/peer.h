/* The other end of the wire: a thread that takes connections one after the
 * other, reads a request from each, and then does what the test says. */
#ifndef OCSP_LAB_TEST_PEER_H
#define OCSP_LAB_TEST_PEER_H

#include <pthread.h>
#include <stddef.h>

enum { PEER_REQUEST_MAX = 16384 };

struct peer;
/* n counts connections from 0.  The socket is closed afterwards. */
typedef void peer_act(struct peer *p, int fd, int n);

struct peer {
        int listener;
        int port;
        peer_act *act;
        pthread_t thread;
        int stop[2];                    /* pipe: closed to end the thread */
        char request[PEER_REQUEST_MAX]; /* the last one, as text */
        int connections;
};

void peer_start(struct peer *p, peer_act *act);
void peer_stop(struct peer *p); /* after it, request and connections settle */

void peer_say(int fd, const char *text);
/* Waits until the other side closes, or the peer is stopped. */
void peer_wait(struct peer *p, int fd);
/* A byte every few milliseconds, until the other side closes. */
void peer_drip(struct peer *p, int fd);
/* The next close sends a reset. */
void peer_reset(int fd);

#endif
