#include "crlnumber.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/asn1.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

/* An element of DER. */
struct part {
        int tag; /* its class is universal, or this is EXTENSIONS */
        struct span content;
};

/* crlExtensions [0] of TBSCertList (RFC 5280 section 5.1). */
enum { EXTENSIONS = -1 };

/* The next element of in, which it leaves behind. */
static bool next(struct span *in, struct part *out)
{
        const unsigned char *p = in->data;
        int form, class;
        long len;

        if (in->len == 0)
                return false;
        form = ASN1_get_object(&p, &len, &out->tag, &class, (long)in->len);
        if (form != 0 && form != V_ASN1_CONSTRUCTED) /* broken, or no DER */
                return false;
        if (class == V_ASN1_CONTEXT_SPECIFIC && out->tag == 0)
                out->tag = EXTENSIONS;
        else if (class != V_ASN1_UNIVERSAL)
                return false;
        out->content = (struct span){p, (size_t)len};
        in->len -= (size_t)(p + len - in->data);
        in->data = p + len;
        return true;
}

static bool find(struct span *in, int tag, struct part *out)
{
        while (next(in, out))
                if (out->tag == tag)
                        return true;
        return false;
}

static bool read_number(struct span value, uint64_t *out)
{
        struct part number;
        size_t i;

        if (!next(&value, &number) || number.tag != V_ASN1_INTEGER ||
            number.content.len == 0 || number.content.len > sizeof(*out))
                return false;
        *out = 0;
        for (i = 0; i < number.content.len; i++)
                *out = *out << 8 | number.content.data[i];
        return true;
}

static bool find_number(struct span crl, uint64_t *out)
{
        static const uint8_t id[] = {0x55, 0x1d, 0x14}; /* id-ce-cRLNumber */
        struct part list, tbs, extensions, one, type, value;

        if (!next(&crl, &list) || !next(&list.content, &tbs) ||
            !find(&tbs.content, EXTENSIONS, &extensions) ||
            !next(&extensions.content, &list))
                return false;
        while (next(&list.content, &one))
                if (next(&one.content, &type) &&
                    span_equal(type.content, (struct span){id, sizeof(id)}))
                        return find(
                                   &one.content, V_ASN1_OCTET_STRING, &value) &&
                               read_number(value.content, out);
        return false;
}

/* Closes the file. */
static int read_file(int fd, const char *path, uint64_t *out, struct err *e)
{
        void *all = NULL;
        struct stat st;
        int found = 0;

        if (fstat(fd, &st) != 0)
                found = err_errno(e, ERR_IO, "%s", path);
        else if (S_ISREG(st.st_mode) && st.st_size > 0)
                all = mmap(
                    NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        close(fd);
        if (all == MAP_FAILED)
                return err_errno(e, ERR_IO, "%s", path);
        if (all == NULL)
                return found;
        found = find_number((struct span){all, (size_t)st.st_size}, out);
        munmap(all, (size_t)st.st_size);
        return found;
}

int crlnumber_read(const char *path, uint64_t *out, struct err *e)
{
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

        if (fd < 0)
                return errno == ENOENT ? 0 : err_errno(e, ERR_IO, "%s", path);
        return read_file(fd, path, out, e);
}
