/* explain - the policy of a profile for people, from the tables that it is made of. */
#include "sandbox/sandbox.h"

#include "base/mem.h"
#include "sandbox/calls.h"
#include "sandbox/filter.h"
#include "sandbox/obeyed.h"
#include "sandbox/profile.h"
#include "sandbox/proxy/proxy.h"
#include "sandbox/root.h"
#include "sandbox/toolchain.h"

#include <string.h>

static void add_layers(struct buf *out, const char *word, uint32_t layers)
{
    buf_format(out, "  %-26s", word);
    for (int layer = 0; layer < LAYERS; layer++)
        if (layers & LAYER_BIT(layer))
            buf_format(out, " %s", sandbox_layer_words[layer]);
    buf_char(out, '\n');
}

/* By whether it may be written, and run. */
static const char *const rights[2][2] = { { "read       ", "read, run  " },
    { "write      ", "write, run " } };

/* As this machine has them. */
static void add_toolchain(struct buf *out)
{
    const char *const argv[] = { SANDBOX_COMPILER, NULL };
    const struct sandbox_run run = {
        .profile = SANDBOX_COMPILE, .tier = SANDBOX_CONTAINER, .argv = argv
    };
    const struct toolchain *toolchain = NULL;
    struct err err = { 0 };
    if (toolchain_take(&toolchain, &run, &err) < 0)
        buf_format(out, "  the compiler's parts, which cannot be told here: %s\n", err.text);
    for (unsigned i = 0; toolchain && i < toolchain->parts_count; i++)
        buf_format(out, "  %s  %s\n", rights[false][true], toolchain->parts[i].to);
    buf_text(out,
        "  and the program that is named with its libraries; if it is another compiler, its "
        "parts\n  instead of these\n");
    toolchain_drop(toolchain);
}

static void add_mounts(struct buf *out, const struct profile *profile)
{
    buf_text(out, "\nfiles\n");
    if (!profile->own_root)
        buf_text(out, "  none: the program locks itself into an empty root\n");
    for (unsigned i = 0; i < profile->mounts_count; i++) {
        const struct sandbox_mount *mount = &profile->mounts[i];
        buf_format(out, "  %s  %s%s\n", rights[mount->write][mount->run], mount->to,
            mount->from ? "" : "  (empty, in memory)");
    }
    if (profile->toolchain)
        add_toolchain(out);
    if (profile->program_place)
        buf_format(out, "  %s  %s  (the program)\n", rights[false][true], profile->program_place);
    if (profile->proc)
        buf_format(out, "  %s  /proc  (of its own processes)\n", rights[false][false]);
    if (!profile->own_root)
        return;
    buf_text(out, "  and what the caller mounts; below what may be written, read-only where it is "
                  "there, and\n"
                  "  what .git/config names:\n");
    for (const struct obeyed *name = obeyed_names; name->path; name++)
        if (name->how != ORDER_HELD)
            buf_format(out, "    %-20s %s%s\n", name->path, name->by,
                name->how == ORDER_KEPT ? "; moved aside where the run makes it" : "");
}

static void add_number(struct buf *out, const char *word, uint64_t value, const char *unit)
{
    if (value > 0)
        buf_format(out, "  %-10s %llu%s\n", word, (unsigned long long)value, unit);
}

static void add_limits(struct buf *out, const struct sandbox_limits *limits)
{
    buf_text(out, "\nlimits, sums over the run\n");
    add_number(out, "wall", limits->wall_ms, " ms");
    add_number(out, "cpu", limits->cpu_ms, " ms");
    add_number(out, "memory", limits->memory >> 20, " MiB");
    add_number(out, "disk", limits->disk >> 20, " MiB");
    add_number(out, "output", limits->output >> 10, " KiB each of standard output and error");
    add_number(out, "files", limits->files, " open in a process");
    add_number(out, "processes", limits->processes, " with their threads");
}

/* Calls that follow each other for one reason stand in one line. */
static void add_calls(struct buf *out, const struct filter_set *set)
{
    enum { REASON_AT = 60 };
    for (unsigned i = 0; i < set->count;) {
        const char *why = set->calls[i].why;
        size_t began = out->size;
        buf_text(out, " ");
        for (; i < set->count && strcmp(set->calls[i].why, why) == 0; i++) {
            buf_format(out, " %s%s", set->calls[i].name, filter_only_words[set->calls[i].only]);
            if (out->size - began > REASON_AT) {
                i++;
                break;
            }
        }
        buf_format(out, ": %s\n", why);
    }
}

void sandbox_explain(enum sandbox_profile profile_, struct buf *out)
{
    const struct profile *profile = &profiles[profile_];
    buf_format(out, "profile %s\n\nlayers\n", sandbox_profile_words[profile_]);
    add_layers(out, "required", profile->required);
    add_layers(out, "required in a container", profile->container_required);
    add_layers(out, "wanted", profile->wanted);
    add_mounts(out, profile);
    add_limits(out, &profile->limits);
    buf_format(out, "\nenvironment\n  ");
    for (const char *const *env = profile->env; env && *env; env++)
        buf_format(out, "%s ", *env);
    buf_format(out, "\n\nsystem calls (another one %s)\n",
        profile->own_root ? "fails with EPERM or ENOTSUP and is told" : "ends the process");
    for (const struct filter_set *const *set = profile->calls; *set; set++)
        add_calls(out, *set);
    if (profile->model) {
        buf_format(out,
            "\na model\n  none, or by grant: 127.0.0.1:%d inside leads to one socket outside\n",
            MODEL_PORT);
        add_calls(out, &calls_connect);
    }
    if (!profile->network)
        return;
    buf_format(out,
        "\nnetwork\n  none, or by grant: its own loopback; hosts, by moult's proxy at 127.0.0.1:%d "
        "inside\n  with a grant\n",
        PROXY_PORT);
    add_calls(out, &calls_connect);
    buf_text(out, "  with its own loopback\n");
    add_calls(out, &calls_listen);
}
