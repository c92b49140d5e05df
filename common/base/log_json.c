#include "base/log_json.h"

#include <stdbool.h>
#include <string.h>

/* Bytes of UTF-8 that begin at p: 0 if they are none. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
        size_t i, n = *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;

        if (*p > 0xf4 || n == 0 || n > left)
                return 0;
        for (i = 1; i < n; i++) {
                if ((p[i] & 0xc0) != 0x80)
                        return 0;
        }
        /* Overlong, a surrogate, beyond Unicode (RFC 3629 section 4). */
        if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) ||
            (*p == 0xf0 && p[1] < 0x90) || (*p == 0xf4 && p[1] > 0x8f))
                return 0;
        return n;
}

/* A path may hold what is no UTF-8: that becomes '?'. */
static void append_string(struct buf *out, const char *text, size_t len)
{
        const unsigned char *p = (const unsigned char *)text;
        size_t i, n;

        buf_append_text(out, "\"");
        for (i = 0; i < len; i += n) {
                n = 1;
                if (p[i] == '"' || p[i] == '\\')
                        buf_printf(out, "\\%c", p[i]);
                else if (p[i] < 0x20)
                        buf_printf(out, "\\u%04x", p[i]);
                else if (p[i] < 0x80)
                        buf_append(out, p + i, 1);
                else if ((n = utf8_len(p + i, len - i)) > 0)
                        buf_append(out, p + i, n);
                else {
                        n = 1;
                        buf_append_text(out, "?");
                }
        }
        buf_append_text(out, "\"");
}

static void append_member(struct buf *out, const char *key, size_t key_len,
    const char *value, size_t len)
{
        buf_append_text(out, ",");
        append_string(out, key, key_len);
        buf_append_text(out, ":");
        append_string(out, value, len);
}

/* Takes key=value off the front of *at; false if something else comes. */
static bool take_pair(const char **at, struct buf *out)
{
        size_t key = strspn(*at, "abcdefghijklmnopqrstuvwxyz_");
        const char *value = *at + key + 1;
        size_t len;

        if (key == 0 || (*at)[key] != '=')
                return false;
        if (*value == '"') {
                value++;
                len = strcspn(value, "\"");
                append_member(out, *at, key, value, len);
                *at = value + len + (value[len] == '"');
        } else {
                len = strcspn(value, " ");
                append_member(out, *at, key, value, len);
                *at = value + len;
        }
        *at += strspn(*at, " ");
        return true;
}

void log_json_line(struct buf *out, const char *at, const char *level,
    const char *subsystem, const char *body)
{
        buf_printf(out, "{\"at\":\"%s\",\"level\":\"%s\"", at, level);
        append_member(out, "subsystem", strlen("subsystem"), subsystem,
            strlen(subsystem));
        while (take_pair(&body, out))
                ;
        if (*body != '\0')
                append_member(out, "text", strlen("text"), body, strlen(body));
        buf_append_text(out, "}\n");
}
