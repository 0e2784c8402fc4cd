/* host - the table that plugins call: one function a verb, by what it works on. */
#pragma once

#include "worker/hooks.h"

extern const struct moult_host host_table;

enum {
    HOST_MEMORY_MAX = 64 << 20, /* what a turn's plugins may ask for */
    HOST_WORK_MAX = 128 << 20   /* bytes that one call of a hook may have scanned for it */
};

static inline struct turn *host_turn(moult_turn *turn)
{
    return (struct turn *)(void *)turn;
}
static inline struct str host_str(moult_text text)
{
    return (struct str){ text.at, text.size };
}
static inline moult_text host_text(struct str s)
{
    return (moult_text){ s.at, (uint32_t)s.size };
}
static inline const struct json *host_json(const moult_json *value)
{
    return (const struct json *)(const void *)value;
}
static inline const moult_json *host_value(const struct json *value)
{
    return (const moult_json *)(const void *)value;
}
/* Whether the hook may have another `bytes` scanned and as much memory: charges them. */
bool host_charge(struct turn *turn, uint64_t bytes);
/* Memory for a plugin, cleared. In the sanitised worker each piece is malloc'd, so that a step
 * behind its end is seen; elsewhere it is the turn's arena. */
void *host_memory(struct turn *turn, uint32_t size);
moult_text host_exact(struct turn *turn, struct str text);
void host_guarded_free(struct turn *turn);
struct edit *host_edit(struct turn *turn, enum edit_kind kind, uint16_t class);

#define HOST_VERB(returns, name, params, args, sig, purity, effect, cost, summary)                 \
    returns host_##name params;
MOULT_VERBS(HOST_VERB)
#undef HOST_VERB

/* lenient.c: what a text denotes as a literal of Python or careless JSON, as JSON in the arena; the
 * empty view if it denotes nothing. */
struct str lenient_json(struct arena *arena, struct str text);
/* edit.c */
struct str args_splice(
    struct arena *arena, const struct json *object, struct str key, const struct json *value);
