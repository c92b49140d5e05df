/*
 * Subject alternative names: what a word is, and whether it may stand in a
 * certificate (RFC 5280 section 4.2.1.6).
 */
#include "pki/pki.h"

#include <openssl/err.h>

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include "pki/internal.h"

enum {
        DNS_NAME_MAX = 253,
        DNS_LABEL_MAX = 63,
        URI_MAX = 2000, /* what clients and servers take without asking */
};

static const struct kind {
        const char *prefix;
        int type; /* GEN_... */
} kinds[] = {{"DNS:", GEN_DNS}, {"IP:", GEN_IPADD}, {"email:", GEN_EMAIL},
    {"URI:", GEN_URI}};

static const struct kind *const kind_dns = &kinds[0],
                                *const kind_ip = &kinds[1],
                                *const kind_email = &kinds[2],
                                *const kind_uri = &kinds[3];

static bool is_ascii(const char *text)
{
        for (; *text != '\0'; text++)
                if (*text <= ' ' || *text >= 0x7f)
                        return false;
        return true;
}

/* Octets of an IPv4 or IPv6 address, brackets allowed; 0 if it is none. */
static int ip_octets(const char *text, unsigned char out[16])
{
        char plain[INET6_ADDRSTRLEN];
        size_t len = strlen(text);
        bool brackets = len > 2 && text[0] == '[' && text[len - 1] == ']';

        if (inet_pton(AF_INET, text, out) == 1)
                return 4;
        if (brackets) {
                text++;
                len -= 2;
        }
        if (len >= sizeof(plain))
                return 0;
        memcpy(plain, text, len);
        plain[len] = '\0';
        return inet_pton(AF_INET6, plain, out) == 1 ? 16 : 0;
}

/* One label of letters, digits, hyphens; underscores too, which service names
 * in containers have. */
static bool is_label(const char *label, size_t len)
{
        size_t i;

        if (len == 0 || len > DNS_LABEL_MAX || label[0] == '-' ||
            label[len - 1] == '-')
                return false;
        for (i = 0; i < len; i++)
                if (!isalnum((unsigned char)label[i]) && label[i] != '-' &&
                    label[i] != '_')
                        return false;
        return true;
}

/* wildcard: a leftmost label that is '*' may stand there. */
static bool is_dns_name(const char *name, bool wildcard)
{
        const char *label = name;
        bool numeric = false;
        size_t len;

        if (strlen(name) > DNS_NAME_MAX)
                return false;
        if (wildcard && strncmp(name, "*.", 2) == 0)
                label += 2;
        for (;;) {
                len = strcspn(label, ".");
                if (!is_label(label, len))
                        return false;
                numeric = strspn(label, "0123456789") == len;
                if (label[len] == '\0')
                        break;
                label += len + 1;
        }
        /* 300.1.1.1 is a misspelt address, never a name (RFC 1123 2.1). */
        return !numeric || strchr(name, '.') == NULL;
}

static bool is_email(const char *text)
{
        const char *at = strrchr(text, '@');

        return at != NULL && at != text && at - text <= 64 &&
               memchr(text, '@', (size_t)(at - text)) == NULL &&
               strpbrk(text, "\"(),:;<>[\\]") == NULL &&
               is_dns_name(at + 1, false);
}

static bool is_port(const char *text, size_t len)
{
        uint64_t port;
        char plain[8];

        if (len >= sizeof(plain))
                return false;
        memcpy(plain, text, len);
        plain[len] = '\0';
        return parse_uint(plain, 65535, &port, NULL) == 0;
}

/* HOST[:PORT] of an http URL, whose host is never empty (RFC 9110 section
 * 4.2.1), and which bears no user name (section 4.2.4). */
static bool is_authority(const char *text, size_t len)
{
        const char *colon = memrchr(text, ':', len);
        char host[DNS_NAME_MAX + 1];
        unsigned char ip[16];
        size_t host_len = len;

        if (colon != NULL && text[len - 1] != ']') {
                host_len = (size_t)(colon - text);
                if (!is_port(colon + 1, len - host_len - 1))
                        return false;
        }
        if (host_len >= sizeof(host))
                return false;
        memcpy(host, text, host_len);
        host[host_len] = '\0';
        return is_dns_name(host, false) || ip_octets(host, ip) == 4 ||
               (host[0] == '[' && ip_octets(host, ip) == 16);
}

/* scheme ":" something, without what RFC 3986 wants percent-encoded. */
static bool is_uri(const char *text)
{
        size_t scheme = strcspn(text, ":/?#");
        const char *authority = text + scheme + strlen("://");
        bool http = strncasecmp(text, "http://", 7) == 0 ||
                    strncasecmp(text, "https://", 8) == 0;

        if (strlen(text) > URI_MAX ||
            (http && !is_authority(authority, strcspn(authority, "/?#"))))
                return false;
        return isalpha((unsigned char)text[0]) && text[scheme] == ':' &&
               strspn(text,
                   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                   "0123456789+-.") == scheme &&
               text[scheme + 1] != '\0' && strpbrk(text, "\"<>\\^`{|}") == NULL;
}

/* The kind of a word; *value is what follows its prefix, if it has one. */
static const struct kind *kind_of(const char *word, const char **value)
{
        unsigned char ip[16];
        size_t i;

        for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
                size_t len = strlen(kinds[i].prefix);

                if (strncasecmp(word, kinds[i].prefix, len) != 0)
                        continue;
                *value = word + len;
                return &kinds[i];
        }
        *value = word;
        if (ip_octets(word, ip) != 0)
                return kind_ip;
        if (strstr(word, "://") != NULL)
                return kind_uri;
        return strchr(word, '@') != NULL ? kind_email : kind_dns;
}

static int check(const struct kind *kind, const char *value, struct err *e)
{
        unsigned char ip[16];

        if (!is_ascii(value))
                return err_set(e, ERR_USAGE,
                    "'%s': only ASCII without spaces can be a subject "
                    "alternative name: write an international name as "
                    "xn--...",
                    value);
        if (kind == kind_dns && !is_dns_name(value, true))
                return err_set(e, ERR_USAGE, "'%s' is not a DNS name", value);
        if (kind == kind_ip && ip_octets(value, ip) == 0)
                return err_set(
                    e, ERR_USAGE, "'%s' is not an IP address", value);
        if (kind == kind_email && !is_email(value))
                return err_set(
                    e, ERR_USAGE, "'%s' is not a mail address", value);
        if (kind == kind_uri && !is_uri(value))
                return err_set(e, ERR_USAGE,
                    "'%s' is not an absolute URI of at most %d characters",
                    value, URI_MAX);
        return 0;
}

int pki_san_check(const char *word, const char **prefix, struct err *e)
{
        const char *value;
        const struct kind *kind = kind_of(word, &value);

        if (check(kind, value, e) != 0)
                return -1;
        *prefix = kind->prefix;
        return 0;
}

static int make(const struct kind *kind, const char *value, GENERAL_NAME **out,
    struct err *e)
{
        GENERAL_NAME *name = NULL;
        ASN1_STRING *text = NULL;
        unsigned char ip[16];
        int len;

        if (check(kind, value, e) != 0)
                return -1;
        text = kind == kind_ip ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
        name = GENERAL_NAME_new();
        len = kind == kind_ip ? ip_octets(value, ip) : (int)strlen(value);
        if (name == NULL || text == NULL ||
            ASN1_STRING_set(
                text, kind == kind_ip ? (const void *)ip : value, len) != 1) {
                GENERAL_NAME_free(name);
                ASN1_STRING_free(text);
                return openssl_err(e, ERR_OS, "out of memory");
        }
        GENERAL_NAME_set0_value(name, kind->type, text);
        *out = name;
        return 0;
}

int san_uri(const char *uri, GENERAL_NAME **out, struct err *e)
{
        return make(kind_uri, uri, out, e);
}

static bool holds(GENERAL_NAMES *names, GENERAL_NAME *name)
{
        int i;

        for (i = 0; i < sk_GENERAL_NAME_num(names); i++)
                if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(names, i), name) ==
                    0)
                        return true;
        return false;
}

static int push(GENERAL_NAMES *names, const char *word, struct err *e)
{
        const char *value;
        const struct kind *kind = kind_of(word, &value);
        GENERAL_NAME *name = NULL;

        if (make(kind, value, &name, e) != 0)
                return -1;
        if (holds(names, name)) {
                GENERAL_NAME_free(name);
                return 0;
        }
        if (sk_GENERAL_NAME_push(names, name) > 0)
                return 0;
        GENERAL_NAME_free(name);
        return openssl_err(e, ERR_OS, "out of memory");
}

int san_names(
    const char *const *words, size_t len, GENERAL_NAMES **out, struct err *e)
{
        GENERAL_NAMES *names = GENERAL_NAMES_new();
        size_t i;

        *out = NULL;
        if (names == NULL)
                return openssl_err(e, ERR_OS, "out of memory");
        for (i = 0; i < len; i++) {
                if (push(names, words[i], e) == 0)
                        continue;
                GENERAL_NAMES_free(names);
                return -1;
        }
        *out = names;
        return 0;
}
