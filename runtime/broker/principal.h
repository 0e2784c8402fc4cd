/* principal - whose request it is: by the socket, or by a token.
 *
 * The unix socket is the owner's (mode 0600): principal "local". A TCP request carries a token
 * (Authorization: Bearer, x-api-key); the file of tokens has one a line, "TOKEN PRINCIPAL", kept as
 * digests and compared in constant time. A third word "operator" lets its bearer see the home as a
 * whole (totals, everybody's workers) and gives no way into another principal's sessions: it is for
 * what collects metrics. */
#pragma once

#include "base/err.h"
#include "base/hash.h"
#include "wire/home.h"

struct principals;
/* path: of the file, relative to the home; it must be the owner's and nobody else's to read.
 * ERR_INPUT names the line. NULL path: no token is good. */
int principals_read(
    struct principals **ret, const struct home *home, const char *path, struct err *err);
void principals_free(struct principals *principals);
struct principal {
    struct str name; /* at == NULL: nobody */
    bool operates;   /* may see the home as a whole */
};
/* Whose a credential is: "Bearer X", or the bare token. The name lives as long as the list. */
struct principal principals_find(const struct principals *principals, struct str credential);
