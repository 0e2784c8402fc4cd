/* main - moult-propose: reads the evidence, speaks with the driver on its one socket, ends. With
 * --llm it asks a model instead of searching; with --command it attends the command that stands
 * behind that. */
#include "propose/attend.h"
#include "propose/llm.h"
#include "propose/search.h"

#include "base/file.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

enum { BUNDLE_MAX = 256 << 20 };

int main(int argc, char **argv)
{
    CLEANUP(buf_done) struct buf bundle = { 0 };
    struct err err;
    if (argc > 2 && strcmp(argv[1], "--command") == 0)
        attend(argv + 2);
    bool llm = argc > 1 && strcmp(argv[1], "--llm") == 0;
    const char *path = argc > 1 + llm ? argv[1 + llm] : PROPOSER_EVIDENCE;
    int r = file_read(path, &bundle, BUNDLE_MAX, &err);
    if (r == 0)
        r = (llm ? llm_run : search_run)(buf_view(&bundle), PROPOSER_FD, &err);
    if (r < 0)
        fprintf(stderr, "moult-propose: %s\n", err.text);
    return r < 0;
}
