/* What a program of a run sends to the proxy that stands outside: it is refused, or read so that
 * what goes on to the host has one head, with the host that was checked. */
#include "sandbox/proxy/head.h"
#include "sandbox/proxy/reach.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct str text = { (const char *)data, size };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct reach reach = { .count = 0 };
    struct head head;
    struct err err = { 0 };
    size_t whole = head_size(text);
    reach_words(&reach, text, NULL);
    if (whole == 0)
        return 0;
    int rc = head_read(&head, (struct str){ text.at, whole }, &out, &err);
    if (rc < 0) {
        if (err.code != -rc || !err.text[0])
            abort();
        return 0;
    }
    if (!head.place.host[0] || head.place.port == 0 || strlen(head.place.host) >= PLACE_HOST_SIZE)
        abort();
    if (!head.tunnel && head_size(buf_view(&out)) != out.size)
        abort(); /* what follows would be a request that nobody looked at */
    return 0;
}
