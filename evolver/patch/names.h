/* names - a set of names of one source, for many look-ups in hostile amounts of them. */
#pragma once

#include "base/arena.h"
#include "base/str.h"

struct names {
    struct str *at;
    uint32_t count;
};
void names_add(struct names *names, struct str name, struct arena *arena);
void names_sort(struct names *names); /* once, before the first look-up */
bool names_has(const struct names *names, struct str name);
