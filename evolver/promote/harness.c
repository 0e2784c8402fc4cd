/* harness - see harness.h. */
#include "promote/harness.h"

#include "base/mem.h"

#include <string.h>

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_name(struct str name)
{
    bool fine = name.size > 0 && name.size <= HARNESS_NAME_MAX;
    for (size_t i = 0; fine && i < name.size; i++)
        fine = name_char(name.at[i]);
    return fine;
}

/* plugins/NAME/NAME.c or pipeline/order.c; the empty view for any other path. */
static struct str name_of_path(struct str path)
{
    static const struct str none = { 0 };
    const struct str folder = STR("plugins/");
    if (str_equal(path, STR("pipeline/" HARNESS_PIPELINE ".c")))
        return STR(HARNESS_PIPELINE);
    if (!str_starts(path, folder))
        return none;
    struct str rest = { path.at + folder.size, path.size - folder.size };
    const char *slash = memchr(rest.at, '/', rest.size);
    if (!slash)
        return none;
    struct str name = { rest.at, (size_t)(slash - rest.at) };
    struct str file = { slash + 1, rest.size - name.size - 1 };
    if (!is_name(name) || file.size != name.size + 2 || memcmp(file.at, name.at, name.size) != 0 ||
        memcmp(file.at + name.size, ".c", 2) != 0 || str_equal(name, STR(HARNESS_PIPELINE)))
        return none;
    return name;
}

int harness_path(struct str *ret, struct str name, struct arena *arena, struct err *err)
{
    if (!is_name(name))
        return err_set(err, ERR_INPUT, "a plugin's name has small letters, digits and _ only");
    *ret = str_of(str_equal(name, STR(HARNESS_PIPELINE))
                      ? "pipeline/" HARNESS_PIPELINE ".c"
                      : arena_format(arena, "plugins/%.*s/%.*s.c", (int)name.size, name.at,
                            (int)name.size, name.at));
    return 0;
}

struct reading {
    struct harness *harness;
    struct arena *arena;
    struct hash_state tree;
};

static void add_part(struct hash_state *state, struct str part)
{
    uint8_t size[8];
    for (int i = 0; i < 8; i++)
        size[i] = (uint8_t)((uint64_t)part.size >> (8 * i));
    hash_add(state, size, sizeof size);
    hash_add(state, part.at, part.size);
}

static int on_file(void *with, const char *path, struct str content, struct err *err)
{
    struct reading *reading = with;
    struct harness *harness = reading->harness;
    struct str name = name_of_path(str_of(path));
    add_part(&reading->tree, str_of(path));
    add_part(&reading->tree, content);
    if (name.size == 0)
        return 0;
    if (harness->count == HARNESS_SOURCES_MAX)
        return err_set(err, ERR_LIMIT, "a harness of more than %d plugins", HARNESS_SOURCES_MAX);
    harness->at[harness->count++] = (struct harness_source){
        .name = { arena_string(reading->arena, name.at, name.size), name.size },
        .path = { arena_string(reading->arena, path, strlen(path)), strlen(path) },
        .text = { arena_string(reading->arena, content.at, content.size), content.size },
    };
    return 0;
}

int harness_read(struct harness *ret, struct lineage *lineage, const struct lineage_id *commit,
    struct arena *arena, struct err *err)
{
    struct reading reading = { ret, arena, { { 0 } } };
    ret->count = 0;
    hash_begin(&reading.tree);
    int rc = lineage_files(lineage, commit, on_file, &reading, err);
    if (rc < 0)
        return rc;
    ret->tree = hash_end(&reading.tree);
    if (!harness_find(ret, STR(HARNESS_PIPELINE)))
        return err_set(
            err, ERR_INPUT, "commit %.12s has no pipeline/" HARNESS_PIPELINE ".c", commit->hex);
    return 0;
}

const struct harness_source *harness_find(const struct harness *harness, struct str name)
{
    for (uint32_t i = 0; i < harness->count; i++)
        if (str_equal(harness->at[i].name, name))
            return &harness->at[i];
    return NULL;
}
