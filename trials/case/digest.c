/* digest - what makes two cases the same one.
 *
 * Taken of the printed form, where all that has its usual value is gone; there as canonical JSON,
 * since what a case has as raw text may be laid out in any way. Ids of calls are thrown by dice: a
 * model that does the same thing ten times gives ten of them. They count as the numbers of their
 * first places, so that which result belongs to which call still does. */
#include "trials/case/case.h"

#include "base/mem.h"

struct naming {
    struct arena *arena;
    struct str *ids; /* raw, in the order in which they came */
    uint32_t count, room;
};

static uint32_t number_of(struct naming *naming, struct str raw)
{
    for (uint32_t i = 0; i < naming->count; i++)
        if (str_equal(naming->ids[i], raw))
            return i;
    if (naming->count == naming->room) {
        uint32_t room = naming->room ? 2 * naming->room : 64;
        naming->ids = arena_grow(naming->arena, naming->ids, naming->room * sizeof *naming->ids,
            room * sizeof *naming->ids);
        naming->room = room;
    }
    naming->ids[naming->count] = raw;
    return naming->count++;
}

static void rename_id(struct naming *naming, struct json *id)
{
    if (id->kind != JSON_STRING)
        return;
    id->raw = str_of(arena_format(naming->arena, "\"%u\"", number_of(naming, id->raw)));
    id->escaped = false;
}

/* The ids of one message's calls, or of the call that it answers. */
static void rename_calls(struct naming *naming, struct json *calls)
{
    for (uint32_t at = 1; at < calls->next; at += calls[at].next) {
        struct json *call = &calls[at];
        for (uint32_t i = 1; call->kind == JSON_OBJECT && i < call->next; i += call[i].next)
            if (str_equal(call[i].key, STR("id")))
                rename_id(naming, &call[i]);
    }
}

/* Messages stand at different depths in a case; wherever one is, its members are called so. */
static void rename_all(struct naming *naming, struct json *nodes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (nodes[i].kind == JSON_ARRAY && str_equal(nodes[i].key, STR("tool_calls")))
            rename_calls(naming, &nodes[i]);
        else if (str_equal(nodes[i].key, STR("tool_call_id")))
            rename_id(naming, &nodes[i]);
    }
}

struct digest case_digest(const struct trial_case *of)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 }, form = { 0 };
    struct naming naming = { .arena = &arena };
    struct trial_case what = *of;
    what.id = STR("-");
    what.origin = (struct case_origin){ .step = UINT32_MAX };
    what.tags = NULL;
    case_print(&text, &what);
    const struct json *root = json_read(&arena, buf_view(&text), NULL, NULL);
    if (root) {
        struct json *nodes = arena_copy(&arena, root, root->next * sizeof *root);
        rename_all(&naming, nodes, root->next);
        json_canonical(&form, nodes);
    }
    return hash_of(buf_view(&form));
}
