/* Any bytes as what a child says at its birth, and as a line of /proc: an error with an end and a
 * code, or none; nothing is read behind the end. */
#include "sandbox/said.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = { 0 };
    struct said_task task;
    int rc = said_at_birth(data, size, "program", &err);
    assert((rc == 0) == (size == 0));
    assert(rc == -err.code && err.code >= ERR_NONE && err.code < ERR_CODES);
    assert(strlen(err.text) < sizeof err.text && strlen(err.where) < sizeof err.where &&
           strlen(err.hint) < sizeof err.hint);
    CLEANUP(mem_freep) char *text = mem_alloc(size + 1);
    memcpy(text, data, size);
    text[size] = 0;
    if (said_task(&task, text))
        assert(strchr(text, ')'));
    return 0;
}
