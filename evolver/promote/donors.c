/* donors - see donors.h. */
#include "promote/donors.h"

#include "base/file.h"
#include "base/mem.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LOOK_BACK = 64,        /* admissions */
    BYTES_MAX = 512 << 10, /* of earlier versions in all */
    STOCK_FILE_MAX = 64 << 10,
    BUILD_DIGITS = 12
};

/* --- earlier versions */

struct reading {
    struct donors *ret;
    struct driver *driver;
    struct arena *arena;
    const struct candidate *candidates;
    uint32_t candidates_count, room;
    size_t bytes;
};

static bool was_left(const struct reading *reading, const struct generation_build *build)
{
    for (uint32_t i = 0; i < reading->candidates_count; i++) {
        const struct candidate *one = &reading->candidates[i];
        if ((one->stage == STAGE_ROLLED_BACK || one->stage == STAGE_QUARANTINED) &&
            str_equal(one->plugin, build->name) && hash_equal(&one->build, &build->build))
            return true;
    }
    return false;
}

/* It is listed, or so many others of its plugin are that it has no place. */
static bool has_enough(const struct reading *reading, struct str name, struct str text)
{
    uint32_t versions = 0;
    for (uint32_t i = 0; i < reading->ret->earlier_count; i++) {
        const struct harness_source *listed = &reading->ret->earlier[i].source;
        if (!str_equal(listed->name, name))
            continue;
        if (str_equal(listed->text, text))
            return true;
        versions++;
    }
    return versions >= DONORS_VERSIONS_MAX;
}

static void add(struct reading *reading, const struct harness_source *active,
    const struct generation_build *build, struct str text)
{
    char digits[DIGEST_HEX];
    if (reading->ret->earlier_count == reading->room || text.size > BYTES_MAX - reading->bytes ||
        has_enough(reading, active->name, text))
        return;
    hash_hex(digits, &build->build);
    reading->bytes += text.size;
    reading->ret->earlier[reading->ret->earlier_count++] = (struct evidence_earlier){
        .source = { active->name, active->path,
            { arena_string(reading->arena, text.at, text.size), text.size } },
        .build = { arena_string(reading->arena, digits, BUILD_DIGITS), BUILD_DIGITS }
    };
}

static int read_version(struct reading *reading, const struct generation *generation,
    const struct generation_build *build, struct err *err)
{
    const struct harness_source *active = harness_find(&reading->driver->harness, build->name);
    if (!active || !str_equal(active->path, build->path) ||
        str_equal(build->name, generation->pipeline) || was_left(reading, build))
        return 0;
    struct digest now = hash_of(active->text);
    if (hash_equal(&now, &build->source))
        return 0;
    CLEANUP(buf_done) struct buf text = { 0 };
    const struct lineage_id commit = lineage_id_of(generation->commit);
    int rc = lineage_file(reading->driver->lineage, &commit,
        arena_string(reading->arena, build->path.at, build->path.size), &text, err);
    if (rc == 0)
        add(reading, active, build, buf_view(&text));
    return rc;
}

static int read_generation(
    struct reading *reading, const struct admission *admission, struct err *err)
{
    struct generation generation;
    struct str text;
    int rc = journal_get(
        reading->driver->journal, "generation", &admission->generation, reading->arena, &text, err);
    if (rc == 0)
        rc = generation_read(&generation, text, reading->arena, err);
    for (uint32_t i = 0; rc == 0 && i < generation.builds_count; i++)
        rc = read_version(reading, &generation, &generation.builds[i], err);
    return rc;
}

static int read_earlier(struct reading *reading, struct err *err)
{
    struct driver *driver = reading->driver;
    struct candidate *candidates;
    uint32_t last = driver->admissions_count;
    reading->room = driver->harness.count * DONORS_VERSIONS_MAX;
    reading->ret->earlier =
        arena_alloc(reading->arena, (reading->room + 1) * sizeof *reading->ret->earlier);
    int rc = candidate_list(
        driver->journal, reading->arena, &candidates, &reading->candidates_count, err);
    reading->candidates = candidates;
    for (uint32_t back = 2; rc == 0 && back <= last && back < LOOK_BACK; back++)
        rc = read_generation(reading, &driver->admissions[last - back], err);
    return rc;
}

/* --- stock plugins: share/moult/stock/plugins/NAME/NAME.c */

static int read_stock_plugin(struct harness *stock, const char *folder, const char *name,
    struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    char path[PATH_MAX];
    struct str within;
    struct err no_name;
    if (harness_path(&within, str_of(name), arena, &no_name) < 0 ||
        stock->count == HARNESS_SOURCES_MAX)
        return 0;
    int length = snprintf(path, sizeof path, "%s/%s", folder, within.at);
    if (length >= (int)sizeof path || !file_exists(path))
        return 0;
    int rc = file_read(path, &text, STOCK_FILE_MAX, err);
    if (rc < 0)
        return err_while(err, "stock plugin %s", name);
    stock->at[stock->count++] =
        (struct harness_source){ .name = str_of(arena_string(arena, name, strlen(name))),
            .path = within,
            .text = { arena_string(arena, text.at, text.size), text.size } };
    return 0;
}

static int by_name(const void *a, const void *b)
{
    const struct harness_source *x = a, *y = b;
    return str_compare(x->name, y->name);
}

static int read_stock(struct donors *ret, struct arena *arena, struct err *err)
{
    char folder[PATH_MAX], plugins[PATH_MAX + 16];
    int rc = file_program_dir(folder, PATH_MAX - 32, err);
    if (rc < 0)
        return rc;
    strcat(folder, "/../share/moult/stock");
    snprintf(plugins, sizeof plugins, "%s/plugins", folder);
    DIR *all = opendir(plugins);
    if (!all)
        return 0;
    struct harness *stock = arena_alloc(arena, sizeof *stock);
    for (struct dirent *entry; rc == 0 && (entry = readdir(all));)
        rc = read_stock_plugin(stock, folder, entry->d_name, arena, err);
    closedir(all);
    qsort(stock->at, stock->count, sizeof stock->at[0], by_name);
    ret->stock = stock;
    return rc;
}

int donors_read(
    struct donors *ret, struct driver *driver, bool stock, struct arena *arena, struct err *err)
{
    *ret = (struct donors){ 0 };
    struct reading reading = { .ret = ret, .driver = driver, .arena = arena };
    int rc = read_earlier(&reading, err);
    if (rc == 0 && stock)
        rc = read_stock(ret, arena, err);
    return rc;
}
