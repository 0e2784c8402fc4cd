/* cmd_check - moult check: the ELF gate alone. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "promote/cmd.h"
#include "sandbox/elf.h"

#include <stdio.h>

enum { OBJECT_MAX = 64 << 20 };

static void tell_json(const char *file, const struct elf_findings *found)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_format(&out, "{\"verdict\":\"%s\",\"findings\":[", found->count ? "refused" : "ok");
    for (unsigned i = 0; i < found->count; i++) {
        buf_format(&out, "%s{\"rule\":\"%s\",\"severity\":\"error\",\"file\":", i ? "," : "",
            found->list[i].rule);
        json_quote(&out, str_of(file));
        buf_text(&out, ",\"line\":0,\"column\":0,\"message\":");
        json_quote(&out, str_of(found->list[i].message));
        buf_char(&out, '}');
    }
    buf_text(&out, "]}");
    puts(out.at);
}

static int run(const struct verb_call *call, struct err *err)
{
    const struct option options[] = { { 0 } };
    const char *args[1];
    CLEANUP(buf_done) struct buf image = { 0 };
    struct elf_findings found;
    int count = verb_options(call, &verb_check, options, args, 1, err);
    if (count < 1)
        return count < 0 ? count : err_set(err, ERR_USAGE, "check wants a shared object");
    int rc = file_read(args[0], &image, OBJECT_MAX, err);
    if (rc < 0)
        return rc;
    elf_check(buf_view(&image), ELF_RELEASE, &found, NULL);
    if (call->json) {
        tell_json(args[0], &found);
    } else {
        printf("%-11s %s\n", found.count ? "refused" : "ok", args[0]);
        for (unsigned i = 0; i < found.count; i++)
            printf("%-22s %s\n", found.list[i].rule, found.list[i].message);
    }
    return found.count > 0;
}

const struct verb verb_check = { "check", run, "check FILE.so",
    "what a shared object holds that a plugin may not" };
