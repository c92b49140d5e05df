/*
 * The lowest room: errors, bytes, time, files, the lab directory, log lines.
 * Nothing here logs, exits, or knows of certificates.
 */
#ifndef OCSP_LAB_BASE_H
#define OCSP_LAB_BASE_H

#include "base/err.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/parse.h"
#include "base/file.h"
#include "base/dir.h"
#include "base/log.h"
#include "base/cli.h"
#include "base/listen.h"

#endif
