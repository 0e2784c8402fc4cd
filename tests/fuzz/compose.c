/* Any bytes as two patches that follow one another: refused where they are out of place, else one
 * patch in order and apart that makes of the first source what the two of them make. */
#include "propose/compose.h"

#include "base/mem.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EDITS_MAX = 8, EDIT = 4, SOURCE = 64 };

struct list {
    struct target_edit at[EDITS_MAX];
    uint32_t count;
};

/* An edit is four bytes: how far behind the last one, how much goes, how much comes from where. */
static struct list read_list(const uint8_t *data, size_t size, const char *letters)
{
    struct list list = { .count = 0 };
    uint32_t at = 0;
    for (size_t i = 0; i + EDIT <= size && list.count < EDITS_MAX; i += EDIT) {
        uint32_t from = at + data[i] % 32, to = from + data[i + 1] % 16;
        list.at[list.count++] =
            (struct target_edit){ from, to, { letters + data[i + 3] % 32, data[i + 2] % 16 } };
        at = to;
    }
    return list;
}

static void apply(struct buf *out, struct str source, const struct target_edit *edits, uint32_t n)
{
    const struct bundle_plugin plugin = { .source = source };
    const struct target target = { .plugin = &plugin };
    target_apply(out, &target, edits, n);
}

static bool apart(const struct target_edit *edits, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (edits[i].to < edits[i].from || (i > 0 && edits[i].from <= edits[i - 1].to))
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.,-+";
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf middle = { 0 }, twice = { 0 }, once = { 0 };
    struct target_edit both[COMPOSE_EDITS_MAX];
    const struct str source = { letters, SOURCE };
    struct list first = read_list(data, size / 2, letters);
    struct list second = read_list(data + size / 2, size - size / 2, letters);
    int r = compose_edits(both, &arena, SOURCE, (struct compose_list){ first.at, first.count },
        (struct compose_list){ second.at, second.count }, NULL);
    if (r < 0)
        return 0;
    apply(&middle, source, first.at, first.count);
    apply(&twice, buf_view(&middle), second.at, second.count);
    assert(apart(both, (uint32_t)r));
    apply(&once, source, both, (uint32_t)r);
    assert(str_equal(buf_view(&once), buf_view(&twice)));
    return 0;
}
