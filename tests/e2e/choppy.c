/*
 * For LD_PRELOAD: every second send() finds room for half of it, and the one
 * after it for all again, as when the peer reads in between.  An edge-triggered
 * epoll then has nothing to tell.
 */
#include <stdatomic.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

static atomic_uint calls;

ssize_t send(int fd, const void *data, size_t len, int flags)
{
        if (len > 1 && atomic_fetch_add(&calls, 1) % 2 == 1)
                len /= 2;
        return sendto(fd, data, len, flags, NULL, 0);
}
