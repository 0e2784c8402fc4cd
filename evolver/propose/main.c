/* main - moult-propose: reads the evidence, speaks with the driver on its one socket, ends. */
#include "propose/search.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>

enum { BUNDLE_MAX = 256 << 20 };

int main(int argc, char **argv)
{
    CLEANUP(buf_done) struct buf bundle = { 0 };
    struct err err;
    const char *path = argc > 1 ? argv[1] : PROPOSER_EVIDENCE;
    int r = file_read(path, &bundle, BUNDLE_MAX, &err);
    if (r == 0)
        r = search_run(buf_view(&bundle), PROPOSER_FD, &err);
    if (r < 0)
        fprintf(stderr, "moult-propose: %s\n", err.text);
    return r < 0;
}
