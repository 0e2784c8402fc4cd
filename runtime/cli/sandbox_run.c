/* sandbox_run - moult sandbox run: one command under a profile, and what became of it. */
#include "cli/sandbox.h"

#include "base/json.h"
#include "base/mem.h"
#include "sandbox/proxy/reach.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECOND_MS = 1000, MEGABYTE = 1 << 20, KILOBYTE = 1 << 10, SIGNALLED = 128 };

struct wish {
    const char *profile, *workspace, *tier, *network;
    uint64_t wall_s, cpu_s, memory_mb, disk_mb, processes, files, output_kb;
    bool propagate;
};

static int limit_of(uint32_t *ret, uint64_t value, uint32_t unit, const char *name, struct err *err)
{
    if (value > UINT32_MAX / unit / 2)
        return err_set(err, ERR_USAGE, "%s is too large", name);
    *ret = (uint32_t)value * unit;
    return 0;
}

static int bytes_of(uint64_t *ret, uint64_t value, uint64_t unit, const char *name, struct err *err)
{
    if (value > (1ull << 50) / unit)
        return err_set(err, ERR_USAGE, "%s is too large", name);
    *ret = value * unit;
    return 0;
}

static int fill_limits(struct sandbox_limits *ret, const struct wish *wish, struct err *err)
{
    int rc;
    if ((rc = limit_of(&ret->wall_ms, wish->wall_s, SECOND_MS, "--wall-s", err)) < 0 ||
        (rc = limit_of(&ret->cpu_ms, wish->cpu_s, SECOND_MS, "--cpu-s", err)) < 0 ||
        (rc = limit_of(&ret->processes, wish->processes, 1, "--processes", err)) < 0 ||
        (rc = limit_of(&ret->files, wish->files, 1, "--files", err)) < 0 ||
        (rc = bytes_of(&ret->memory, wish->memory_mb, MEGABYTE, "--memory-mb", err)) < 0 ||
        (rc = bytes_of(&ret->disk, wish->disk_mb, MEGABYTE, "--disk-mb", err)) < 0)
        return rc;
    return bytes_of(&ret->output, wish->output_kb, KILOBYTE, "--output-kb", err);
}

static int profile_of(enum sandbox_profile *ret, const char *name, struct err *err)
{
    const enum sandbox_profile offered[] = { SANDBOX_COMPILE, SANDBOX_TOOL };
    for (size_t i = 0; name && i < COUNT_OF(offered); i++)
        if (strcmp(name, sandbox_profile_words[offered[i]]) == 0)
            return *ret = offered[i], 0;
    return err_set(err, ERR_USAGE, "--profile is compile or tool");
}

/* A name without a slash is looked for where the profile's PATH leads; /usr is the host's. */
static int find_program(char ret[PATH_MAX], const char *name, struct err *err)
{
    static const char *const folders[] = { "/usr/local/bin", "/usr/bin", "/bin" };
    if (strchr(name, '/'))
        return snprintf(ret, PATH_MAX, "%s", name) < PATH_MAX
                   ? 0
                   : err_set(err, ERR_LIMIT, "the command is too long");
    for (size_t i = 0; i < COUNT_OF(folders); i++) {
        snprintf(ret, PATH_MAX, "%s/%.255s", folders[i], name);
        if (access(ret, X_OK) == 0)
            return 0;
    }
    return err_set(err, ERR_MISSING, "no command %.60s", name);
}

static void add_output(struct buf *out, const char *name, const struct buf *bytes, bool truncated)
{
    buf_format(out, ",\"%s\":", name);
    json_quote(out, buf_view(bytes));
    buf_format(out, ",\"%s_truncated\":%s", name, truncated ? "true" : "false");
}

static void add_number(struct buf *out, const char *name, bool given, int value)
{
    buf_format(out, "\"%s\":", name);
    if (given)
        buf_format(out, "%d,", value);
    else
        buf_text(out, "null,");
}

static void add_contacts(struct buf *out, const struct sandbox_result *result)
{
    buf_text(out, ",\"network\":[");
    for (unsigned i = 0; i < result->contacts_count; i++) {
        const struct sandbox_contact *contact = &result->contacts[i];
        buf_format(out, "%s{\"host\":", i ? "," : "");
        json_quote(out, str_of(contact->host));
        buf_format(out, ",\"port\":%u,\"end\":\"%s\",\"times\":%u,\"sent\":%llu,\"received\":%llu}",
            contact->port, sandbox_contact_words[contact->end], contact->times,
            (unsigned long long)contact->sent, (unsigned long long)contact->received);
    }
    buf_format(out, "],\"network_more\":%u", result->contacts_more);
}

static void tell_json(const struct sandbox_result *result, const struct sandbox_settings *settings)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_char(&out, '{');
    add_number(&out, "exit_code", result->signal == 0, result->exit_code);
    add_number(&out, "signal", result->signal != 0, result->signal);
    buf_text(&out, "\"limit\":");
    if (result->limit == LIMIT_NONE)
        buf_text(&out, "null");
    else
        json_quote(&out, str_of(sandbox_limit_words[result->limit]));
    buf_text(&out, ",\"denied\":[");
    for (unsigned i = 0; i < result->denied_count; i++) {
        buf_format(
            &out, "%s{\"%s\":", i ? "," : "", result->denied[i].is_path ? "path" : "syscall");
        json_quote(&out, str_of(result->denied[i].what));
        buf_char(&out, '}');
    }
    buf_format(&out, "],\"denied_more\":%u", result->denied_more);
    add_contacts(&out, result);
    add_output(&out, "stdout", &result->out, result->out_truncated);
    add_output(&out, "stderr", &result->err, result->err_truncated);
    buf_format(&out,
        ",\"rusage\":{\"wall_us\":%llu,\"cpu_us\":%llu,\"memory_peak\":%llu},\"tier\":\"%s\","
        "\"layers\":",
        (unsigned long long)result->wall_us, (unsigned long long)result->cpu_us,
        (unsigned long long)result->memory_peak, sandbox_tier_words[result->tier]);
    sandbox_layers_json(&out, result->layers);
    buf_text(&out, ",\"waived\":");
    sandbox_layers_json(&out, settings->waived & ~result->layers);
    buf_char(&out, '}');
    puts(out.at);
}

/* To a terminal without what would steer it; to anything else as it is. */
static void pass_on(FILE *to, const struct buf *bytes)
{
    enum { GROWS = 6 };
    if (bytes->size == 0)
        return;
    if (!isatty(fileno(to))) {
        fwrite(bytes->at, 1, bytes->size, to);
        return;
    }
    size_t size = bytes->size * GROWS + 1;
    CLEANUP(mem_freep) char *clean = mem_alloc(size);
    fputs(str_printable(clean, size, buf_view(bytes), true), to);
}

static void tell_text(const struct sandbox_result *result, const struct sandbox_settings *settings)
{
    pass_on(stdout, &result->out);
    pass_on(stderr, &result->err);
    fflush(stdout);
    /* What a program that succeeded was denied it could do without. */
    bool failed = result->exit_code != 0 || result->limit != LIMIT_NONE;
    for (unsigned i = 0; failed && i < result->denied_count; i++)
        fprintf(stderr, "moult: denied: %s\n", result->denied[i].what);
    for (unsigned i = 0; failed && i < result->contacts_count; i++)
        if (result->contacts[i].end != CONTACT_REACHED)
            fprintf(stderr, "moult: network: %s %s:%u\n",
                sandbox_contact_words[result->contacts[i].end], result->contacts[i].host,
                result->contacts[i].port);
    if (result->limit != LIMIT_NONE)
        fprintf(stderr, "moult: ended by its limit: %s\n", sandbox_limit_words[result->limit]);
    else if (result->signal != 0)
        fprintf(stderr, "moult: ended by signal %d\n", result->signal);
    else if (result->exit_code != 0)
        fprintf(stderr, "moult: exit status %d\n", result->exit_code);
    if (result->tier == SANDBOX_CONTAINER)
        fprintf(stderr, "moult: ran under the tier \"container\": no namespaces\n");
    if (settings->waived & ~result->layers)
        fprintf(stderr, "moult: ran without a layer that moult.json waives\n");
}

/* Who has neither HOME nor XDG_CONFIG_HOME has no registry, and so registered no home. */
static int find_homes(char ***ret, struct err *err)
{
    struct err none = { 0 };
    int rc = home_list(ret, &none);
    if (rc == -ERR_USAGE)
        return 0;
    if (rc < 0)
        *err = none;
    return rc;
}

static int fill_network(
    const struct reach **ret, struct reach *reach, const struct wish *wish, struct err *err)
{
    int rc = wish->network ? reach_words(reach, str_of(wish->network), err) : 0;
    if (rc < 0) {
        err_while(err, "--network");
        if (err)
            err->code = ERR_USAGE;
        return -ERR_USAGE;
    }
    *ret = reach->loopback || reach->count > 0 ? reach : NULL;
    return 0;
}

static int run_plan(
    const struct wish *wish, const char **argv, const struct verb_call *call, struct err *err)
{
    char program[PATH_MAX], workspace[PATH_MAX];
    struct sandbox_settings settings;
    struct sandbox_run run = { 0 };
    struct sandbox_result result;
    struct reach reach = { .count = 0 };
    CLEANUP(home_list_done) char **homes = NULL;
    int rc = sandbox_settings_read(&settings, call->dir, wish->tier, err);
    if (rc < 0 || (rc = profile_of(&run.profile, wish->profile, err)) < 0 ||
        (rc = fill_limits(&run.limits, wish, err)) < 0 ||
        (rc = fill_network(&run.network, &reach, wish, err)) < 0 ||
        (rc = find_program(program, argv[0], err)) < 0 || (rc = find_homes(&homes, err)) < 0)
        return rc;
    if (wish->workspace && !realpath(wish->workspace, workspace))
        return err_sys(err, "workspace %s", wish->workspace);
    const struct sandbox_mount mount = { workspace, workspace, true, run.profile == SANDBOX_TOOL };
    argv[0] = program;
    run.argv = argv;
    run.tier = settings.tier;
    run.waived = settings.waived;
    run.homes = (const char *const *)homes;
    run.mounts = &mount;
    run.mounts_count = wish->workspace ? 1 : 0;
    run.cwd = wish->workspace ? workspace : NULL;
    if ((rc = sandbox_run(&run, &result, err)) < 0)
        return rc;
    if (call->json)
        tell_json(&result, &settings);
    else
        tell_text(&result, &settings);
    rc = !wish->propagate ? 0 : result.signal ? SIGNALLED + result.signal : result.exit_code;
    sandbox_result_done(&result);
    return rc;
}

int sandbox_run_command(const struct verb_call *call, struct err *err)
{
    struct wish wish = { 0 };
    const struct option options[] = {
        { "--profile", 0, OPTION_TEXT, "NAME", "compile or tool", &wish.profile },
        { "--workspace", 0, OPTION_TEXT, "DIR", "a folder that it may write, at the same path",
            &wish.workspace },
        { "--network", 0, OPTION_TEXT, "WORDS",
            "none, or between commas: loopback, HOST[:PORT], *.HOST[:PORT]", &wish.network },
        { "--wall-s", 0, OPTION_NUMBER, "N", "seconds", &wish.wall_s },
        { "--cpu-s", 0, OPTION_NUMBER, "N", "seconds of all its processes", &wish.cpu_s },
        { "--memory-mb", 0, OPTION_NUMBER, "N", "of all its processes", &wish.memory_mb },
        { "--disk-mb", 0, OPTION_NUMBER, "N", "that it writes", &wish.disk_mb },
        { "--processes", 0, OPTION_NUMBER, "N", "with their threads", &wish.processes },
        { "--files", 0, OPTION_NUMBER, "N", "open in one process", &wish.files },
        { "--output-kb", 0, OPTION_NUMBER, "N", "each of standard output and error",
            &wish.output_kb },
        { "--tier", 0, OPTION_TEXT, "TIER", "strong or container, instead of the home's",
            &wish.tier },
        { "--propagate", 0, OPTION_FLAG, NULL, "end with the command's own exit status",
            &wish.propagate },
        { 0 },
    };
    CLEANUP(mem_freep) const char **args = mem_zero((size_t)call->argc + 1, sizeof *args);
    int count = verb_options(call, &verb_sandbox, options, args, call->argc, err);
    if (count < 0)
        return count;
    if (count == 0)
        return err_set(err, ERR_USAGE, "run wants a command");
    return run_plan(&wish, args, call, err);
}
