/* cmd_build - moult build: one plugin through the source gate, the compile sandbox and the ELF
 * gate. */
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "promote/check_source.h"
#include "promote/cmd.h"
#include "promote/compile.h"
#include "promote/tell_source.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { SOURCE_FILE_MAX = 1 << 20 };

/* A folder plugins/NAME stands for plugins/NAME/NAME.c. */
static char *source_path(const char *path)
{
    struct stat st;
    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
        return mem_string(path);
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    const char *slash = memrchr(path, '/', size);
    const char *name = slash ? slash + 1 : path;
    return mem_format("%.*s/%.*s.c", (int)size, path, (int)(path + size - name), name);
}

static void findings_json(struct buf *out, const struct compile_result *result, const char *file)
{
    buf_char(out, '[');
    if (result->stage == COMPILE_COMPILE)
        tell_finding_json(out, "compile", file, 0, 0, buf_view(&result->diagnostics));
    if (result->stage == COMPILE_LIMIT)
        tell_finding_json(out, "limit", file, 0, 0, str_of(sandbox_limit_words[result->limit]));
    for (unsigned i = 0; i < result->findings.count; i++)
        tell_finding_json(out, result->findings.list[i].rule, file, 0, 0,
            str_of(result->findings.list[i].message));
    buf_char(out, ']');
}

static void tell_json(const struct compile_result *result, const char *file, const char *output)
{
    CLEANUP(buf_done) struct buf out = { 0 }, findings = { 0 };
    char hex[DIGEST_HEX] = "";
    bool ok = result->stage == COMPILE_OK;
    findings_json(&findings, result, file);
    buf_format(&out, "{\"verdict\":\"%s\",\"stage\":", ok ? "ok" : "refused");
    json_quote(&out, str_of(compile_stage_words[result->stage]));
    buf_format(&out, ",\"build\":\"%s\",\"path\":", ok ? hash_hex(hex, &result->build) : "");
    json_quote(&out, str_of(ok && output ? output : ""));
    buf_format(&out, ",\"tier\":\"%s\",\"ms\":%llu,\"findings\":%s}",
        sandbox_tier_words[result->tier], (unsigned long long)result->wall_us / 1000, findings.at);
    puts(out.at);
}

static void tell(const struct compile_result *result, const char *file, const char *output)
{
    enum { SHOWN_MAX = 16384 };
    char hex[DIGEST_HEX];
    CLEANUP(mem_freep) char *shown = mem_alloc(SHOWN_MAX);
    if (result->stage == COMPILE_OK) {
        printf("built       %s\nbuild       %s\ntier        %s, %llu ms\n", output ? output : file,
            hash_hex(hex, &result->build), sandbox_tier_words[result->tier],
            (unsigned long long)result->wall_us / 1000);
        return;
    }
    printf("refused     %s, at stage %s\n", file, compile_stage_words[result->stage]);
    if (result->stage == COMPILE_LIMIT)
        printf("limit       %s\n", sandbox_limit_words[result->limit]);
    for (unsigned i = 0; i < result->findings.count; i++)
        printf("%-22s %s\n", result->findings.list[i].rule, result->findings.list[i].message);
    if (result->diagnostics.size > 0)
        fputs(str_printable(shown, SHOWN_MAX, buf_view(&result->diagnostics), true), stdout);
}

/* Nothing is compiled that the source gate refuses. */
static int tell_refused(
    const struct verb_call *call, const struct check_source_result *result, const char *file)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    if (!call->json) {
        printf("refused     %s, at stage source\n", file);
        tell_source(result, file);
        return 1;
    }
    buf_text(&out, "{\"verdict\":\"refused\",\"stage\":\"source\",\"build\":\"\",\"path\":\"\"");
    buf_format(&out, ",\"tier\":\"%s\",\"ms\":%llu,\"findings\":[",
        sandbox_tier_words[result->tier], (unsigned long long)result->wall_us / 1000);
    tell_source_json(&out, result, file);
    buf_text(&out, "]}");
    puts(out.at);
    return 1;
}

static int compile(const struct verb_call *call, const struct compile_plan *plan,
    const char *output, struct err *err)
{
    struct compile_result result;
    int rc = compile_run(&result, plan, err);
    if (rc < 0)
        return rc;
    bool ok = result.stage == COMPILE_OK;
    if (ok && output)
        rc = file_write(output, buf_view(&result.image), 0755, err);
    if (rc == 0)
        (call->json ? tell_json : tell)(&result, plan->path.at, output);
    compile_result_done(&result);
    return rc < 0 ? rc : !ok;
}

static int build(
    const struct verb_call *call, const char *path, const char *output, int tier, struct err *err)
{
    char sdk[PATH_MAX];
    CLEANUP(buf_done) struct buf source = { 0 };
    CLEANUP(check_source_done) struct check_source_result checked = { 0 };
    int rc = file_read(path, &source, SOURCE_FILE_MAX, err);
    if (rc < 0 || (rc = compile_sdk(sdk, err)) < 0)
        return rc;
    const struct check_source_plan check = {
        .source = buf_view(&source), .path = str_of(path), .sdk = sdk, .tier = tier
    };
    const struct compile_plan plan = {
        .source = buf_view(&source), .path = str_of(path), .sdk = sdk, .tier = tier
    };
    if ((rc = check_source_run(&checked, &check, err)) < 0)
        return rc;
    return checked.ok ? compile(call, &plan, output, err) : tell_refused(call, &checked, path);
}

static int run(const struct verb_call *call, struct err *err)
{
    const char *output = NULL, *args[1], *tier = "strong";
    const struct option options[] = {
        { "--output", 'o', OPTION_TEXT, "OUT.so", "where the shared object goes", &output },
        { "--tier", 0, OPTION_TEXT, "TIER",
            "weakest sandbox allowed: strong (default) or container", &tier },
        { 0 },
    };
    int count = verb_options(call, &verb_build, options, args, 1, err);
    if (count < 1)
        return count < 0 ? count
                         : err_set(err, ERR_USAGE, "build wants a plugin's folder or source");
    if (strcmp(tier, "strong") != 0 && strcmp(tier, "container") != 0)
        return err_set(err, ERR_USAGE, "--tier wants strong or container");
    CLEANUP(mem_freep) char *path = source_path(args[0]);
    return build(call, path, output,
        strcmp(tier, "container") == 0 ? SANDBOX_CONTAINER : SANDBOX_STRONG, err);
}

const struct verb verb_build = { "build", run, "build PLUGIN_DIR|FILE.c [-o OUT.so]",
    "check a plugin's source, compile it in the sandbox and check the shared object" };
