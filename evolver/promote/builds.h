/* builds - the home's store of shared objects: builds/sha256/HEX.so.
 *
 * A build is named by the digest of its bytes, never overwritten, never removed while something
 * refers to it. What is read is hashed before it is used, and is then a sealed memfd: nobody can
 * change what was checked. */
#pragma once

#include "base/hash.h"
#include "wire/home.h"

/* ERR_VERIFY if other bytes stand under that name. */
int builds_put(const struct home *home, struct str image, struct digest *ret, struct err *err);
/* The bytes. ERR_MISSING, ERR_VERIFY. */
int builds_get(
    const struct home *home, const struct digest *build, struct buf *ret, struct err *err);
/* A sealed memfd with the bytes; the caller closes it. */
int builds_open(const struct home *home, const struct digest *build, struct err *err);
