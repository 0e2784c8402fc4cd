/* json_members - an object's members in the order of their keys. Inside this folder only. */
#pragma once

#include "base/json.h"

struct json_member {
    struct str key; /* unescaped */
    const struct json *value;
};

/* object->count members, sorted by key. What compares members by walking them would take quadratic
 * time, and a hostile document has a million of them. */
struct json_member *json_members(struct arena *arena, const struct json *object);
