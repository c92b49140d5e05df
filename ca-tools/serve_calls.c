/* What can be called, and how the call becomes a command line. */
#include "serve.h"

#include <stdlib.h>
#include <string.h>

/* What the value of a key becomes. */
enum kind {
        OPTION, /* --OPTION VALUE */
        JOINED, /* --OPTION A,B: a string, or a list of them */
        EACH,   /* --OPTION A --OPTION B: likewise */
        FLAG,   /* --OPTION, if true */
        WORD,   /* a certificate's name or serial number */
        WORDS,  /* a list of them */
        TEXT,   /* any other word */
        VERB,   /* the key, and behind it the value unless that is true */
        LIST,   /* --from -: the command's standard input */
        INPUT,  /* the same for a file, of which option is the name */
};

struct field {
        const char *key; /* NULL: no more */
        enum kind kind;
        const char *option; /* "--reason"; INPUT: "-" */
};

static const struct field no_fields[] = {{NULL, OPTION, NULL}};

static const struct field issue_fields[] = {
    {"name", WORD, NULL},
    {"names", WORDS, NULL},
    {"san", JOINED, "--san"},
    {"must_staple", FLAG, "--must-staple"},
    {"no_must_staple", FLAG, "--no-must-staple"},
    {"ocsp_url", EACH, "--ocsp-url"},
    {"no_ocsp_url", FLAG, "--no-ocsp-url"},
    {"crl_url", OPTION, "--crl-url"},
    {"no_crl_url", FLAG, "--no-crl-url"},
    {"not_before", OPTION, "--not-before"},
    {"not_after", OPTION, "--not-after"},
    {"days", OPTION, "--days"},
    {"algorithm", OPTION, "--algorithm"},
    {"ca", OPTION, "--ca"},
    {"profile", OPTION, "--profile"},
    {"renew", FLAG, "--renew"},
    {"scenario", OPTION, "--scenario"},
    {"count", OPTION, "--count"},
    {"no_files", FLAG, "--no-files"},
    {NULL, OPTION, NULL},
};

static const struct field sign_fields[] = {
    {"csr", INPUT, "-"},
    {"name", OPTION, "--name"},
    {"san", JOINED, "--san"},
    {"must_staple", FLAG, "--must-staple"},
    {"no_must_staple", FLAG, "--no-must-staple"},
    {"ocsp_url", EACH, "--ocsp-url"},
    {"no_ocsp_url", FLAG, "--no-ocsp-url"},
    {"crl_url", OPTION, "--crl-url"},
    {"no_crl_url", FLAG, "--no-crl-url"},
    {"not_before", OPTION, "--not-before"},
    {"not_after", OPTION, "--not-after"},
    {"days", OPTION, "--days"},
    {"ca", OPTION, "--ca"},
    {"profile", OPTION, "--profile"},
    {"renew", FLAG, "--renew"},
    {NULL, OPTION, NULL},
};

static const struct field revoke_fields[] = {
    {"cert", WORD, NULL},
    {"certs", WORDS, NULL},
    {"list", LIST, NULL},
    {"reason", OPTION, "--reason"},
    {"revocation_date", OPTION, "--revocation-date"},
    {"invalidity_date", OPTION, "--invalidity-date"},
    {"ca", OPTION, "--ca"},
    {NULL, OPTION, NULL},
};

static const struct field hold_fields[] = {
    {"cert", WORD, NULL},
    {"certs", WORDS, NULL},
    {"list", LIST, NULL},
    {"ca", OPTION, "--ca"},
    {NULL, OPTION, NULL},
};

static const struct field crl_fields[] = {
    {"ca", OPTION, "--ca"},
    {"all", FLAG, "--all"},
    {"delta", FLAG, "--delta"},
    {"idp", OPTION, "--idp"},
    {"days", OPTION, "--days"},
    {NULL, OPTION, NULL},
};

static const struct field rotate_fields[] = {
    {"ca", OPTION, "--ca"},
    {"if_due", OPTION, "--if-due"},
    {"algorithm", OPTION, "--algorithm"},
    {"days", OPTION, "--days"},
    {NULL, OPTION, NULL},
};

static const struct field request_fields[] = {
    {"ca", OPTION, "--ca"},
    {"algorithm", OPTION, "--algorithm"},
    {NULL, OPTION, NULL},
};

static const struct field install_fields[] = {
    {"cert", INPUT, "-"},
    {"ca", OPTION, "--ca"},
    {"trusted", FLAG, "--trusted"},
    {"unchecked", FLAG, "--unchecked"},
    {NULL, OPTION, NULL},
};

static const struct field import_fields[] = {
    {"file", INPUT, "/dev/stdin"},
    {"ca", OPTION, "--ca"},
    {"skip_unfinished", FLAG, "--skip-unfinished"},
    {NULL, OPTION, NULL},
};

static const struct field export_fields[] = {
    {"format", OPTION, "--format"},
    {"ca", OPTION, "--ca"},
    {NULL, OPTION, NULL},
};

static const struct field clock_fields[] = {
    {"advance", VERB, NULL},
    {"set", VERB, NULL},
    {"freeze", VERB, NULL},
    {"real", VERB, NULL},
    {NULL, OPTION, NULL},
};

static const struct field set_fields[] = {
    {"cert", WORD, NULL},
    {"scenario", TEXT, NULL}, /* behind the certificate */
    {"ca", OPTION, "--ca"},
    {"all", FLAG, "--all"},
    {"times", OPTION, "--times"},
    {NULL, OPTION, NULL},
};

static const struct field clear_fields[] = {
    {"cert", WORD, NULL},
    {"ca", OPTION, "--ca"},
    {"all", FLAG, "--all"},
    {NULL, OPTION, NULL},
};

static const struct field scenario_fields[] = {
    {"name", TEXT, NULL},
    {NULL, OPTION, NULL},
};

static const struct field list_fields[] = {
    {"glob", TEXT, NULL},
    {"status", OPTION, "--status"},
    {"ca", OPTION, "--ca"},
    {"expires_before", OPTION, "--expires-before"},
    {NULL, OPTION, NULL},
};

static const struct field ca_field[] = {
    {"ca", OPTION, "--ca"},
    {NULL, OPTION, NULL},
};

static const struct route {
        bool post;
        const char *path; /* "/show/": what follows is the certificate */
        const char *words[5];
        const struct field *fields;
        bool lines;
        const char *text; /* it prints no JSON: so the text is called */
} routes[] = {
    {true, "/issue", {"issue", NULL}, issue_fields, true, NULL},
    {true, "/sign", {"sign", NULL}, sign_fields, false, NULL},
    {true, "/revoke", {"revoke", NULL}, revoke_fields, true, NULL},
    {true, "/hold", {"hold", NULL}, hold_fields, true, NULL},
    {true, "/release", {"release", NULL}, hold_fields, true, NULL},
    {true, "/crl", {"crl", NULL}, crl_fields, true, NULL},
    {true, "/signer/rotate", {"signer", "rotate", NULL}, rotate_fields, true,
        NULL},
    {true, "/signer/request", {"signer", "request", "--out", "-", NULL},
        request_fields, false, "csr"},
    {true, "/signer/install", {"signer", "install", NULL}, install_fields,
        false, NULL},
    {true, "/import", {"import", NULL}, import_fields, false, NULL},
    {false, "/export", {"export", NULL}, export_fields, false, "text"},
    {false, "/signer", {"signer", "list", NULL}, ca_field, true, NULL},
    {true, "/scenario/set", {"scenario", "set", NULL}, set_fields, false, NULL},
    {true, "/scenario/clear", {"scenario", "clear", NULL}, clear_fields, false,
        NULL},
    {false, "/scenario/active", {"scenario", "active", NULL}, no_fields, true,
        NULL},
    {false, "/scenario/list", {"scenario", "list", NULL}, scenario_fields, true,
        NULL},
    {true, "/clock", {"clock", NULL}, clock_fields, false, NULL},
    {false, "/clock", {"clock", NULL}, no_fields, false, NULL},
    {false, "/list", {"list", NULL}, list_fields, false, NULL},
    {false, "/show/", {"show", NULL}, ca_field, false, NULL},
    {false, "/status/", {"status", NULL}, ca_field, false, NULL},
};

/* ---- the command line --------------------------------------------------- */

static int add(struct call *c, const char *text, struct err *e)
{
        if (c->len == SERVE_ARGUMENTS_MAX)
                return err_set(e, ERR_USAGE, "too many values in one call");
        c->arguments[c->len] = strdup(text);
        if (c->arguments[c->len] == NULL)
                return err_set(e, ERR_OS, "out of memory");
        c->len++;
        return 0;
}

static int add_option(
    struct call *c, const char *option, const char *value, struct err *e)
{
        return add(c, option, e) == 0 && add(c, value, e) == 0 ? 0 : -1;
}

void call_release(struct call *c)
{
        size_t i;

        for (i = 0; i < c->len; i++)
                free(c->arguments[i]);
        free(c->list);
        *c = (struct call){.len = 0};
}

/* Words wait until all options are there: they stand behind "--", so that none
 * is taken for an option. */
struct words {
        const char *list[SERVE_WORDS_MAX]; /* borrowed */
        size_t len;
};

static int add_word(
    struct words *w, const char *key, const char *text, struct err *e)
{
        if (w->len == SERVE_WORDS_MAX)
                return err_set(e, ERR_USAGE,
                    "%s: more than %d: send them as a list", key,
                    SERVE_WORDS_MAX);
        w->list[w->len++] = text;
        return 0;
}

/* A name or a serial number.  A command takes a file as well; that is not for
 * who calls from elsewhere. */
static int add_cert(
    struct words *w, const char *key, const char *text, struct err *e)
{
        if (*text == '\0' || strchr(text, '/') != NULL)
                return err_set(e, ERR_USAGE,
                    "%s: '%s' is neither a name nor a serial number", key,
                    text);
        return add_word(w, key, text, e);
}

/* ---- values ------------------------------------------------------------- */

/* A string, or a whole number as one. */
static const char *value_text(const json_t *value, char number[32])
{
        if (!json_is_integer(value))
                return json_string_value(value);
        snprintf(
            number, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return number;
}

static int wants(const char *key, const char *what, struct err *e)
{
        return err_set(e, ERR_USAGE, "%s: must be %s", key, what);
}

/* A string or a list of strings, as one option or as many. */
static int take_strings(
    struct call *c, const struct field *f, const json_t *value, struct err *e)
{
        size_t i, n = json_is_array(value) ? json_array_size(value) : 1;
        struct buf joined = {0};
        int rc = 0;

        for (i = 0; i < n && rc == 0; i++) {
                const json_t *one =
                    json_is_array(value) ? json_array_get(value, i) : value;
                const char *text = json_string_value(one);

                if (text == NULL)
                        rc = wants(f->key, "a string or a list of strings", e);
                else if (f->kind == EACH)
                        rc = add_option(c, f->option, text, e);
                else
                        buf_printf(&joined, "%s%s", i > 0 ? "," : "", text);
        }
        if (rc == 0 && f->kind == JOINED)
                rc = buf_text(&joined) == NULL
                         ? err_set(e, ERR_OS, "out of memory")
                         : add_option(c, f->option, buf_text(&joined), e);
        buf_release(&joined);
        return rc;
}

static int take_words(struct call *c, struct words *w, const struct field *f,
    const json_t *value, struct err *e)
{
        size_t i;

        if (!json_is_array(value) || json_array_size(value) == 0)
                return wants(f->key, "a list of strings", e);
        c->one = false;
        for (i = 0; i < json_array_size(value); i++) {
                const char *text = json_string_value(json_array_get(value, i));

                if (text == NULL)
                        return wants(f->key, "a list of strings", e);
                if (add_cert(w, f->key, text, e) != 0)
                        return -1;
        }
        return 0;
}

/* What the command reads of its standard input, in one piece. */
static int take_list(struct call *c, struct words *w, const struct field *f,
    const char *text, struct err *e)
{
        c->list = strdup(text);
        c->one = true; /* it prints one sum */
        if (c->list == NULL)
                return err_set(e, ERR_OS, "out of memory");
        return f->kind == LIST ? add_option(c, "--from", "-", e)
                               : add_word(w, f->key, f->option, e);
}

static int take_verb(
    struct words *w, const struct field *f, const json_t *value, struct err *e)
{
        if (json_is_true(value))
                return add_word(w, f->key, f->key, e);
        if (!json_is_string(value))
                return wants(f->key, "a string or true", e);
        return add_word(w, f->key, f->key, e) == 0 &&
                       add_word(w, f->key, json_string_value(value), e) == 0
                   ? 0
                   : -1;
}

static int take_field(struct call *c, struct words *w, const struct field *f,
    const json_t *value, struct err *e)
{
        char number[32];
        const char *text = value_text(value, number);

        switch (f->kind) {
        case JOINED:
        case EACH:
                return take_strings(c, f, value, e);
        case WORDS:
                return take_words(c, w, f, value, e);
        case VERB:
                return take_verb(w, f, value, e);
        case FLAG:
                if (!json_is_boolean(value))
                        return wants(f->key, "true or false", e);
                return json_is_true(value) ? add(c, f->option, e) : 0;
        case OPTION:
                return text == NULL ? wants(f->key, "a string or a number", e)
                                    : add_option(c, f->option, text, e);
        case WORD:
        case TEXT:
        case LIST:
        case INPUT:
                break;
        }
        text = json_string_value(value);
        if (text == NULL)
                return wants(f->key, "a string", e);
        if (f->kind == LIST || f->kind == INPUT)
                return take_list(c, w, f, text, e);
        c->one = true;
        return f->kind == WORD ? add_cert(w, f->key, text, e)
                               : add_word(w, f->key, text, e);
}

static const struct field *find_field(const struct field *f, const char *key)
{
        for (; f->key != NULL; f++)
                if (strcmp(f->key, key) == 0)
                        return f;
        return NULL;
}

/* ---- the request -------------------------------------------------------- */

/* "a%40b" -> "a@b".  False: too long, or not decodable. */
static bool decode(const char *in, char out[CADB_NAME_MAX + 1])
{
        size_t n = 0, len;
        uint8_t octet;
        char hex[3];

        for (; *in != '\0'; in++) {
                if (n == CADB_NAME_MAX)
                        return false;
                out[n] = *in;
                if (*in == '%') {
                        snprintf(hex, sizeof(hex), "%.2s", in + 1);
                        if (strlen(hex) != 2 ||
                            hex_decode(hex, &octet, 1, &len, NULL) != 0 ||
                            octet == 0)
                                return false;
                        out[n] = (char)octet;
                        in += 2;
                }
                n++;
        }
        out[n] = '\0';
        return true;
}

/* The certificate behind a path that ends with '/'; "" for another. */
static bool route_fits(const struct route *r, const char *path)
{
        size_t len = strlen(r->path);

        if (r->path[len - 1] != '/')
                return strcmp(path, r->path) == 0;
        return strncmp(path, r->path, len) == 0 && path[len] != '\0';
}

static const struct route *find_route(
    const struct httpd_request *q, const char **allow)
{
        size_t i;

        for (i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
                if (!route_fits(&routes[i], q->path))
                        continue;
                if (routes[i].post == (q->method == HTTPD_POST))
                        return &routes[i];
                *allow = routes[i].post ? "POST" : "GET, HEAD";
        }
        return NULL;
}

/* In the order of the table, so that words come as the command wants them. */
static int read_body(const struct route *r, json_t *body, struct call *c,
    struct words *w, struct err *e)
{
        const struct field *f;
        const char *key;
        json_t *value;

        json_object_foreach(body, key, value)
        {
                if (find_field(r->fields, key) == NULL)
                        return err_set(
                            e, ERR_USAGE, "'%s' is no key of this call", key);
        }
        for (f = r->fields; f->key != NULL; f++) {
                value = json_object_get(body, f->key);
                if (value != NULL && take_field(c, w, f, value, e) != 0)
                        return -1;
        }
        return 0;
}

/* An empty body is an empty object. */
static int parse_body(
    const struct httpd_request *q, json_t **out, struct err *e)
{
        json_error_t why;

        *out = q->body.len == 0
                   ? json_object()
                   : json_loadb((const char *)q->body.data, q->body.len,
                         JSON_REJECT_DUPLICATES, &why);
        if (*out == NULL)
                return err_set(
                    e, ERR_USAGE, "the body is not JSON: %s", why.text);
        if (!json_is_object(*out))
                return err_set(e, ERR_USAGE, "the body is no JSON object");
        return 0;
}

/* The query's values as such an object. */
static int parse_query(const struct route *r, const struct httpd_request *q,
    json_t **out, struct err *e)
{
        const struct field *f;
        char value[512];
        int found;

        *out = json_object();
        for (f = r->fields; f->key != NULL; f++) {
                found = httpd_request_query(q, f->key, value, sizeof(value));
                if (found < 0)
                        return err_set(e, ERR_USAGE, "%s: too long", f->key);
                if (found == 1 &&
                    json_object_set_new(*out, f->key, json_string(value)) != 0)
                        return err_set(e, ERR_USAGE, "%s: not UTF-8", f->key);
        }
        return 0;
}

/* "revoke", --json, --dir DIR, the options, "--", the words. */
static int build(const struct route *r, const struct httpd_request *q,
    json_t *body, struct call *c, struct err *e)
{
        char name[CADB_NAME_MAX + 1];
        struct words w = {.len = 0};
        size_t i;

        if (r->path[strlen(r->path) - 1] == '/' &&
            (!decode(q->path + strlen(r->path), name) ||
                add_cert(&w, r->words[0], name, e) != 0))
                return err_set(e, ERR_USAGE, "the path names no certificate");
        if (read_body(r, body, c, &w, e) != 0 || add(c, "--", e) != 0)
                return -1;
        for (i = 0; i < w.len; i++)
                if (add(c, w.list[i], e) != 0)
                        return -1;
        return 0;
}

int call_read(const struct httpd_request *q, const char *dir, struct call *out,
    const char **allow, struct err *e)
{
        const struct route *r = find_route(q, allow);
        json_t *body = NULL;
        size_t i;
        int rc = -1;

        if (r == NULL)
                return err_set(e, ERR_NOTFOUND,
                    *allow != NULL ? "another method is wanted here"
                                   : "no such call: GET / lists them");
        out->command = r->words[0];
        out->lines = r->lines;
        out->text = r->text;
        for (i = 0; r->words[i] != NULL; i++)
                if (add(out, r->words[i], e) != 0)
                        return -1;
        if ((r->text != NULL || add(out, "--json", e) == 0) &&
            add_option(out, "--dir", dir, e) == 0 &&
            (r->post ? parse_body(q, &body, e) : parse_query(r, q, &body, e)) ==
                0)
                rc = build(r, q, body, out, e);
        json_decref(body);
        return rc;
}
