/* doctor - moult doctor: what works on this machine, what lacks, and what to do about it.
 *
 * Each check is one function; it looks at the thing itself (a compiler compiles, a layer stops
 * something), not at whether a file has the right name. */
#include "cli/sandbox.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/scratch.h"
#include "cli/doctor_grants.h"
#include "cli/doctor_mandates.h"
#include "cli/doctor_splits.h"
#include "wire/config.h"
#include "wire/journal.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum status { STATUS_OK, STATUS_WARN, STATUS_FAIL };
static const char *const status_words[] = { "ok", "warn", "fail" };
enum { CHECKS_MAX = 64 };

struct check {
    char name[40], detail[200], fix[160];
    enum status status;
};
struct doctor {
    struct check checks[CHECKS_MAX];
    unsigned count;
    struct sandbox_settings settings;
    struct home home;
    struct err home_err;
    bool json;
};

static struct check *add(struct doctor *doctor, const char *name, enum status status)
{
    static struct check spare;
    struct check *check = doctor->count < CHECKS_MAX ? &doctor->checks[doctor->count++] : &spare;
    snprintf(check->name, sizeof check->name, "%s", name);
    check->status = status;
    return check;
}

static void add_err(
    struct doctor *doctor, const char *name, enum status status, const struct err *err)
{
    struct check *check = add(doctor, name, status);
    snprintf(check->detail, sizeof check->detail, "%.199s", err->text);
    snprintf(check->fix, sizeof check->fix, "%s", err->hint);
}

/* The tier that is allowed decides whether a missing layer stops anything. */
static void check_layers(struct doctor *doctor)
{
    struct sandbox_check found;
    struct err err = { 0 };
    if (sandbox_check(&found, &err) < 0) {
        add_err(doctor, "sandbox", STATUS_FAIL, &err);
        return;
    }
    for (int layer = 0; layer < LAYERS; layer++) {
        char name[40];
        bool required = found.layer[layer].need[SANDBOX_TOOL] == NEED_REQUIRED;
        bool waived = doctor->settings.waived & LAYER_BIT(layer);
        bool container = doctor->settings.tier == SANDBOX_CONTAINER && layer <= LAYER_ROOT;
        snprintf(name, sizeof name, "sandbox.%s", sandbox_layer_words[layer]);
        struct check *check = add(doctor, name,
            found.layer[layer].effective && !waived ? STATUS_OK
            : required && !container && !waived     ? STATUS_FAIL
                                                    : STATUS_WARN);
        snprintf(check->detail, sizeof check->detail, "%s%s",
            waived ? "waived in moult.json; " : "", found.layer[layer].detail);
        if (check->status == STATUS_FAIL)
            snprintf(check->fix, sizeof check->fix, "%s",
                layer <= LAYER_ROOT
                    ? "allow user namespaces, or set \"sandbox\": {\"tier\": \"container\"}"
                    : "use a kernel that has it (5.13 or newer)");
    }
    struct check *tier = add(doctor, "sandbox.tier",
        found.tier == SANDBOX_STRONG                 ? STATUS_OK
        : doctor->settings.tier == SANDBOX_CONTAINER ? STATUS_WARN
                                                     : STATUS_FAIL);
    snprintf(tier->detail, sizeof tier->detail, "%s to be had, %s allowed",
        sandbox_tier_words[found.tier], sandbox_tier_words[doctor->settings.tier]);
}

static int run_in(struct doctor *doctor, enum sandbox_profile profile, const char *const *argv,
    const char *input, struct sandbox_result *result, struct err *err)
{
    CLEANUP(scratch_remove) struct scratch folder = { .lock = -1 };
    int rc = scratch_make(&folder, "doctor", 0777, err);
    if (rc < 0)
        return rc;
    const struct sandbox_mount mount = { folder.path, folder.path, true, false };
    const struct sandbox_run run = { .profile = profile,
        .tier = doctor->settings.tier,
        .waived = doctor->settings.waived,
        .argv = argv,
        .input = str_of(input),
        .cwd = folder.path,
        .mounts = &mount,
        .mounts_count = 1,
        .limits = { .wall_ms = 20000 } };
    return sandbox_run(&run, result, err);
}

/* Done in the sandbox where it is used. */
static const struct tool {
    const char *name;
    enum sandbox_profile profile;
    enum status without;
    const char *argv[10], *input, *fix;
} tools[] = {
    { "compiler", SANDBOX_COMPILE, STATUS_FAIL,
        { SANDBOX_COMPILER, "-x", "c", "-ffreestanding", "-shared", "-nostdlib", "-o", "/dev/null",
            "-" },
        "int answer(void) { return 42; }\n", "install gcc" },
    { "tcc", SANDBOX_COMPILE, STATUS_WARN, { "/usr/bin/tcc", "-v" }, "",
        "install tcc: without it gcc makes the trial builds of a search, and takes longer" },
    { "git", SANDBOX_TOOL, STATUS_WARN, { "/usr/bin/git", "--version" }, "", "install git" },
    { "node", SANDBOX_TOOL, STATUS_WARN, { "/usr/bin/node", "--version" }, "",
        "install node: MCP servers and agents in JavaScript need it" },
    { "python3", SANDBOX_TOOL, STATUS_WARN, { "/usr/bin/python3", "--version" }, "",
        "install python3: agents use it as a tool" },
};

static void check_tool(struct doctor *doctor, const struct tool *tool)
{
    struct sandbox_result result = { 0 };
    struct err err = { 0 };
    if (run_in(doctor, tool->profile, tool->argv, tool->input, &result, &err) < 0) {
        add_err(doctor, tool->name, tool->without, &err);
        return;
    }
    struct check *check =
        add(doctor, tool->name, result.exit_code == 0 ? STATUS_OK : tool->without);
    const struct buf *said = result.exit_code == 0 ? &result.out : &result.err;
    char text[100];
    struct str first = str_trim(buf_view(said));
    ptrdiff_t end = str_find(first, STR("\n"));
    first.size = end >= 0 ? (size_t)end : first.size;
    snprintf(check->detail, sizeof check->detail, "%s%s%llu ms in the sandbox",
        str_printable(text, sizeof text, first, false), first.size ? ", " : "",
        (unsigned long long)result.wall_us / 1000);
    if (check->status != STATUS_OK)
        snprintf(check->fix, sizeof check->fix, "%s", tool->fix);
    sandbox_result_done(&result);
}

static void check_tools(struct doctor *doctor)
{
    for (size_t i = 0; i < COUNT_OF(tools); i++)
        check_tool(doctor, &tools[i]);
}

/* What stands beside this program, or in share/moult. */
static const struct part {
    const char *name, *path;
} parts[] = {
    { "moult-broker", "moult-broker" },
    { "moult-worker", "moult-worker" },
    { "moult-worker-asan", "moult-worker-asan" },
    { "moult-tool", "moult-tool" },
    { "moult-trial", "moult-trial" },
    { "moult-propose", "moult-propose" },
    { "moult-patch, with the C grammar", "moult-patch" },
    { "moult-evolve", "moult-evolve" },
    { "moult-talk", "moult-talk" },
    { "moult-mcp", "moult-mcp" },
    { "moult-mock", "moult-mock" },
    { "the plugin SDK", "../share/moult/sdk/moult.h" },
    { "the first harness", "../share/moult/harness" },
};

static void check_parts(struct doctor *doctor)
{
    char folder[PATH_MAX];
    struct err err = { 0 };
    if (file_program_dir(folder, sizeof folder, &err) < 0) {
        add_err(doctor, "programs", STATUS_FAIL, &err);
        return;
    }
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        CLEANUP(mem_freep) char *path = mem_format("%s/%s", folder, parts[i].path);
        bool there = file_exists(path);
        struct check *check = add(doctor, parts[i].name, there ? STATUS_OK : STATUS_FAIL);
        snprintf(check->detail, sizeof check->detail, "%s", there ? "there" : "not there");
        if (!there)
            snprintf(check->fix, sizeof check->fix, "./dev build");
    }
}

/* A scripted model is a file, named from the home. */
static void check_script(struct doctor *doctor, const struct config_model *model)
{
    char file[PATH_MAX], path[PATH_MAX];
    snprintf(file, sizeof file, "%.*s", (int)model->base_url.size,
        model->base_url.at ? model->base_url.at : "");
    if (!str_equal(model->provider, STR("script")))
        return;
    bool there =
        file[0] && file_exists(file[0] == '/' ? file : home_path(path, &doctor->home, file));
    struct check *check = add(doctor, "home.models.script", there ? STATUS_OK : STATUS_FAIL);
    snprintf(check->detail, sizeof check->detail, "%.*s: %.120s%s",
        (int)(model->name.size < 40 ? model->name.size : 40), model->name.at, file,
        there ? "" : " is not there");
    if (!there)
        snprintf(check->fix, sizeof check->fix, "base_url is the script's file, from the home");
}

/* From the environment, or a file that nobody else may read, or the service does not start. */
static void check_key(struct doctor *doctor, const struct config_model *model)
{
    char name[PATH_MAX], path[PATH_MAX];
    struct stat st;
    struct check *check;
    struct str key = model->key_env.size ? model->key_env : model->key_file;
    snprintf(name, sizeof name, "%.*s", (int)key.size, key.at ? key.at : "");
    if (model->key_env.size > 0 && !getenv(name)) {
        check = add(doctor, "home.models.key", STATUS_WARN);
        snprintf(check->detail, sizeof check->detail, "%.100s is not set here", name);
        snprintf(check->fix, sizeof check->fix, "set it where moult serve runs");
    }
    if (model->key_file.size == 0)
        return;
    bool there = stat(name[0] == '/' ? name : home_path(path, &doctor->home, name), &st) == 0;
    if (there && (st.st_mode & 077) == 0)
        return;
    check = add(doctor, "home.models.key", STATUS_FAIL);
    snprintf(check->detail, sizeof check->detail, "%.100s %s", name,
        there ? "may be read by others" : "is not there");
    snprintf(check->fix, sizeof check->fix, there ? "chmod 600 %.100s" : "write the key to %.100s",
        name);
}

/* One key is often of several models: one line is enough. */
static bool key_seen(const struct config *config, uint32_t number)
{
    const struct config_model *model = &config->models[number];
    for (uint32_t i = 0; i < number; i++)
        if (str_equal(config->models[i].key_env, model->key_env) &&
            str_equal(config->models[i].key_file, model->key_file))
            return true;
    return false;
}

static void name_models(struct check *check, const struct config *config)
{
    CLEANUP(buf_done) struct buf names = { .max = sizeof check->detail - 1 };
    for (uint32_t i = 0; i < config->models_count; i++) {
        buf_text(&names, i ? ", " : "");
        buf_str(&names, config->models[i].name);
    }
    snprintf(check->detail, sizeof check->detail, "%s", names.size ? names.at : "none");
}

/* A port is open to every program of the machine: without tokens the service does not start. */
static void check_listen(struct doctor *doctor, const struct config_listen *listen)
{
    char file[PATH_MAX], path[PATH_MAX];
    struct stat st;
    if (listen->tcp.size == 0)
        return;
    snprintf(file, sizeof file, "%.*s", (int)listen->tokens_file.size, listen->tokens_file.at);
    bool there = lstat(home_path(path, &doctor->home, file), &st) == 0;
    bool closed = there && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0 && st.st_uid == geteuid();
    struct check *check = add(doctor, "home.listen", closed ? STATUS_OK : STATUS_FAIL);
    snprintf(check->detail, sizeof check->detail, "%.*s, tokens in %.120s%s", (int)listen->tcp.size,
        listen->tcp.at, file,
        closed  ? ""
        : there ? ": not a file that its owner alone can read"
                : ": not there");
    if (!closed)
        snprintf(check->fix, sizeof check->fix,
            there ? "chmod 600 %.140s" : "write lines \"TOKEN PRINCIPAL\" into %.100s, mode 600",
            path);
}

/* With autonomy auto, and without one in force, nothing goes live by itself: that is no failure. */
static void check_mandates(struct doctor *doctor, const struct config *config)
{
    struct err err = { 0 };
    bool in_force;
    if (!str_equal(config->autonomy, STR("auto")))
        return;
    struct check *check = add(doctor, "home.mandates", STATUS_OK);
    if (doctor_mandates(&in_force, check->detail, sizeof check->detail, &doctor->home, &err) < 0) {
        check->status = STATUS_WARN;
        snprintf(check->detail, sizeof check->detail, "%.199s", err.text);
    } else if (!in_force) {
        check->status = STATUS_WARN;
        snprintf(check->fix, sizeof check->fix, "moult mandate give --plugin NAME");
    }
}

/* A home that has nothing held out yet can mine and propose; only the gate has nothing to ask. */
static void check_splits(struct doctor *doctor)
{
    struct err err = { 0 };
    uint64_t held_out;
    struct check *check = add(doctor, "home.splits", STATUS_OK);
    int rc = doctor_splits(&held_out, check->detail, sizeof check->detail, &doctor->home, &err);
    if (rc < 0) {
        check->status = STATUS_WARN;
        snprintf(check->detail, sizeof check->detail, "%.199s", err.text);
    } else if (held_out == 0) {
        snprintf(check->fix, sizeof check->fix,
            "moult mine gives groups a split; without held-out ones nothing passes the gate");
    }
}

static void check_grant(struct doctor *doctor, const char *name, const struct config_grant *grant)
{
    struct err err = { 0 };
    char detail[200];
    if (grant->network_count == 0 && grant->mounts_count == 0)
        return;
    if (doctor_grant(detail, sizeof detail, grant, &doctor->settings, &err) < 0)
        add_err(doctor, name, STATUS_FAIL, &err);
    else
        snprintf(add(doctor, name, STATUS_OK)->detail, sizeof detail, "%s", detail);
}

static void check_grants(struct doctor *doctor, const struct config *config)
{
    char name[64];
    check_grant(doctor, "home.tools.shell", &config->shell);
    for (uint32_t i = 0; i < config->servers_count; i++) {
        const struct config_server *server = &config->servers[i];
        snprintf(name, sizeof name, "mcpServers.%.*s", (int)server->name.size, server->name.at);
        check_grant(doctor, name, &server->grant);
    }
}

static void check_home(struct doctor *doctor)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct config config;
    struct err err = { 0 };
    if (!doctor->home.path[0]) {
        add_err(doctor, "home", doctor->home_err.code == ERR_MISSING ? STATUS_WARN : STATUS_FAIL,
            &doctor->home_err);
        return;
    }
    struct check *check = add(doctor, "home", STATUS_OK);
    snprintf(check->detail, sizeof check->detail, "%.190s", doctor->home.path);
    if (config_read(&config, &doctor->home, &arena, &err) < 0) {
        add_err(doctor, "home.configuration", STATUS_FAIL, &err);
        return;
    }
    check = add(doctor, "home.configuration", STATUS_OK);
    snprintf(check->detail, sizeof check->detail, "%u models, %u MCP servers", config.models_count,
        config.servers_count);
    check = add(doctor, "home.models", config.models_count ? STATUS_OK : STATUS_WARN);
    name_models(check, &config);
    if (config.models_count == 0) {
        snprintf(check->fix, sizeof check->fix, "name one in moult.json: $.models");
    }
    check_listen(doctor, &config.listen);
    check_grants(doctor, &config);
    check_mandates(doctor, &config);
    check_splits(doctor);
    for (uint32_t i = 0; i < config.models_count; i++) {
        check_script(doctor, &config.models[i]);
        if (!key_seen(&config, i))
            check_key(doctor, &config.models[i]);
    }
}

/* Readable by others, a key is none. */
static void check_keys(struct doctor *doctor)
{
    static const char *const keys[] = { "keys/moult.key", "keys/split.key" };
    for (size_t i = 0; doctor->home.path[0] && i < COUNT_OF(keys); i++) {
        char path[PATH_MAX];
        struct stat st;
        bool there = stat(home_path(path, &doctor->home, keys[i]), &st) == 0;
        bool closed = there && (st.st_mode & 077) == 0 && st.st_uid == geteuid();
        struct check *check = add(doctor, keys[i], closed ? STATUS_OK : STATUS_FAIL);
        snprintf(check->detail, sizeof check->detail, "%s",
            closed  ? "there, and yours alone"
            : there ? "others may read it"
                    : "not there");
        if (!closed)
            snprintf(
                check->fix, sizeof check->fix, there ? "chmod 600 %.140s" : "restore %.140s", path);
    }
}

/* Of a service that runs: whether it serves turns, or why they fail. */
static void check_service(struct doctor *doctor)
{
    struct journal *journal = NULL;
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct str said = { 0 };
    char path[PATH_MAX];
    struct err err = { 0 };
    if (!doctor->home.path[0] || !file_exists(home_path(path, &doctor->home, "run/moult.sock")))
        return;
    int rc = journal_open(&journal, &doctor->home, JOURNAL_VIEW, &err);
    bool asked = rc == 0;
    if (asked)
        rc = journal_service(journal, "status", STR("{}"), &arena, &said, &err);
    journal_close(journal);
    if (asked && rc == -ERR_STATE) /* it ended without a word */
        return;
    if (rc < 0) {
        add_err(doctor, "home.service", STATUS_WARN, &err);
        return;
    }
    const struct json *root = json_read(&arena, said, NULL, NULL);
    struct str degraded = json_string(&arena, json_get(root, "degraded"));
    bool serves = json_is(json_get(root, "generation"), JSON_NUMBER);
    struct check *check = add(doctor, "home.service",
        !degraded.at ? STATUS_OK
        : serves     ? STATUS_WARN
                     : STATUS_FAIL);
    if (!degraded.at) {
        snprintf(check->detail, sizeof check->detail, "serves generation %lld",
            (long long)json_int(json_get(root, "generation"), -1));
        return;
    }
    /* What is the matter; what to do. */
    ptrdiff_t mark = str_find(degraded, STR("; "));
    size_t end = mark < 0 ? degraded.size : (size_t)mark;
    snprintf(check->detail, sizeof check->detail, "%.*s", (int)end, degraded.at);
    if (mark >= 0)
        snprintf(check->fix, sizeof check->fix, "%s", degraded.at + mark + 2);
}

static void (*const all[])(struct doctor *) = { check_layers, check_tools, check_parts, check_home,
    check_keys, check_service };

static void tell_json(const struct doctor *doctor, enum status worst)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    buf_format(&out, "{\"status\":\"%s\",\"checks\":[", status_words[worst]);
    for (unsigned i = 0; i < doctor->count; i++) {
        const struct check *check = &doctor->checks[i];
        buf_format(&out, "%s{\"name\":", i ? "," : "");
        json_quote(&out, str_of(check->name));
        buf_format(&out, ",\"status\":\"%s\",\"detail\":", status_words[check->status]);
        json_quote(&out, str_of(check->detail));
        buf_text(&out, ",\"fix\":");
        json_quote(&out, str_of(check->fix));
        buf_char(&out, '}');
    }
    buf_text(&out, "]}");
    puts(out.at);
}

static void tell_text(const struct doctor *doctor)
{
    char clean[1000];
    for (unsigned i = 0; i < doctor->count; i++) {
        const struct check *check = &doctor->checks[i];
        printf("%-5s %-32s %s\n", status_words[check->status], check->name,
            str_printable(clean, sizeof clean, str_of(check->detail), false));
        if (check->fix[0])
            printf("      %-32s -> %s\n", "",
                str_printable(clean, sizeof clean, str_of(check->fix), false));
    }
}

static int run(const struct verb_call *call, struct err *err)
{
    const struct option options[] = { { 0 } };
    const char *args[1];
    CLEANUP(mem_freep) struct doctor *doctor = mem_zero(1, sizeof *doctor);
    int rc = verb_options(call, &verb_doctor, options, args, 0, err);
    if (rc < 0)
        return rc;
    home_find(&doctor->home, call->dir, &doctor->home_err);
    struct err settings_err = { 0 };
    if (sandbox_settings_read(&doctor->settings, call->dir, NULL, &settings_err) < 0)
        doctor->settings = (struct sandbox_settings){ SANDBOX_STRONG, 0, false };
    for (size_t i = 0; i < COUNT_OF(all); i++)
        all[i](doctor);
    enum status worst = STATUS_OK;
    for (unsigned i = 0; i < doctor->count; i++)
        worst = doctor->checks[i].status > worst ? doctor->checks[i].status : worst;
    if (call->json)
        tell_json(doctor, worst);
    else
        tell_text(doctor);
    return worst == STATUS_FAIL ? err_exit(ERR_LACKS) : 0;
}

const struct verb verb_doctor = { "doctor", run, "doctor",
    "what works on this machine, what lacks, and what to do" };
