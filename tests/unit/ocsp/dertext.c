#include "dertext.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static void wrap(char open, struct buf *content, struct buf *out)
{
        size_t len = content->len;
        uint8_t head[3] = {0x82, (uint8_t)(len >> 8), (uint8_t)len};

        assert_true(len <= 0xffff);
        if (open == '(') {
                buf_append(out, "\x80", 1);
                buf_append(content, "\0\0", 2);
        } else if (open == '[' || len > 0xff) {
                buf_append(out, head, 3);
        } else {
                if (len > 0x7f)
                        buf_append(out, "\x81", 1);
                buf_append(out, &head[2], 1);
        }
        buf_append(out, content->data, content->len);
}

static int digit(char c)
{
        static const char digits[] = "0123456789abcdefABCDEF";
        const char *at = c == '\0' ? NULL : strchr(digits, c);
        int value = at == NULL ? -1 : (int)(at - digits);

        return value < 16 ? value : value - 6;
}

static void put_octet(const char **text, struct buf *out)
{
        int high = digit((*text)[0]);
        int low = high < 0 ? -1 : digit((*text)[1]);
        uint8_t octet;
        long times = 1;
        char *end;

        if (low < 0)
                fail_msg("dertext: \"%.20s\"", *text);
        octet = (uint8_t)((unsigned)high << 4 | (unsigned)low);
        *text += 2;
        if (**text == '*') {
                times = strtol(*text + 1, &end, 10);
                *text = end;
        }
        while (times-- > 0)
                buf_append(out, &octet, 1);
}

static void put_until(const char **text, char close, struct buf *out)
{
        static const char pairs[] = "{}[]()";
        const char *open;

        for (; **text != close;) {
                struct buf content = {0};

                if (isspace((unsigned char)**text)) {
                        (*text)++;
                        continue;
                }
                open = **text == '\0' ? NULL : strchr("{[(", **text);
                if (open == NULL) {
                        put_octet(text, out);
                        continue;
                }
                open = *text;
                (*text)++;
                put_until(text, strchr(pairs, *open)[1], &content);
                wrap(*open, &content, out);
                buf_release(&content);
        }
        if (close != '\0')
                (*text)++;
}

void dertext(const char *text, struct buf *out)
{
        put_until(&text, '\0', out);
        assert_false(out->failed);
}
