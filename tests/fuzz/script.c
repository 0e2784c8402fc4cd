/* Any bytes as a script: refused with a reason, or a script that answers each kind of request in
 * words that are JSON where they say that they are. */
#include "base/mem.h"
#include "mock/engine.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    const char *path, *body;
} requests[] = {
    { "/v1/chat/completions",
        "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}" },
    { "/v1/chat/completions", "{\"model\":\"m\",\"stream\":true,\"messages\":[]}" },
    { "/v1/responses", "{\"model\":\"m\",\"stream\":true,\"input\":\"a\"}" },
    { "/v1/messages", "{\"model\":\"m\",\"stream\":true,\"messages\":[]}" },
    { "/v1/messages", "{\"model\":\"m\",\"messages\":[{\"role\":\"tool\",\"content\":\"a\"}]}" },
    { "/v1/messages/count_tokens", "{\"model\":\"m\",\"messages\":[]}" },
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct engine *engine = NULL;
    struct err err = { 0 };
    /* Recordings are not looked for: the folder is none. */
    int rc = engine_new(
        &engine, (struct str){ (const char *)data, size }, "script", "/dev/null/none", &err);
    if (rc < 0) {
        if (err.code != -rc || !err.text[0])
            abort();
        return 0;
    }
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct play play = { 0 };
        const struct engine_request request = { STR("POST"), str_of(requests[i].path), NULL, 0,
            str_of(requests[i].body) };
        engine_play(engine, &request, &play);
        if (play.status < 200 || play.status > 599 || !strstr(play.head.at, "ontent-"))
            abort();
        play_done(&play);
    }
    engine_free(engine);
    return 0;
}
