/* Fuzz target: the JSON reader, and that what it accepts survives unescaping, comparison and
 * canonical form. The canonical form must itself be read, and equal what it came from. */
#include "base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = { 0 };
    struct err err;
    struct str text = { (const char *)data, size };
    const struct json *root =
        json_read(&arena, text, &(struct json_limits){ .depth_max = 64 }, &err);
    if (root) {
        struct buf out = { 0 };
        json_canonical(&out, root);
        const struct json *again = json_read(&arena, buf_view(&out), NULL, &err);
        if (!again || !json_equal(root, again))
            abort();
        buf_done(&out);
    }
    json_uncomment(&arena, text);
    arena_done(&arena);
    return 0;
}
