/* A TLS server in this process with two certificates, "a" and "b", that each
 * staple their own name, and clients that shake hands with it. */
#ifndef OCSP_LAB_TLS_WORLD_H
#define OCSP_LAB_TLS_WORLD_H

#include <openssl/ssl.h>

#include "pki/pki.h"
#include "stapler/tls/tls.h"

struct world {
        struct tls *tls;
        struct tls_reader *reader;
        struct tls_site *a, *b;
        int64_t now;
};
extern struct world w;

/* Setup and teardown of a test. */
int world_start(void **state);
int world_end(void **state);
void world_start_with(bool may_miss);

/* From 100 until 200; its text is also what tls_info has about it. */
void offer(struct tls_site *site, enum tls_answer within,
    enum tls_answer outside, const char *text);
void commit(void);
/* Its certificate is for the given names. */
struct tls_site *add_named(const char *name, const char *const *sans,
    size_t sans_len, enum pki_algorithm algorithm, struct tls_site *old);
struct tls_site *add_site(const char *name, struct tls_site *old);

struct pair {
        SSL_CTX *ctx;
        SSL *client;
        struct tls_connection *server;
        int fds[2];
};
void pair_open(struct pair *p, const char *sni, bool ask);
void pair_close(struct pair *p);
/* The server's turn. */
enum tls_io answer(struct pair *p);
/* Both, to the end. */
bool shake(struct pair *p);
struct tls_info info(const struct pair *p);

void assert_subject(const struct pair *p, const char *name);
/* NULL: none. */
void assert_staple(const struct pair *p, const char *text);
/* A client with that name gets this certificate, and its staple. */
void assert_gets(const char *sni, const char *name);

#endif
