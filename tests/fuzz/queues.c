/* Any bytes as what the kernel tells of sockets: nothing is read behind the end, and what was read
 * can be summed. */
#include "sandbox/queues.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { EACH = 4096 };
    struct queues queues = { 0 };
    CLEANUP(mem_freep) void *exact = mem_alloc(size + 1);
    memcpy(exact, data, size);
    enum queues_said said = queues_take(&queues, exact, size);
    assert(said == QUEUES_MORE || said == QUEUES_ALL || said == QUEUES_ODD);
    queues_sort(&queues);
    uint64_t bytes = queues_bytes(&queues, EACH), without = queues_bytes(&queues, 0);
    assert(bytes >= without && bytes - without <= (uint64_t)queues.count * EACH);
    for (unsigned i = 0; i < queues.count; i++)
        assert(queues.at[i].inode == 0 || queues_find(&queues, queues.at[i].inode));
    queues_done(&queues);
    return 0;
}
