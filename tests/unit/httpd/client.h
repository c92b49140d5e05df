/* A raw HTTP client for tests: what it sends is exactly what it is told. */
#ifndef TEST_HTTPD_CLIENT_H
#define TEST_HTTPD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

/* Connected to 127.0.0.1:port; reads give up after 20 s. */
int client_connect(int port);
void client_send(int fd, const char *text);
void client_send_bytes(int fd, const void *data, size_t len);

/* One response: the header block and as many body bytes as Content-Length
 * says (none for head).  false: the connection ended before. */
struct client_response {
        int status;
        char head[4096];
        char body[4096];
};
bool client_read(int fd, bool head, struct client_response *out);

/* The server has closed the connection. */
bool client_at_end(int fd);

#endif
