/* Any bytes as a text and as JSON: what was JSON stays JSON, and what the first look passes on
 * unread has nothing in it that the rules would find. */
#include "trials/redact.h"
#include "trials/redact_rules.h"

#include "base/json.h"
#include "base/mem.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void nothing_in(const struct redact_look *look, const struct json *root, struct arena *arena)
{
    struct redact_find find;
    for (const struct json *node = root; node && node < root + root->next; node++) {
        struct str key = json_key(arena, node), text = json_string(arena, node);
        assert(!redact_next(look, key, 0, &find));
        assert(!redact_next(look, text, 0, &find));
        assert(!redact_secret_name(look, key) || text.size < 8);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(redact_freep) struct redact *redact = redact_new(NULL);
    static const struct json_limits lenient = { .duplicates = true };
    struct redact_look look;
    struct str text = { arena_copy(&arena, data, size), size };
    const struct json *root = json_read(&arena, text, &lenient, NULL);
    redact_look_init(&look, NULL);
    redact_text(redact, text, &arena);
    redact_begin(redact);
    struct str cut = redact_json(redact, text, &arena);
    if (!root)
        return 0;
    assert(json_read(&arena, cut, &lenient, NULL));
    if (!redact_suspects(&look, text))
        nothing_in(&look, root, &arena);
    return 0;
}
