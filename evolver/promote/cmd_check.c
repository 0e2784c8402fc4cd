/* cmd_check - moult check: the gates alone, without building: of a source what it may not hold, of
 * a shared object the ELF gate. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "promote/check_source.h"
#include "promote/cmd.h"
#include "promote/compile.h"
#include "promote/tell_source.h"
#include "sandbox/elf.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 64 << 20 };

static bool is_source(const char *path)
{
    size_t size = strlen(path);
    return size > 2 && !strcmp(path + size - 2, ".c");
}

static void tell_json(const struct buf *findings)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_format(&out, "{\"verdict\":\"%s\",\"findings\":[", findings->size ? "refused" : "ok");
    buf_str(&out, buf_view(findings));
    buf_text(&out, "]}");
    puts(out.at);
}

static int check_object(const struct verb_call *call, const char *file, struct str image)
{
    CLEANUP(buf_done) struct buf findings = { 0 };
    struct elf_findings found;
    elf_check(image, ELF_RELEASE, &found, NULL);
    for (unsigned i = 0; i < found.count; i++)
        tell_finding_json(&findings, found.list[i].rule, file, 0, 0, str_of(found.list[i].message));
    if (call->json) {
        tell_json(&findings);
        return found.count > 0;
    }
    printf("%-11s %s\n", found.count ? "refused" : "ok", file);
    for (unsigned i = 0; i < found.count; i++)
        printf("%-22s %s\n", found.list[i].rule, found.list[i].message);
    return found.count > 0;
}

static int check_source(
    const struct verb_call *call, const char *file, struct str source, int tier, struct err *err)
{
    CLEANUP(buf_done) struct buf findings = { 0 };
    CLEANUP(check_source_done) struct check_source_result result = { 0 };
    char sdk[PATH_MAX];
    int rc = compile_sdk(sdk, err);
    if (rc < 0)
        return rc;
    const struct check_source_plan plan = {
        .path = str_of(file), .source = source, .sdk = sdk, .tier = tier
    };
    if ((rc = check_source_run(&result, &plan, err)) < 0)
        return rc;
    tell_source_json(&findings, &result, file);
    if (call->json) {
        tell_json(&findings);
        return !result.ok;
    }
    printf("%-11s %s\n", result.ok ? "ok" : "refused", file);
    tell_source(&result, file);
    return !result.ok;
}

static int run(const struct verb_call *call, struct err *err)
{
    const char *args[1], *tier = "strong";
    const struct option options[] = {
        { "--tier", 0, OPTION_TEXT, "TIER",
            "weakest sandbox allowed for a source: strong (default) or container", &tier },
        { 0 },
    };
    CLEANUP(buf_done) struct buf bytes = { 0 };
    int count = verb_options(call, &verb_check, options, args, 1, err);
    if (count < 1)
        return count < 0 ? count
                         : err_set(err, ERR_USAGE, "check wants a source or a shared object");
    if (strcmp(tier, "strong") != 0 && strcmp(tier, "container") != 0)
        return err_set(err, ERR_USAGE, "--tier wants strong or container");
    int rc = file_read(args[0], &bytes, FILE_MAX, err);
    if (rc < 0)
        return rc;
    if (!is_source(args[0]))
        return check_object(call, args[0], buf_view(&bytes));
    return check_source(call, args[0], buf_view(&bytes),
        strcmp(tier, "container") == 0 ? SANDBOX_CONTAINER : SANDBOX_STRONG, err);
}

const struct verb verb_check = { "check", run, "check FILE.c|FILE.so",
    "what a plugin's source or shared object holds that it may not" };
