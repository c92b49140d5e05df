/* cast_pem FOLDER: the certificates of the cast, for whoever makes seeds. */
#include <limits.h>
#include <stdio.h>

#include "base/base.h"
#include "cast.h"
#include "fuzz.h"
#include "pki/pki.h"

int main(int argc, char **argv)
{
        static const struct {
                enum role who;
                const char *file;
        } files[] = {{ROOT, "root"}, {CA_A, "ca-a"}, {CA_B, "ca-b"},
            {CA_C, "ca-c"}, {A_GOOD, "a-good"}, {A_REVOKED, "a-revoked"},
            {A_HELD, "a-held"}, {A_EXPIRED, "a-expired"},
            {A_SECRET, "a-secret"}, {B_GOOD, "b-good"},
            {B_REVOKED, "b-revoked"}, {C_GOOD, "c-good"}};
        char path[PATH_MAX];
        size_t i;

        if (argc != 2)
                return 64;
        for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
                struct buf pem = {0};

                must(file_path(path, sizeof(path), NULL, "%s/%s.pem", argv[1],
                         files[i].file) == 0);
                must(
                    pki_cert_pem(cast_of(files[i].who)->cert, &pem, NULL) == 0);
                must(file_write_fast(path, pem.data, pem.len, 0644, NULL) == 0);
                buf_release(&pem);
        }
        return 0;
}
