/* matrix - which layer stops which probe: every probe with each layer switched off in turn, and
 * with each layer alone. Prints a page of docs/reference: sandbox_matrix PROBE LOOSE. What it is at
 * goes to standard error, since it takes minutes.
 *
 * As root on a machine that has every layer, in mount and host name namespaces of its own. */
#include "base/mem.h"
#include "bwrap.h"
#include "cells.h"
#include "scene.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/utsname.h>
#include <unistd.h>

static struct trying trying;

/* Of one profile: how many probes get through without a layer, and how many it stops alone. */
struct tally {
    struct tally_part {
        bool is; /* a layer of that profile */
        unsigned rows, no_run, needed, alone;
        struct buf names; /* of the first that need it */
    } part[PARTS];
};
static struct tally tallies[SANDBOX_PROFILES];
enum { NAMES_MAX = 8 };

static void tally_add(
    struct tally *tally, const char *name, const struct cells *cells, const struct column *columns)
{
    for (unsigned i = 0; columns[i].part != PARTS; i++) {
        struct tally_part *part = &tally->part[columns[i].part];
        part->is = true;
        if (!cells_count(cells))
            continue;
        bool needed = !cells->off[i];
        part->rows++;
        part->no_run += cells->no_run[i];
        part->alone += cells->alone[i];
        if (needed && part->needed++ < NAMES_MAX)
            buf_format(&part->names, "%s%s", part->needed > 1 ? ", " : "", name);
    }
}

static void print_head(const char *first, const struct column *columns)
{
    printf("| %s | tries to |", first);
    for (unsigned i = 0; columns[i].part != PARTS; i++)
        printf(" %s |", parts_words[columns[i].part]);
    printf("\n| --- | --- |");
    for (unsigned i = 0; columns[i].part != PARTS; i++)
        printf(" :-: |");
    puts("");
}

static void print_cells(
    const char *name, const char *what, const struct cells *cells, const struct column *columns)
{
    if (!cells_count(cells))
        return;
    printf("| %s | %s |", name, what);
    for (unsigned i = 0; columns[i].part != PARTS; i++)
        printf(" %s |", cells_word(cells, i));
    puts("");
    fflush(stdout);
}

static bool is_of(const struct probe *probe, enum sandbox_profile profile)
{
    return !(probe->flags & LOCKED_ONLY) || profile == SANDBOX_WORKER;
}

static void print_probes(const struct column *columns, struct tally *tally)
{
    print_head("probe", columns);
    for (unsigned i = 0; i < probes_count; i++) {
        const struct probe *probe = &probes[i];
        if (!is_of(probe, trying.profile))
            continue;
        const struct cells cells = cells_fill(&trying, cells_probe, probe, columns, ALL);
        print_cells(probe->name, probe->what, &cells, columns);
        if (tally)
            tally_add(tally, probe->name, &cells, columns);
    }
}

static void print_bombs(void)
{
    const uint32_t limits =
        BIT(PART_WATCH) | BIT(LAYER_CGROUP) | BIT(LAYER_RLIMITS) | BIT(LAYER_ROOT);
    print_head("bomb", cells_limits);
    for (unsigned i = 0; i < bombs_count; i++) {
        const struct cells cells = cells_fill(&trying, cells_bomb, &bombs[i], cells_limits, limits);
        print_cells(bombs[i].name, bombs[i].what, &cells, cells_limits);
    }
}

static const struct column *columns_of(enum sandbox_profile profile)
{
    return profile == SANDBOX_WORKER    ? cells_worker
           : profile == SANDBOX_PROPOSE ? cells_propose
                                        : cells_strong;
}

static void try_profile(enum sandbox_profile profile)
{
    fprintf(stderr, "profile %s\n", sandbox_profile_words[profile]);
    trying.profile = profile;
    for (unsigned i = 0; i < probes_count; i++) {
        if (!is_of(&probes[i], profile))
            continue;
        const struct cells cells =
            cells_fill(&trying, cells_probe, &probes[i], columns_of(profile), ALL);
        tally_add(&tallies[profile], probes[i].name, &cells, columns_of(profile));
    }
    trying.profile = SANDBOX_TOOL;
}

static void print_tally(const struct tally_part *part)
{
    if (!part->is)
        printf(" |");
    else if (part->no_run > 0 && part->no_run + part->needed == part->rows)
        printf(" no run, %u |", part->alone);
    else
        printf(" %u, %u |", part->needed, part->alone);
}

static void print_tallies(void)
{
    puts("| layer | compile | tool | propose | worker |\n| --- | :-: | :-: | :-: | :-: |");
    for (unsigned part = 0; part < PARTS; part++) {
        bool is = false;
        for (unsigned i = 0; i < SANDBOX_PROFILES; i++)
            is |= tallies[i].part[part].is;
        if (!is)
            continue;
        printf("| %s |", parts_words[part]);
        print_tally(&tallies[SANDBOX_COMPILE].part[part]);
        print_tally(&tallies[SANDBOX_TOOL].part[part]);
        print_tally(&tallies[SANDBOX_PROPOSE].part[part]);
        print_tally(&tallies[SANDBOX_WORKER].part[part]);
        puts("");
    }
}

/* A layer that stops nothing at all in a profile has no business there. */
static void print_names(enum sandbox_profile profile)
{
    printf("\nIn `%s` these get through without the layer:\n\n| layer | probes |\n| --- | --- |\n",
        sandbox_profile_words[profile]);
    for (unsigned i = 0; i < PARTS; i++) {
        struct tally_part *part = &tallies[profile].part[i];
        if (part->is && part->needed + part->alone + part->no_run == 0)
            fprintf(
                stderr, "nothing needs %s in %s\n", parts_words[i], sandbox_profile_words[profile]);
        if (part->needed > NAMES_MAX)
            buf_format(&part->names, ", and %u more", part->needed - NAMES_MAX);
        if (part->needed > 0)
            printf("| %s | %s |\n", parts_words[i], part->names.at);
        buf_done(&part->names);
    }
}

static void print_profiles(void)
{
    try_profile(SANDBOX_COMPILE);
    try_profile(SANDBOX_PROPOSE);
    try_profile(SANDBOX_WORKER);
    puts("How many probes get through without a layer, and how many that layer stops with all "
         "others gone.\n");
    print_tallies();
    for (enum sandbox_profile i = 0; i < SANDBOX_PROFILES; i++)
        print_names(i);
}

enum { BESIDE_BWRAP, BESIDE_CONTAINER, BESIDE_STRONG, BESIDES };
struct beside {
    unsigned rows, through[BESIDES];
};

static void print_beside(
    struct beside *sum, const char *name, const char *what, const bool through[BESIDES])
{
    printf("| %s | %s |", name, what);
    for (int i = 0; i < BESIDES; i++) {
        printf(" %s |", through[i] ? "through" : "");
        sum->through[i] += through[i];
    }
    puts("");
    sum->rows++;
    fflush(stdout);
}

static bool in_container(cells_outcome *outcome_of, const void *row)
{
    layers_container(true);
    trying.tier = SANDBOX_CONTAINER;
    bool is = outcome_of(&trying, row, 0) == OUTCOME_THROUGH;
    layers_container(false);
    trying.tier = SANDBOX_STRONG;
    return is;
}

static struct beside print_beside_bwrap(void)
{
    struct beside sum = { 0 };
    puts("| probe | tries to | bubblewrap | container | strong |\n| --- | --- | :-: | :-: | :-: |");
    for (unsigned i = 0; i < probes_count; i++) {
        if (!is_of(&probes[i], SANDBOX_TOOL) || try_control(&trying, &probes[i]) != OUTCOME_THROUGH)
            continue;
        const bool through[BESIDES] = { bwrap_probe(&trying, &probes[i]) == OUTCOME_THROUGH,
            in_container(cells_probe, &probes[i]),
            cells_probe(&trying, &probes[i], 0) == OUTCOME_THROUGH };
        print_beside(&sum, probes[i].name, probes[i].what, through);
    }
    for (unsigned i = 0; i < bombs_count; i++) {
        if (try_bomb_control(&trying, &bombs[i]) != OUTCOME_THROUGH)
            continue;
        const bool through[BESIDES] = { bwrap_bomb(&trying, &bombs[i]) == OUTCOME_THROUGH,
            in_container(cells_bomb, &bombs[i]),
            cells_bomb(&trying, &bombs[i], 0) == OUTCOME_THROUGH };
        print_beside(&sum, bombs[i].name, bombs[i].what, through);
    }
    return sum;
}

static void print_uncounted(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < probes_count; i++) {
        if (try_control(&trying, &probes[i]) == OUTCOME_THROUGH)
            continue;
        printf("%s%s (%s)", count++ ? ", " : "", probes[i].name,
            probes[i].lacks ? probes[i].lacks : "not told");
    }
    puts(count ? "." : "None.");
}

/* What a run without layers mounts or renames stays here. */
static int keep_apart(void)
{
    return unshare(CLONE_NEWNS | CLONE_NEWUTS) < 0 ||
                   mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0
               ? -1
               : 0;
}

static void print_page(const char *kernel, const char *bwrap)
{
    printf("# What stops what\n\n"
           "Made by `tests/redteam/sandbox/matrix.c` on Linux %s, as root, in the profile `tool` "
           "where no other is named; do not edit. What the words mean, and how it is made: "
           "[the sandbox](sandbox.md#how-it-is-tested).\n\n",
        kernel);
    printf("## Beside %s\n\n", bwrap);
    fprintf(stderr, "beside %s\n", bwrap);
    const struct beside sum = print_beside_bwrap();
    printf("\nOf %u that get through without a sandbox, %u do under bubblewrap, %u in the tier "
           "`container`, %u in `strong`.\n\n",
        sum.rows, sum.through[BESIDE_BWRAP], sum.through[BESIDE_CONTAINER],
        sum.through[BESIDE_STRONG]);
    puts("Refused here without a sandbox, too, so that they show nothing on this machine:");
    print_uncounted();
    fprintf(stderr, "each layer\n");
    puts("\n## Each layer of the tier `strong`\n");
    print_probes(cells_strong, &tallies[SANDBOX_TOOL]);
    fprintf(stderr, "tier container\n");
    puts("\n## Each layer of the tier `container`\n");
    layers_container(true);
    trying.tier = SANDBOX_CONTAINER;
    print_probes(cells_container, NULL);
    layers_container(false);
    trying.tier = SANDBOX_STRONG;
    fprintf(stderr, "limits\n");
    puts("\n## What holds the limits\n");
    print_bombs();
    puts("\n## Each layer in each profile\n");
    print_profiles();
}

int main(int argc, char **argv)
{
    struct utsname machine;
    char bwrap[64];
    if (argc != 3 || argv[1][0] != '/' || argv[2][0] != '/' || geteuid() != 0)
        return fprintf(stderr, "as root: sandbox_matrix /PATH/PROBE /PATH/LOOSE\n"), 2;
    if (!bwrap_is_here(bwrap))
        return fprintf(stderr, "bwrap is not here: install bubblewrap\n"), 4;
    if (keep_apart() < 0 || uname(&machine) < 0)
        return perror("namespaces"), 4;
    scene_take_terminal();
    trying = (struct trying){ SANDBOX_TOOL, SANDBOX_STRONG, argv[1], argv[2], NULL, NULL };
    if (scene_begin(trying.program) < 0)
        return 1;
    machine.release[strcspn(machine.release, "-")] = 0; /* whose build it is says nothing */
    print_page(machine.release, bwrap);
    return scene_end() < 0;
}
