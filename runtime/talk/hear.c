/* hear - see hear.h. */
#include "talk/hear.h"

#include "base/arena.h"
#include "base/json.h"
#include "base/mem.h"

static int on_event(void *with, struct str name, struct str data, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct hear *hear = with;
    (void)name;
    if (hear->whole) /* nothing comes behind the end */
        return 0;
    if (str_equal(data, STR("[DONE]"))) {
        hear->whole = true;
        return 0;
    }
    const struct json *root = json_read(&arena, data, NULL, err);
    if (!root)
        return err_while(err, "what the service says");
    struct str wrong = json_string(&arena, json_get(json_get(root, "error"), "message"));
    if (wrong.at)
        return err_set(err, ERR_PEER, "%.*s", (int)wrong.size, wrong.at);
    const struct json *choice = json_first(json_get(root, "choices"));
    const struct json *delta = json_get(choice, "delta");
    struct str finish = json_string(&arena, json_get(choice, "finish_reason"));
    hear->refused |= str_equal(finish, STR("content_filter"));
    struct str text = json_string(&arena, json_get(delta, "content"));
    if (text.size)
        hear->on_text(hear->with, text);
    return 0;
}

void hear_bytes(struct hear *hear, struct str bytes)
{
    if (!hear->err.code && !hear->whole)
        sse_feed(&hear->sse, bytes, on_event, hear, &hear->err);
}

void hear_done(struct hear *hear)
{
    sse_done(&hear->sse);
}
