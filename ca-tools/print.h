/* What the subcommands print alike: JSON records, states, shell words. */
#ifndef OCSP_LAB_CA_PRINT_H
#define OCSP_LAB_CA_PRINT_H

#include <jansson.h>

#include "cadb/cadb.h"
#include "lab.h"

/* One line of JSON on standard output.  Takes over the reference; NULL is an
 * error. */
int print_json(json_t *record, struct err *e);

/* What is not UTF-8, a path perhaps, gets '?' for each octet beyond ASCII. */
json_t *json_text(const char *text);

/* RFC 3339; null for 0. */
json_t *json_time(int64_t t);
json_t *json_serial(const uint8_t *serial, size_t len);

/* A file of the lab, by its path in there; null for "". */
json_t *json_path(const struct lab *lab, const char *path);

json_t *json_strings(const char *const *words, size_t len);

/* Name, serial, CA, subject, validity and status of a certificate. */
json_t *json_cert(const struct cadb_cert *cert, int64_t now);

/* "good", "revoked" or "hold": the last is revoked with certificateHold. */
const char *state_name(const struct cadb_state *s);

/* "good", "revoked 2026-.. keyCompromise", "hold 2026-.." */
enum { STATE_TEXT_MAX = 96 };
const char *state_text(const struct cadb_state *s, char out[STATE_TEXT_MAX]);

/* To stand behind it: ", expired" or "". */
const char *state_expired(const struct cadb_state *s, int64_t now);

/* How to call a certificate: its name, else its serial. */
enum { CERT_LABEL_MAX = CADB_NAME_MAX + 2 };
const char *cert_label(const struct cadb_cert *cert, char out[CERT_LABEL_MAX]);

/* " --dir DIR" quoted for a shell if --dir was given, else nothing: so that
 * the next command in a hint can be pasted. */
void print_dir_option(const struct args *a);

#endif
