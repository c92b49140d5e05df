#include "ocsp/der.h"

#include <string.h>

size_t der_header(uint8_t tag, size_t len, uint8_t out[DER_HEADER_MAX])
{
        size_t octets = 0, i;

        out[0] = tag;
        if (len < 0x80) {
                out[1] = (uint8_t)len;
                return 2;
        }
        for (i = len; i > 0; i >>= 8)
                octets++;
        out[1] = (uint8_t)(0x80 | octets);
        for (i = 0; i < octets; i++)
                out[2 + i] = (uint8_t)(len >> 8 * (octets - 1 - i));
        return 2 + octets;
}

void der_put(struct der_writer *w, const void *data, size_t len)
{
        if (len == 0)
                return;
        if (w->full || len > (size_t)(w->at - w->floor)) {
                w->full = true;
                return;
        }
        w->at -= len;
        memcpy(w->at, data, len);
}

void der_put_span(struct der_writer *w, struct span s)
{
        der_put(w, s.data, s.len);
}

void der_wrap(struct der_writer *w, uint8_t tag, const uint8_t *end)
{
        uint8_t header[DER_HEADER_MAX];

        der_put(w, header, der_header(tag, (size_t)(end - w->at), header));
}

void der_put_item(
    struct der_writer *w, uint8_t tag, const void *data, size_t len)
{
        const uint8_t *end = w->at;

        der_put(w, data, len);
        der_wrap(w, tag, end);
}
