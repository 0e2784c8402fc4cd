/* json_members - an object's members in the order of their keys. */
#include "base/json_members.h"

#include "base/sort.h"

static int compare(const void *a, const void *b)
{
    return str_compare(((const struct json_member *)a)->key, ((const struct json_member *)b)->key);
}

struct json_member *json_members(struct arena *arena, const struct json *object)
{
    struct json_member *members = arena_take(arena, object->count * sizeof *members);
    uint32_t count = 0;
    JSON_EACH(child, object)
    members[count++] = (struct json_member){ json_key(arena, child), child };
    sort(members, count, sizeof *members, compare);
    return members;
}
