/* reviewing - changes of the list of reviewers (admission/reviewers.h): at init, and by a person.
 *
 * The home's own key is read here and nowhere in what only checks. */
#pragma once

#include "admission/reviewers.h"

/* At init: the home's own key pair (keys/moult.key) and an empty list. */
int reviewing_init(const struct home *home, struct err *err);
/* ERR_STATE: the name or the key is in the list already. */
int reviewing_add(const struct home *home, const char *name, const struct sign_public *key,
    uint64_t at_ms, struct err *err);
int reviewing_revoke(const struct home *home, const char *name, uint64_t at_ms, struct err *err);
/* Where this user's own secret key is unless a command is told otherwise: in the user's
 * configuration, outside every home. Makes the folder. */
int reviewing_key_path(char out[PATH_MAX], struct err *err);
