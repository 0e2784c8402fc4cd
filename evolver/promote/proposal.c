/* proposal - see proposal.h. Flat members by tables, lists by one function a kind. */
#include "promote/proposal.h"

#include "base/mem.h"
#include "base/fields.h"

enum { SCHEMA = 1, DEPTH_MAX = 16, NODES_MAX = 65536 };

static const struct field top[] = {
    { .name = "proposer", .kind = FIELD_STR, .offset = offsetof(struct proposal, proposer) },
    { .name = "cluster", .kind = FIELD_STR, .offset = offsetof(struct proposal, cluster) },
    { .name = "plugin", .kind = FIELD_STR, .offset = offsetof(struct proposal, plugin) },
    { .name = "path", .kind = FIELD_STR, .offset = offsetof(struct proposal, path) },
    { .name = "score", .kind = FIELD_DOUBLE, .offset = offsetof(struct proposal, score) },
};
static const char *const top_others[] = { "schema", "edits", "contract", "ingredients", NULL };

static const struct field contract[] = {
    { .name = "hypothesis", .kind = FIELD_STR, .offset = offsetof(struct proposal, hypothesis) },
    { .name = "falsified_by",
        .kind = FIELD_STR,
        .offset = offsetof(struct proposal, falsified_by) },
};
static const char *const contract_others[] = { "blamed", "predicts", "cost", NULL };

static const struct field cost[] = {
    { .name = "judged", .kind = FIELD_U32, .offset = offsetof(struct proposal, judged) },
    { .name = "seconds",
        .kind = FIELD_DOUBLE,
        .offset = offsetof(struct proposal, seconds),
        .max = 1e6 },
};
static const char *const no_others[] = { NULL };

static const struct field edit[] = {
    { .name = "from", .kind = FIELD_U32, .offset = offsetof(struct patch_edit, from) },
    { .name = "to", .kind = FIELD_U32, .offset = offsetof(struct patch_edit, to) },
    { .name = "text", .kind = FIELD_STR, .offset = offsetof(struct patch_edit, text) },
};

struct reading {
    struct proposal *ret;
    const struct json *root;
    struct arena *arena;
    struct err *err;
};

static int refuse(const struct reading *reading, const struct json *node, const char *why)
{
    return fields_refuse(reading->err, reading->root, node ? node : reading->root, "%s", why);
}

static int check_list(
    const struct reading *reading, const struct json *list, uint32_t max, const char *what)
{
    if (!json_is(list, JSON_ARRAY))
        return refuse(reading, list, what);
    if (list->count <= max)
        return 0;
    refuse(reading, list, "longer than is read");
    if (reading->err)
        reading->err->code = ERR_LIMIT;
    return -ERR_LIMIT;
}

static int read_texts(
    const struct reading *reading, const struct json *list, struct str **ret, uint32_t *ret_count)
{
    int rc = check_list(reading, list, PROPOSAL_LIST_MAX, "a list of texts is wanted");
    if (rc < 0)
        return rc;
    *ret = arena_alloc(reading->arena, (list->count + 1) * sizeof(**ret));
    JSON_EACH(item, list)
    {
        if (!json_is(item, JSON_STRING) || item->raw.size > PROPOSAL_TEXT_MAX)
            return refuse(reading, item, "no text, or a very long one");
        (*ret)[(*ret_count)++] = json_string(reading->arena, item);
    }
    return 0;
}

static int read_steps(const struct reading *reading, const struct json *list, uint32_t max,
    uint32_t **ret, uint32_t *ret_count)
{
    int rc = check_list(reading, list, max, "a list of step numbers is wanted");
    if (rc < 0)
        return rc;
    *ret = arena_alloc(reading->arena, (list->count + 1) * sizeof(**ret));
    JSON_EACH(item, list)
    {
        int64_t step = json_int(item, -1);
        if (step < 0 || step > UINT32_MAX)
            return refuse(reading, item, "no step's number");
        (*ret)[(*ret_count)++] = (uint32_t)step;
    }
    return 0;
}

static int read_predicts(const struct reading *reading, const struct json *of)
{
    static const char *const others[] = { "fixes", "risks", "risk_steps", NULL };
    struct proposal *ret = reading->ret;
    const struct json *risky = json_get(of, "risk_steps");
    int rc = fields_read(
        ret, NULL, 0, reading->root, of ? of : reading->root, others, reading->arena, reading->err);
    if (rc == 0)
        rc = read_steps(
            reading, json_get(of, "fixes"), PROPOSAL_LIST_MAX, &ret->fixes, &ret->fixes_count);
    if (rc == 0)
        rc = read_texts(reading, json_get(of, "risks"), &ret->risks, &ret->risks_count);
    if (rc == 0 && risky)
        rc = read_steps(
            reading, risky, PROPOSAL_RISKS_MAX, &ret->risk_steps, &ret->risk_steps_count);
    return rc;
}

static int read_edits(const struct reading *reading, const struct json *list)
{
    struct proposal *ret = reading->ret;
    uint32_t end = 0;
    int rc = check_list(reading, list, PROPOSAL_EDITS_MAX, "`edits` is a list");
    if (rc < 0)
        return rc;
    if (list->count == 0)
        return refuse(reading, list, "a proposal without an edit");
    ret->edits = arena_alloc(reading->arena, list->count * sizeof(*ret->edits));
    JSON_EACH(item, list)
    {
        struct patch_edit *to = &ret->edits[ret->edits_count];
        rc = fields_read(
            to, edit, COUNT_OF(edit), reading->root, item, no_others, reading->arena, reading->err);
        if (rc < 0)
            return rc;
        if (to->from > to->to || (ret->edits_count > 0 && to->from < end))
            return refuse(reading, item, "edits stand in order and apart");
        if (to->text.size > PROPOSAL_EDIT_MAX)
            return refuse(reading, item, "an edit of very much text");
        end = to->to;
        ret->edits_count++;
    }
    return 0;
}

static int read_contract(const struct reading *reading, const struct json *of)
{
    struct proposal *ret = reading->ret;
    int rc = fields_read(ret, contract, COUNT_OF(contract), reading->root, of, contract_others,
        reading->arena, reading->err);
    if (rc == 0)
        rc = read_texts(reading, json_get(of, "blamed"), &ret->blamed, &ret->blamed_count);
    if (rc == 0)
        rc = read_predicts(reading, json_get(of, "predicts"));
    const struct json *costs = json_get(of, "cost");
    if (rc == 0)
        rc = fields_read(ret, cost, COUNT_OF(cost), reading->root, costs ? costs : reading->root,
            no_others, reading->arena, reading->err);
    if (rc == 0 &&
        (ret->hypothesis.size > PROPOSAL_TEXT_MAX || ret->falsified_by.size > PROPOSAL_TEXT_MAX))
        rc = refuse(reading, of, "a very long text");
    return rc;
}

int proposal_read(struct proposal *ret, struct str text, struct arena *arena, struct err *err)
{
    static const struct json_limits limits = {
        .size_max = PROPOSAL_SIZE_MAX, .nodes_max = NODES_MAX, .depth_max = DEPTH_MAX
    };
    struct proposal proposal = { .raw = text };
    const struct json *root = json_read(arena, text, &limits, err);
    if (!root)
        return err_while(err, "read proposal");
    struct reading reading = { &proposal, root, arena, err };
    if (json_int(json_get(root, "schema"), 0) != SCHEMA)
        return refuse(&reading, root, "no proposal of schema 1");
    int rc = fields_read(&proposal, top, COUNT_OF(top), root, root, top_others, arena, err);
    if (rc == 0)
        rc = read_edits(&reading, json_get(root, "edits"));
    const struct json *of = json_get(root, "contract");
    if (rc == 0)
        rc = of ? read_contract(&reading, of) : refuse(&reading, root, "`contract` is missing");
    if (rc == 0)
        rc = read_texts(&reading, json_get(root, "ingredients"), &proposal.ingredients,
            &proposal.ingredients_count);
    if (rc == 0)
        *ret = proposal;
    return rc;
}

bool proposal_is_whole(const struct proposal *proposal, struct str old)
{
    return proposal->edits_count == 1 && proposal->edits[0].from == 0 &&
           proposal->edits[0].to == old.size;
}

int proposal_apply(
    struct buf *out, const struct proposal *proposal, struct str source, struct err *err)
{
    size_t at = 0;
    for (uint32_t i = 0; i < proposal->edits_count; i++) {
        const struct patch_edit *one = &proposal->edits[i];
        if (one->to > source.size)
            return err_set(err, ERR_INPUT, "edit %u ends at byte %u of a source of %zu", i, one->to,
                source.size);
        buf_add(out, source.at + at, one->from - at);
        buf_str(out, one->text);
        at = one->to;
    }
    buf_add(out, source.at + at, source.size - at);
    return 0;
}
