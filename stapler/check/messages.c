#include "stapler/check/messages.h"

#include "pki/pki.h"

/* RFC 8446 sections 4 and 4.2. */
enum {
        TYPE_CERTIFICATE = 11,
        TYPE_CERTIFICATE_STATUS = 22,
        EXTENSION_STATUS_REQUEST = 5,
        STATUS_TYPE_OCSP = 1,
};

/* A vector whose length stands before it in `width` bytes; false if the bytes
 * end too early. */
static bool take_vector(struct span *s, size_t width, struct span *out)
{
        size_t len = 0;
        size_t i;

        if (s->len < width)
                return false;
        for (i = 0; i < width; i++)
                len = len << 8 | s->data[i];
        if (s->len - width < len)
                return false;
        *out = (struct span){s->data + width, len};
        s->data += width + len;
        s->len -= width + len;
        return true;
}

static bool take_number(struct span *s, size_t width, unsigned *out)
{
        if (s->len < width)
                return false;
        for (*out = 0; width > 0; width--) {
                *out = *out << 8 | s->data[0];
                s->data++;
                s->len--;
        }
        return true;
}

/* CertificateStatus, RFC 6066 section 8. */
static void take_status(struct handshake_cert *c, struct span body)
{
        unsigned type;
        struct span response;

        if (!take_number(&body, 1, &type) || type != STATUS_TYPE_OCSP ||
            !take_vector(&body, 3, &response) || c->stapled)
                return;
        c->stapled = true;
        buf_append(&c->staple, response.data, response.len);
}

static void take_extensions(struct handshake_cert *c, struct span list)
{
        unsigned type;
        struct span body;

        while (take_number(&list, 2, &type) && take_vector(&list, 2, &body)) {
                if (type == EXTENSION_STATUS_REQUEST)
                        take_status(c, body);
        }
}

/* Certificate, RFC 5246 section 7.4.2 and RFC 8446 section 4.4.2: the latter
 * with a context before, and extensions in each entry. */
static void take_certificate(struct handshake *h, bool tls13, struct span body)
{
        struct span context, list, der, extensions;
        struct handshake_cert *c;

        if ((tls13 && !take_vector(&body, 1, &context)) ||
            !take_vector(&body, 3, &list) || h->certs_len > 0)
                return;
        while (
            h->certs_len < HANDSHAKE_CERTS_MAX && take_vector(&list, 3, &der)) {
                if (tls13 && !take_vector(&list, 2, &extensions))
                        return;
                c = &h->certs[h->certs_len];
                if (pki_cert_from_der(der, &c->cert, NULL) != 0)
                        return;
                h->certs_len++;
                if (tls13)
                        take_extensions(c, extensions);
        }
}

void messages_take(struct handshake *h, bool tls13, struct span message)
{
        unsigned type;
        struct span body;

        if (!take_number(&message, 1, &type) ||
            !take_vector(&message, 3, &body))
                return;
        if (type == TYPE_CERTIFICATE)
                take_certificate(h, tls13, body);
        else if (type == TYPE_CERTIFICATE_STATUS && !tls13 && h->certs_len > 0)
                take_status(&h->certs[0], body);
}
