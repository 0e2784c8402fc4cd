/* Any bytes as HTTP requests: the same, however they are cut; and each request that is whole is
 * answered, whatever its body. */
#include "base/mem.h"
#include "mock/engine.h"
#include "mock/intake.h"
#include "mock/output.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Requests that were whole, and how it ended. */
struct seen {
    unsigned whole;
    int code;
};

static void answer(const struct intake *intake)
{
    static struct engine *engine;
    const struct engine_request request = { intake->method, intake->path, intake->headers,
        intake->headers_count, buf_view(&intake->body) };
    struct play play = { 0 };
    struct output output;
    CLEANUP(buf_done) struct buf out = { 0 };
    uint32_t wait_ms;
    if (!engine && engine_new(&engine, STR("{\"strict\":true,\"rules\":[{\"say\":\"hi\"}]}"),
                       "script", ".", NULL) < 0)
        abort();
    engine_play(engine, &request, &play);
    output_begin(&output, &play, intake->old, intake->keep);
    while (output_next(&output, &out, &wait_ms) == OUTPUT_GOES_ON)
        buf_clear(&out);
    play_done(&play);
}

static struct seen feed(struct str bytes, size_t step)
{
    struct intake intake = { 0 };
    struct seen seen = { 0 };
    struct err err = { 0 };
    while (bytes.size > 0 && seen.code == 0) {
        struct str part = { bytes.at, bytes.size < step ? bytes.size : step };
        ptrdiff_t used = intake_feed(&intake, part, &err);
        if (used < 0) {
            seen.code = (int)used;
            break;
        }
        bytes.at += used;
        bytes.size -= (size_t)used;
        if (!intake.whole && (size_t)used < part.size)
            abort();
        if (intake.whole) {
            seen.whole++;
            if (step > 1)
                answer(&intake);
            intake_next(&intake);
        }
    }
    intake_done(&intake);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = { (const char *)data, size };
    struct seen all = feed(bytes, size + 1), one = feed(bytes, 1);
    if (all.whole != one.whole || all.code != one.code)
        abort();
    return 0;
}
