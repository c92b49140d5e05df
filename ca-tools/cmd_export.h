/* The forms of 'ocsp-ca export', a row at a time. */
#ifndef OCSP_LAB_CA_CMD_EXPORT_H
#define OCSP_LAB_CA_CMD_EXPORT_H

#include <stdio.h>

#include "index.h"
#include "lab.h"

enum export_format { EXPORT_INDEX, EXPORT_CSV, EXPORT_JSON };

struct export
{
        const struct lab *lab;
        enum export_format format;
        int64_t now;
        FILE *out;
        size_t rows;
        struct index_loss loss; /* of an index.txt */
        struct buf line;        /* in the making */
};

/* What stands above the rows. */
void export_head(struct export *x);

/* For cadb_cert_each; arg is the struct export. */
int export_row(void *arg, const struct cadb_cert *cert, struct err *e);

#endif
