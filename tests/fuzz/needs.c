/* Any bytes as a program or a library: what it needs is read or refused, every name ends within its
 * place, and nothing is read behind the end. */
#include "sandbox/needs.h"

#include "base/fd.h"
#include "base/mem.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = { 0 };
    struct needs needs;
    char path[64];
    CLEANUP(fd_closep) int fd = fd_seal("needs", (struct str){ (const char *)data, size }, &err);
    assert(fd >= 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    int rc = needs_read(&needs, path, &err);
    assert(rc == 0 || rc == -ERR_INPUT || rc == -ERR_LIMIT);
    if (rc < 0)
        return 0;
    assert(strlen(needs.interpreter) < sizeof needs.interpreter);
    assert(strlen(needs.loader) < sizeof needs.loader);
    assert(strlen(needs.folders) < sizeof needs.folders);
    for (unsigned i = 0; i < needs.count; i++)
        assert(strlen(needs.names[i]) < sizeof needs.names[i]);
    return 0;
}
