/* world_parts - a world from inside: its members, its scripts' counts, its programs. For this
 * folder. */
#pragma once

#include "base/scratch.h"
#include "trials/episode/world.h"
#include "trials/run.h"

struct world_member {
    struct str key;           /* unescaped */
    const struct json *value; /* of the case's text */
};
struct world_recorded {
    struct digest key; /* of the call */
    struct world_answer answer;
    bool used;
};
struct world_told {     /* by a steady command */
    struct digest call; /* its tool and arguments, byte by byte */
    struct world_answer answer;
};
struct world_server { /* one for all tools with an equal command */
    const struct case_command *command;
    struct sandbox *box; /* NULL: it has ended */
    int fd;              /* lines of JSON (docs/reference/tools.md); -1 */
    struct buf in;
    uint64_t last_id;
    char broken[200]; /* why there is no session any more */
};
enum { WORLD_SERVERS_MAX = 8 };
struct world {
    const struct trial_case *of;
    struct world_means means;
    struct arena arena;
    struct world_member *members;
    uint32_t members_count, members_room;
    uint32_t **held; /* [tools][rules]: how often the rest of a rule held */
    struct world_recorded *recorded;
    uint32_t recorded_count;
    struct world_told *told; /* in their order */
    uint32_t told_count, told_room;
    struct scratch folder;
    char *workspace; /* NULL: none */
    struct world_server servers[WORLD_SERVERS_MAX];
    unsigned servers_count;
};

/* Members of an object in the case's text or the world's arena. */
void world_set_members(struct world *world, const struct json *object);
void world_begin_members(struct world *world);
/* The first rule that holds; it may change members. */
void world_script(struct world *world, const struct case_tool *tool, struct str args,
    struct arena *arena, struct world_answer *ret);
/* A program for this call alone. */
int world_once(struct world *world, const struct case_tool *tool, struct str args,
    struct arena *arena, struct world_answer *ret, struct err *err);
/* An MCP server, started at its first call. */
int world_server_call(struct world *world, const struct case_tool *tool, struct str args,
    struct arena *arena, struct world_answer *ret, struct err *err);
