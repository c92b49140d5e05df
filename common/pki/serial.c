#include "pki/pki.h"

#include <openssl/rand.h>

#include <string.h>

#include "pki/internal.h"

struct pki_serial serial_octets(const ASN1_INTEGER *n)
{
        /* Tag, length in one octet as it is under 128, content. */
        unsigned char der[2 + PKI_SERIAL_MAX], *p = der;
        struct pki_serial out = {.len = 0};
        int len = i2d_ASN1_INTEGER(n, NULL);

        if (len <= 2 || len > (int)sizeof(der))
                return out;
        i2d_ASN1_INTEGER(n, &p);
        out.len = (size_t)len - 2;
        memcpy(out.octets, der + 2, out.len);
        return out;
}

struct pki_serial pki_serial_of(const X509 *cert)
{
        return serial_octets(X509_get0_serialNumber(cert));
}

ASN1_INTEGER *asn1_serial(struct span serial)
{
        unsigned char der[2 + PKI_SERIAL_MAX];
        const unsigned char *p = der;

        if (serial.len == 0 || serial.len > PKI_SERIAL_MAX)
                return NULL;
        der[0] = V_ASN1_INTEGER;
        der[1] = (unsigned char)serial.len;
        memcpy(der + 2, serial.data, serial.len);
        return d2i_ASN1_INTEGER(NULL, &p, (long)serial.len + 2);
}

int pki_serial_new(struct pki_serial *out, struct err *e)
{
        enum { LEN = 16 };

        if (RAND_bytes(out->octets, LEN) != 1)
                return openssl_err(e, ERR_INTERNAL, "no random numbers");
        /* 01xxxxxx: positive, no leading 00, always the same length. */
        out->octets[0] = (uint8_t)((out->octets[0] & 0x3f) | 0x40);
        out->len = LEN;
        return 0;
}

/* Two's complement in place, most significant octet first. */
static void negate(uint8_t *octets, size_t len)
{
        unsigned carry = 1;

        while (len-- > 0) {
                carry += (uint8_t)~octets[len];
                octets[len] = (uint8_t)carry;
                carry >>= 8;
        }
}

/* DER wants the fewest octets: drops a first one that only repeats the
 * sign. */
static void shorten(struct pki_serial *s)
{
        while (
            s->len > 1 && ((s->octets[0] == 0x00 && s->octets[1] < 0x80) ||
                              (s->octets[0] == 0xff && s->octets[1] >= 0x80)))
                memmove(s->octets, s->octets + 1, --s->len);
}

int pki_serial_parse(const char *hex, struct pki_serial *out, struct err *e)
{
        uint8_t bytes[PKI_SERIAL_MAX];
        size_t len, skip = 0, pad;
        bool negative = hex[0] == '-';

        hex += negative;
        if (hex[0] == '0' && (hex[1] == 'x' || hex[1] == 'X'))
                hex += 2;
        if (hex_decode(hex, bytes, sizeof(bytes), &len, e) != 0)
                return err_prefix(e, "serial number");
        while (skip + 1 < len && bytes[skip] == 0)
                skip++;
        pad = bytes[skip] >= 0x80;
        if (pad + len - skip > PKI_SERIAL_MAX)
                return err_set(e, ERR_USAGE,
                    "serial number: longer than %d bytes", PKI_SERIAL_MAX);
        out->octets[0] = 0;
        memcpy(out->octets + pad, bytes + skip, len - skip);
        out->len = pad + len - skip;
        if (negative)
                negate(out->octets, out->len);
        shorten(out);
        return 0;
}

const char *pki_serial_text(struct span serial, char out[PKI_SERIAL_TEXT_MAX])
{
        uint8_t magnitude[PKI_SERIAL_MAX];
        char *p = out;

        out[0] = '\0';
        if (serial.len == 0 || serial.len > PKI_SERIAL_MAX)
                return out;
        if (serial.data[0] >= 0x80) {
                memcpy(magnitude, serial.data, serial.len);
                negate(magnitude, serial.len);
                serial.data = magnitude;
                *p++ = '-';
        }
        if (serial.len > 1 && serial.data[0] == 0) {
                serial.data++;
                serial.len--;
        }
        hex_encode(serial, p, PKI_SERIAL_TEXT_MAX - 1);
        return out;
}
