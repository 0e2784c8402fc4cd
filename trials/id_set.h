/* id_set - a set of session ids: filled, sealed, asked. */
#pragma once

#include "base/hash.h"

/* A zeroed struct is valid. */
struct id_set {
    struct digest *at; /* in order, each once, after id_set_seal */
    uint32_t count, room;
};
void id_set_add(struct id_set *set, const struct digest *session);
/* Hex, as documents have it. ERR_INPUT. */
int id_set_add_hex(struct id_set *set, struct str session, struct err *err);
void id_set_seal(struct id_set *set);
/* set may be NULL: nothing is in it. Sealed. */
bool id_set_has(const struct id_set *set, const struct digest *session);
void id_set_done(struct id_set *set);
