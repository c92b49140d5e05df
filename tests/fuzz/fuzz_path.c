/* The path of a GET: what it decodes to has one path, and that leads back. */
#include "fuzz.h"

#include <string.h>

#include "ocsp/ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct ocsp_request request;
        struct buf der = {0}, path = {0}, again = {0};
        struct ocsp_flaw flaw;

        if (ocsp_get_path_decode((struct span){data, size}, &der)) {
                must(der.len > 0 && der.len <= size);
                must(ocsp_get_path_encode(buf_span(&der), &path, NULL) == 0);
                must(path.len >= der.len);
                /* leading slashes are not kept: only a SEQUENCE comes back */
                if (der.data[0] == 0x30) {
                        must(ocsp_get_path_decode(buf_span(&path), &again));
                        must(span_equal(buf_span(&der), buf_span(&again)));
                }
                ocsp_request_parse(buf_span(&der), &request, &flaw);
        } else {
                must(der.len == 0);
        }
        buf_release(&der);
        buf_release(&path);
        buf_release(&again);
        return 0;
}
