/* Subjects in index.txt: X509_NAME_oneline there, RFC 2253 here. */
#include <string.h>

#include "index.h"

/* What neither form ever escapes, anywhere in a value.  No '/', ',' or '+',
 * which part values in one of them, no '=' and no '#'. */
static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTU"
                            "VWXYZ0123456789 .-_:@*'()?!&";

/* KEY=VALUE, both of plain characters. */
static bool part_is_plain(const char *part, size_t len)
{
        const char *equals = memchr(part, '=', len);
        size_t key = equals != NULL ? (size_t)(equals - part) : 0, i;

        if (key == 0 || key + 1 == len || part[key + 1] == ' ' ||
            part[len - 1] == ' ')
                return false;
        for (i = 0; i < len; i++)
                if (i != key && strchr(plain, part[i]) == NULL)
                        return false;
        return memchr(part, ' ', key) == NULL;
}

/* The parts of text, between separators from, in the other order, with the
 * separator to before each; the first has none unless lead. */
static bool turn(
    const char *text, char from, char to, bool lead, char *out, size_t size)
{
        size_t end = strlen(text), start, used = 0;

        out[0] = '\0';
        for (;;) {
                for (start = end; start > 0 && text[start - 1] != from;)
                        start--;
                if (!part_is_plain(text + start, end - start) ||
                    used + end - start + 2 > size)
                        break;
                if (lead || used > 0)
                        out[used++] = to;
                memcpy(out + used, text + start, end - start);
                used += end - start;
                out[used] = '\0';
                if (start == 0)
                        return true;
                end = start - 1;
        }
        out[0] = '\0';
        return false;
}

bool index_subject_to_rfc2253(const char *oneline, char *out, size_t size)
{
        out[0] = '\0';
        return oneline[0] == '/' &&
               turn(oneline + 1, '/', ',', false, out, size);
}

bool index_subject_to_oneline(const char *rfc2253, char *out, size_t size)
{
        return turn(rfc2253, ',', '/', true, out, size);
}

/* A '/' in the value of a CN looks like the end of it, unless what follows is
 * no KEY=: then the name would be the wrong one. */
static bool ends_here(const char *end)
{
        const char *next = end + 1;

        return *end == '\0' || *end == ',' || next[strcspn(next, "=/,")] == '=';
}

bool index_subject_name(const char *subject, char out[LAB_NAME_MAX + 1])
{
        bool oneline = subject[0] == '/';
        const char *p = subject + oneline, *found = NULL, *end;

        out[0] = '\0';
        /* The most particular one: last in one form, first in the other. */
        for (; *p != '\0'; p = *end != '\0' ? end + 1 : end) {
                end = p + strcspn(p, oneline ? "/" : ",");
                if (strncmp(p, "CN=", 3) == 0 && (oneline || found == NULL))
                        found = p;
        }
        if (found == NULL)
                return false;
        found += 3;
        end = found + strcspn(found, oneline ? "/" : ",+");
        if (!ends_here(end) || end - found > LAB_NAME_MAX)
                return false;
        memcpy(out, found, (size_t)(end - found));
        out[end - found] = '\0';
        if (!lab_name_valid(out))
                out[0] = '\0';
        return out[0] != '\0';
}
