/*
 * Child processes that tell what they have done and hear when they may go on.
 *
 * SQLite's handles must not cross a fork (its records of the locks that a
 * process holds would lie), so spawn first, open afterwards.
 */
#ifndef TEST_CADB_CHILD_H
#define TEST_CADB_CHILD_H

#include "fixture.h"

#include <sys/types.h>

struct child {
        pid_t pid;
        int told; /* parent reads, or child writes */
        int go;   /* parent writes, or child reads */
};

typedef void child_body(
    const struct fixture *f, const struct child *c, uint32_t n);

/* Dies with its parent; exit status 0 when body returns. */
struct child child_spawn(const struct fixture *f, child_body *body, uint32_t n);
int child_join(struct child *c); /* wait status */

void tell(int fd, uint32_t n);
bool hear(int fd, uint32_t *n); /* false: the other end has closed */

/* In a child: no cmocka, its failure is its exit status. */
void child_must(int rc, const struct err *e);

/* As a user without root rights; false if that cannot be. */
bool child_drop_root(void);

/* Runs body so in a process of its own.  Its exit status, or -1 if that user
 * cannot be had. */
int child_as_nobody(const struct fixture *f, child_body *body);

#endif
