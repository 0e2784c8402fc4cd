/* world_script - scripted tools: rules over the call's arguments and the world's members. */
#include "trials/episode/world_parts.h"

#include "base/mem.h"

/* --- members */

static struct world_member *member_of(const struct world *world, struct str key)
{
    for (uint32_t i = 0; i < world->members_count; i++)
        if (str_equal(world->members[i].key, key))
            return &world->members[i];
    return NULL;
}

static void set_member(struct world *world, struct str key, const struct json *value)
{
    struct world_member *member = member_of(world, key);
    if (!member) {
        if (world->members_count == world->members_room) {
            uint32_t room = world->members_room ? world->members_room * 2 : 16;
            world->members = arena_grow(&world->arena, world->members,
                world->members_room * sizeof *world->members, room * sizeof *world->members);
            world->members_room = room;
        }
        member = &world->members[world->members_count++];
        member->key = key;
    }
    member->value = value;
}

void world_set_members(struct world *world, const struct json *object)
{
    JSON_EACH(child, object)
    set_member(world, json_key(&world->arena, child), child);
}

void world_begin_members(struct world *world)
{
    const struct trial_case *of = world->of;
    world_set_members(world, of->state.world);
    world->held = arena_alloc(&world->arena, (of->tools_count + 1) * sizeof(uint32_t *));
    for (uint32_t i = 0; i < of->tools_count; i++)
        world->held[i] =
            arena_alloc(&world->arena, (of->tools[i].script_count + 1) * sizeof(uint32_t));
}

const struct json *world_state(const struct world *world, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    buf_char(&text, '{');
    for (uint32_t i = 0; i < world->members_count; i++) {
        if (i > 0)
            buf_char(&text, ',');
        json_quote(&text, world->members[i].key);
        buf_char(&text, ':');
        buf_str(&text, world->members[i].value->raw);
    }
    buf_char(&text, '}');
    return case_value(
        arena, (struct str){ arena_string(arena, text.at, text.size), text.size }, err);
}

/* --- rules */

/* Each member of `want` is there with the same value. */
static bool has_all(const struct json *object, const struct json *want, struct arena *arena)
{
    JSON_EACH(child, want)
    {
        const struct json *have = json_get_str(object, json_key(arena, child));
        if (!have || !json_equal(have, child))
            return false;
    }
    return true;
}

static bool world_has_all(const struct world *world, const struct json *want, struct arena *arena)
{
    JSON_EACH(child, want)
    {
        const struct world_member *member = member_of(world, json_key(arena, child));
        if (!member || !json_equal(member->value, child))
            return false;
    }
    return true;
}

/* Arguments that are no object have no members. */
static bool rest_holds(const struct world *world, const struct case_rule *rule,
    const struct json *args, struct arena *arena)
{
    if (rule->arguments && !has_all(args, rule->arguments, arena))
        return false;
    if (rule->exact && (!args || args->count != rule->arguments->count))
        return false;
    return !rule->world || world_has_all(world, rule->world, arena);
}

/* Counts each rule that it asks, up to the one that answers. */
static const struct case_rule *find_rule(
    struct world *world, const struct case_tool *tool, const struct json *args, struct arena *arena)
{
    uint32_t *held = world->held[tool - world->of->tools];
    for (uint32_t i = 0; i < tool->script_count; i++) {
        const struct case_rule *rule = &tool->script[i];
        if (!rest_holds(world, rule, args, arena))
            continue;
        uint32_t before = held[i]++;
        if (before >= rule->after && before - rule->after < rule->times)
            return rule;
    }
    return NULL;
}

void world_script(struct world *world, const struct case_tool *tool, struct str args,
    struct arena *arena, struct world_answer *ret)
{
    struct err unused;
    const struct json *value = json_read(arena, args, NULL, &unused);
    if (!json_is(value, JSON_OBJECT))
        value = NULL;
    const struct case_rule *rule = find_rule(world, tool, value, arena);
    while (rule && rule->as.size > 0) { /* never back to itself: case_read has seen to that */
        tool = case_tool_find(world->of, rule->as);
        rule = find_rule(world, tool, value, arena);
    }
    if (!rule) {
        *ret = (struct world_answer){ WIRE_NO_ANSWER, STR("no rule of its script holds") };
        return;
    }
    world_set_members(world, rule->set);
    bool text = json_is(rule->result, JSON_STRING);
    *ret = (struct world_answer){ rule->failed ? WIRE_FAILED : WIRE_OK,
        text ? json_string(arena, rule->result) : rule->result->raw };
}
