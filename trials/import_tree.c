/* import_tree - see import_tree.h. Names are found by sorting them: a hostile log can choose its
 * names so that they fall together in a table, not so that they are slow to sort. */
#include "trials/import_tree.h"

#include "base/mem.h"
#include "base/sort.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NONE = UINT32_MAX };

struct node {
    struct tree_entry entry;
    uint32_t root, parent;
    uint32_t next; /* piece of the same reply */
    bool gone;     /* its name is another's */
    bool taken;    /* part of its session */
    bool piece;    /* told with an earlier one */
};
struct tree {
    struct arena arena;
    struct node *nodes;
    uint32_t count, room;
    size_t size;
    bool over;
};
/* A name in a conversation, and whose it is. */
struct named {
    struct str name;
    uint32_t root, index;
    bool used;
};

struct tree *tree_new(void)
{
    return mem_zero(1, sizeof(struct tree));
}

void tree_free(struct tree *tree)
{
    if (tree)
        arena_done(&tree->arena);
    free(tree);
}

void tree_freep(struct tree **tree)
{
    tree_free(*tree);
}

/* --- reading */

static struct str keep(struct tree *tree, struct str s)
{
    tree->size += s.size;
    return (struct str){ s.size ? arena_copy(&tree->arena, s.at, s.size) : "", s.size };
}

static size_t size_of(const struct tree_entry *entry)
{
    size_t size = sizeof(struct node) + entry->results_count * sizeof *entry->results;
    for (uint32_t i = 0; i < entry->results_count; i++)
        size += entry->results[i].id.size + entry->results[i].text.size;
    return size + entry->id.size + entry->parent.size + entry->reply.size + entry->text.size +
           entry->calls.size;
}

void tree_add(struct tree *tree, const struct tree_entry *entry)
{
    tree->over |= tree->size + size_of(entry) > IMPORT_RUN_MAX;
    if (tree->over)
        return;
    if (tree->count == tree->room) {
        uint32_t room = tree->room ? tree->room * 2 : 64;
        tree->nodes = arena_grow(&tree->arena, tree->nodes, tree->room * sizeof *tree->nodes,
            room * sizeof *tree->nodes);
        tree->room = room;
    }
    struct node *node = &tree->nodes[tree->count++];
    *node = (struct node){ .entry = *entry, .next = NONE };
    node->entry.id = keep(tree, entry->id);
    node->entry.parent = keep(tree, entry->parent);
    node->entry.reply = keep(tree, entry->reply);
    node->entry.text = keep(tree, entry->text);
    node->entry.calls = keep(tree, entry->calls);
    tree->size += sizeof *node + entry->results_count * sizeof *entry->results;
    struct tree_result *results = arena_alloc(&tree->arena, entry->results_count * sizeof *results);
    for (uint32_t i = 0; i < entry->results_count; i++) {
        results[i].id = keep(tree, entry->results[i].id);
        results[i].text = keep(tree, entry->results[i].text);
        results[i].failed = entry->results[i].failed;
    }
    node->entry.results = results;
}

/* --- names */

static int by_name(const void *a, const void *b)
{
    const struct named *one = a, *other = b;
    if (one->root != other->root)
        return one->root < other->root ? -1 : 1;
    return str_compare(one->name, other->name);
}

/* The first of that name, or NULL. */
static struct named *find(struct named *list, uint32_t count, uint32_t root, struct str name)
{
    const struct named wanted = { .name = name, .root = root };
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (by_name(&list[middle], &wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && by_name(&list[low], &wanted) == 0 ? &list[low] : NULL;
}

/* --- the tree */

static uint32_t parent_of(
    const struct tree *tree, uint32_t index, uint32_t before, struct named *ids, uint32_t count)
{
    const struct tree_entry *entry = &tree->nodes[index].entry;
    if (entry->parent.size == 0 && !entry->follows)
        return NONE;
    const struct named *named = entry->parent.size > 0 ? find(ids, count, 0, entry->parent) : NULL;
    uint32_t parent = named && named->index < index ? named->index : before;
    return parent != NONE && tree->nodes[parent].entry.aside == entry->aside ? parent : NONE;
}

static void link_nodes(struct tree *tree, struct named *ids)
{
    uint32_t count = 0, before = NONE;
    for (uint32_t i = 0; i < tree->count; i++)
        if (tree->nodes[i].entry.id.size > 0)
            ids[count++] = (struct named){ tree->nodes[i].entry.id, 0, i, false };
    sort(ids, count, sizeof *ids, by_name);
    for (uint32_t i = 1; i < count; i++)
        tree->nodes[ids[i].index].gone = by_name(&ids[i - 1], &ids[i]) == 0;
    for (uint32_t i = 0; i < tree->count; i++) {
        struct node *node = &tree->nodes[i];
        if (node->gone)
            continue;
        node->parent = parent_of(tree, i, before, ids, count);
        node->root = node->parent == NONE ? i : tree->nodes[node->parent].root;
        before = i;
    }
}

static void take_branches(struct tree *tree, uint32_t *last)
{
    memset(last, 0xff, tree->count * sizeof *last);
    for (uint32_t i = 0; i < tree->count; i++)
        if (!tree->nodes[i].gone && tree->nodes[i].entry.kind != TREE_OTHER)
            last[tree->nodes[i].root] = i;
    for (uint32_t i = 0; i < tree->count; i++)
        for (uint32_t at = last[i]; at != NONE; at = tree->nodes[at].parent)
            tree->nodes[at].taken = true;
}

/* The pieces of a reply are one if one of them is on the branch. */
static void join_replies(struct tree *tree, struct named *pieces)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct node *node = &tree->nodes[i];
        if (node->entry.kind == TREE_REPLY && node->entry.reply.size > 0 && !node->gone)
            pieces[count++] = (struct named){ node->entry.reply, node->root, i, false };
    }
    sort(pieces, count, sizeof *pieces, by_name);
    for (uint32_t from = 0, to; from < count; from = to) {
        bool taken = false;
        for (to = from; to < count && by_name(&pieces[from], &pieces[to]) == 0; to++)
            taken |= tree->nodes[pieces[to].index].taken;
        for (uint32_t i = from; taken && i < to; i++) {
            struct node *node = &tree->nodes[pieces[i].index];
            node->taken = true;
            node->piece = i > from;
            node->next = i + 1 < to ? pieces[i + 1].index : NONE;
        }
    }
}

static uint32_t list_calls(struct tree *tree, struct named **ret)
{
    uint32_t count = 0, room = 0;
    struct named *list = NULL;
    for (uint32_t i = 0; i < tree->count; i++) {
        CLEANUP(buf_done) struct buf text = { 0 };
        if (!tree->nodes[i].taken || tree->nodes[i].entry.calls.size == 0)
            continue;
        buf_char(&text, '[');
        buf_str(&text, tree->nodes[i].entry.calls);
        buf_char(&text, ']');
        struct str kept = { arena_copy(&tree->arena, text.at, text.size), text.size };
        const struct json *calls = json_read(&tree->arena, kept, NULL, NULL);
        JSON_EACH(call, calls)
        {
            if (count == room) {
                list = arena_grow(
                    &tree->arena, list, room * sizeof *list, (room ? room * 2 : 64) * sizeof *list);
                room = room ? room * 2 : 64;
            }
            struct str id = json_string(&tree->arena, json_get(call, "id"));
            list[count++] = (struct named){ id, tree->nodes[i].root, i, false };
        }
    }
    sort(list, count, sizeof *list, by_name);
    *ret = list;
    return count;
}

/* Calls of the branch that nothing on it answers get the results that hang beside it. */
static void take_results(struct tree *tree)
{
    struct named *calls = NULL;
    uint32_t count = list_calls(tree, &calls);
    for (int beside = 0; beside < 2; beside++)
        for (uint32_t i = 0; i < tree->count; i++) {
            struct node *node = &tree->nodes[i];
            if (node->gone || node->taken == (beside != 0))
                continue;
            for (uint32_t k = 0; k < node->entry.results_count; k++) {
                struct named *call = find(calls, count, node->root, node->entry.results[k].id);
                if (!call || call->used)
                    continue;
                call->used = true;
                node->entry.text.size = node->taken ? node->entry.text.size : 0;
                node->taken = true;
            }
        }
}

/* --- sessions */

/* One of them while it is told. */
struct telling {
    const struct tree *tree;
    struct talks *talks;
    struct talk *talk;
    struct talk_reply reply; /* nothing has been said behind it yet */
};

static int end_reply(struct telling *to, struct arena *arena, struct err *err)
{
    return talk_reply_end(&to->reply, to->talk, arena, err);
}

static int tell_user(
    struct telling *to, const struct tree_entry *entry, struct arena *arena, struct err *err)
{
    struct str none = { 0 };
    int status = end_reply(to, arena, err);
    for (uint32_t i = 0; i < entry->results_count && status >= 0; i++)
        status =
            talk_add(to->talk, talk_result(arena, entry->results[i].id, entry->results[i].text),
                entry->results[i].failed, err);
    if (status < 0 || (entry->results_count > 0 && entry->text.size == 0))
        return status;
    return talk_add(to->talk, talk_message(arena, "user", entry->text, none), false, err);
}

/* Behind a reply nobody was asked for another: providers take two in a row for one, and so it is.
 */
static void tell_reply(struct telling *to, uint32_t index)
{
    if (to->reply.count > 0)
        import_unmapped(to->talks->sink, "reply behind a reply", (struct str){ 0 });
    for (uint32_t i = index; i != NONE; i = to->tree->nodes[i].next)
        talk_reply_piece(&to->reply, to->tree->nodes[i].entry.text, to->tree->nodes[i].entry.calls);
}

static int tell_error(struct telling *to, int64_t code, struct arena *arena, struct err *err)
{
    if (to->reply.count == 0)
        return talk_add(to->talk, talk_error(arena, code), false, err);
    import_unmapped(to->talks->sink, "failed request behind a reply", (struct str){ 0 });
    return 0;
}

static int tell(struct telling *to, const struct node *node, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    switch (node->piece ? TREE_OTHER : node->entry.kind) {
    case TREE_USER:
        return tell_user(to, &node->entry, &arena, err);
    case TREE_REPLY:
        tell_reply(to, (uint32_t)(node - to->tree->nodes));
        return 0;
    case TREE_ERROR:
        return tell_error(to, node->entry.status, &arena, err);
    default:
        return 0;
    }
}

static void set_facts(struct talk *talk, const struct talks *talks, const struct tree_facts *facts,
    const struct node *root)
{
    CLEANUP(buf_done) struct buf model = { 0 }, name = { 0 };
    talk_project(talk, facts->folder, facts->repository, talks->origin);
    buf_str(&name, facts->name);
    if (name.size > 0 && root->entry.id.size > 0)
        buf_char(&name, ' ');
    buf_str(&name, root->entry.id);
    talk_name(talk, buf_view(&name));
    if (facts->model.size == 0)
        return;
    json_quote(&model, facts->model);
    const struct json value = { .raw = buf_view(&model), .kind = JSON_STRING };
    talk_about(talk, "model", &value);
}

static int tell_all(struct telling *to, const struct named *order, uint32_t count, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    int status = 0;
    for (uint32_t i = 0; i < count && status >= 0; i++)
        status = tell(to, &to->tree->nodes[order[i].index], err);
    return status < 0 ? status : end_reply(to, &arena, err);
}

static int hand(const struct tree *tree, const struct named *order, uint32_t count,
    struct talks *talks, const struct tree_facts *facts, const char *where, struct err *err)
{
    CLEANUP(talk_freep) struct talk *talk = talk_new();
    struct telling to = { .tree = tree, .talks = talks, .talk = talk };
    struct err why = { 0 };
    int status = tell_all(&to, order, count, &why);
    talk_reply_done(&to.reply);
    if (status < 0) {
        talks->sink->skipped(talks->sink->with, where, why.text);
        return 0;
    }
    set_facts(talk, talks, facts, &tree->nodes[order[0].root]);
    return talk_end(talks, talk, err);
}

int tree_end(struct tree *tree, struct talks *talks, const struct tree_facts *facts,
    const char *where, struct err *err)
{
    struct named *names = arena_alloc(&tree->arena, (tree->count + 1) * sizeof *names);
    uint32_t count = 0;
    int status = 0;
    if (tree->over) {
        char why[80];
        snprintf(why, sizeof why, "one run is larger than %d MiB", IMPORT_RUN_MAX >> 20);
        talks->sink->skipped(talks->sink->with, where, why);
        return 0;
    }
    link_nodes(tree, names);
    take_branches(tree, arena_alloc(&tree->arena, (tree->count + 1) * sizeof(uint32_t)));
    join_replies(tree, names);
    take_results(tree);
    for (uint32_t i = 0; i < tree->count; i++) {
        const struct node *node = &tree->nodes[i];
        if (node->taken && !node->gone)
            names[count++] = (struct named){ { 0 }, node->root, i, false };
        else if (node->gone)
            import_unmapped(talks->sink, "entry that was there before", (struct str){ 0 });
        else if (node->entry.kind != TREE_OTHER)
            import_unmapped(talks->sink, "message of another branch", (struct str){ 0 });
    }
    sort(names, count, sizeof *names, by_name); /* by root; it is stable */
    for (uint32_t from = 0, to; from < count && status >= 0; from = to) {
        for (to = from; to < count && names[to].root == names[from].root; to++)
            continue;
        status = hand(tree, names + from, to - from, talks, facts, where, err);
    }
    return status;
}
