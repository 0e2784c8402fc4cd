/* Any bytes as a message: refused, or the same bytes again when encoded. */
#include "wire/effect.h"

#include "base/mem.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str payload = { (const char *)data, size };
    for (enum wire_direction way = WIRE_TO_WORKER; way <= WIRE_FROM_WORKER; way++) {
        CLEANUP(arena_done) struct arena arena = { 0 };
        CLEANUP(buf_done) struct buf again = { 0 }, line = { 0 };
        struct wire message;
        struct err err;
        if (wire_decode(&message, &arena, payload, way, &err) < 0)
            continue;
        wire_encode(&again, &message);
        assert(str_equal(buf_view(&again), payload));
        wire_describe(&line, &message);
        assert(memchr(line.at, '\n', line.size) == NULL);
    }
    return 0;
}
