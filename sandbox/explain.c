/* explain - the policy of a profile for people, from the tables that it is made of. */
#include "sandbox/sandbox.h"

#include "base/mem.h"
#include "sandbox/filter.h"
#include "sandbox/profile.h"
#include "sandbox/root.h"

#include <string.h>

static void add_layers(struct buf *out, const char *word, uint32_t layers)
{
    buf_format(out, "  %-26s", word);
    for (int layer = 0; layer < LAYERS; layer++)
        if (layers & LAYER_BIT(layer))
            buf_format(out, " %s", sandbox_layer_words[layer]);
    buf_char(out, '\n');
}

static void add_mounts(struct buf *out, const struct profile *profile)
{
    buf_text(out, "\nfiles\n");
    if (!profile->own_root)
        buf_text(out, "  none: the program locks itself into an empty root\n");
    for (unsigned i = 0; i < profile->mounts_count; i++) {
        const struct sandbox_mount *mount = &profile->mounts[i];
        buf_format(out, "  %-10s  %s%s\n", mount->write ? "read-write" : "read-only", mount->to,
            mount->from ? "" : "  (empty, in memory)");
    }
    if (profile->program_place)
        buf_format(out, "  read-only   %s  (the program)\n", profile->program_place);
    if (profile->proc)
        buf_text(out, "  own         /proc  (of its own processes)\n");
    if (!profile->own_root)
        return;
    buf_text(out, "  and what the caller mounts; below what may be written, read-only:");
    for (const struct root_guard *guard = root_guards; guard->path; guard++)
        if (!guard->write)
            buf_format(out, " %s", guard->path);
    buf_char(out, '\n');
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
        profile->own_root ? "fails with EPERM and is told" : "ends the process");
    for (const struct filter_set *const *set = profile->calls; *set; set++)
        add_calls(out, *set);
}
