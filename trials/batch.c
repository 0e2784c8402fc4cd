/* batch - prints and reads the two documents of a batch.
 * Cases stand in the order of the sessions, so the same journal gives the same bytes. */
#include "trials/batch.h"

#include "base/mem.h"
#include "base/names.h"
#include "base/fields.h"
#include "trials/choose.h"

#include <stdlib.h>

enum { SCHEMA = 1 };

static void print_case(
    struct buf *out, const struct miner_session *session, const struct cluster_case *of, bool first)
{
    char hex[DIGEST_HEX];
    buf_text(out, first ? "{\"session\":" : ",\n{\"session\":");
    json_quote(out, session->id);
    buf_text(out, ",\"group\":");
    json_quote(out, session->group);
    buf_text(out, ",\"origin\":");
    json_quote(out, session->origin);
    buf_format(out, ",\"step\":%u,\"call\":", of->step);
    if (of->call == UINT32_MAX)
        buf_text(out, "null");
    else
        buf_format(out, "%u", of->call);
    buf_format(out, ",\"digest\":\"%s\"}", hash_hex(hex, &of->digest));
}

/* Sessions by their number with the miner, each once. */
struct chosen {
    bool *in;
    uint32_t count; /* of sessions */
};

static void chosen_done(struct chosen *chosen)
{
    free(chosen->in);
}

/* Marks at most `most` of those in `from` that are not chosen yet, and, if symptoms is not 0, have
 * one of these: no group and no client has them all (choose.h). Says how many. */
static uint32_t choose_some(struct chosen *chosen, const bool *from,
    const struct miner_session *sessions, uint64_t symptoms, uint32_t most)
{
    struct choose_item *items = mem_zero(chosen->count + 1, sizeof *items);
    uint32_t *order, count = 0, kept;
    for (uint32_t i = 0; i < chosen->count; i++)
        if (from[i] && !chosen->in[i] && (!symptoms || sessions[i].symptoms & symptoms))
            items[count++] = (struct choose_item){ .number = i,
                .id = hash_of(sessions[i].id),
                .group = hash_fast(sessions[i].group.at, sessions[i].group.size, 1),
                .principal = sessions[i].client };
    choose_order(&order, &kept, items, count, most);
    for (uint32_t i = 0; i < kept; i++)
        chosen->in[items[order[i]].number] = true;
    free(order);
    free(items);
    return kept;
}

/* Of so many as may be; symptoms: who has them comes first, for half of the places. */
static void keep_some(
    struct chosen *chosen, const struct miner_session *sessions, uint64_t symptoms, uint32_t most)
{
    bool *from = chosen->in;
    uint32_t kept = 0;
    chosen->in = mem_zero(chosen->count + 1, sizeof *from);
    if (symptoms)
        kept = choose_some(chosen, from, sessions, symptoms, most / 2);
    choose_some(chosen, from, sessions, 0, most - kept);
    free(from);
}

static void mark_cases(
    struct chosen *chosen, const struct miner *miner, const struct cluster *cluster)
{
    miner_sessions(miner, &chosen->count);
    chosen->in = mem_zero(chosen->count + 1, sizeof(bool));
    for (uint32_t i = 0; i < cluster->cases_count; i++)
        chosen->in[cluster->cases[i].session] = true;
}

static uint32_t print_cases(
    struct buf *out, const struct miner *miner, const struct cluster *cluster, enum split split)
{
    CLEANUP(chosen_done) struct chosen chosen;
    uint32_t printed = 0;
    const struct miner_session *sessions = miner_sessions(miner, &chosen.count);
    mark_cases(&chosen, miner, cluster);
    for (uint32_t i = 0; i < chosen.count; i++)
        chosen.in[i] &= sessions[i].split == split;
    keep_some(&chosen, sessions, 0, BATCH_CASES_MAX);
    buf_text(out, ",\"cases\":[");
    for (uint32_t i = 0; i < cluster->cases_count; i++)
        if (chosen.in[cluster->cases[i].session])
            print_case(out, &sessions[cluster->cases[i].session], &cluster->cases[i], !printed++);
    buf_char(out, ']');
    return printed;
}

/* In this origin the symptom was found to be no failure. */
static bool harmless(const struct cluster *cluster, struct str origin)
{
    for (uint32_t i = 0; i < cluster->origins_count; i++)
        if (str_equal(cluster->origins[i].name, origin))
            return cluster->origins[i].why_not != NULL;
    return false;
}

/* Runs of the split that have replies and not the symptom, and those that have it where it is no
 * failure: in solved runs it was part of the way. The latter come first where not all can be there:
 * what they did looks like the failure, and came out otherwise, so a repair that goes too far harms
 * them. Others that are no case say nothing either way. */
static void print_neighbours(
    struct buf *out, const struct miner *miner, const struct cluster *cluster, enum split split)
{
    CLEANUP(chosen_done) struct chosen chosen;
    uint32_t printed = 0;
    const struct miner_session *sessions = miner_sessions(miner, &chosen.count);
    uint64_t bits = miner_bits(miner, cluster);
    mark_cases(&chosen, miner, cluster);
    for (uint32_t i = 0; i < chosen.count; i++)
        chosen.in[i] = !chosen.in[i] && sessions[i].split == split && sessions[i].steps &&
                       (!(sessions[i].symptoms & bits) || sessions[i].solved ||
                           harmless(cluster, sessions[i].origin));
    keep_some(&chosen, sessions, bits, BATCH_NEIGHBOURS_MAX);
    buf_text(out, ",\"neighbours\":[");
    for (uint32_t i = 0; i < chosen.count; i++) {
        if (!chosen.in[i])
            continue;
        if (printed++ > 0)
            buf_char(out, ',');
        json_quote(out, sessions[i].id);
    }
    buf_char(out, ']');
}

static bool any_claims(const struct miner *miner, const struct cluster *cluster)
{
    uint32_t count;
    const struct miner_session *sessions = miner_sessions(miner, &count);
    for (uint32_t i = 0; i < cluster->cases_count; i++)
        if (sessions[cluster->cases[i].session].claims)
            return true;
    return false;
}

static uint32_t print_document(struct buf *out, const struct miner *miner,
    const struct cluster *cluster, enum split split, const struct digest *other)
{
    char hex[DIGEST_HEX];
    buf_format(out, "{\"schema\":%d,\"detector\":\"%s\",\"signature\":\"%s\",\"split\":\"%s\"",
        SCHEMA, cluster->id, cluster->signature, split_words[split]);
    buf_format(out, ",\"mendable\":%s,\"claims\":%s,\"rank\":%u",
        cluster->mendable ? "true" : "false", any_claims(miner, cluster) ? "true" : "false",
        cluster->rank);
    if (other)
        buf_format(out, ",\"held_out\":\"%s\"", hash_hex(hex, other));
    else
        buf_text(out, ",\"held_out\":null");
    uint32_t cases = print_cases(out, miner, cluster, split);
    print_neighbours(out, miner, cluster, split);
    buf_text(out, "}\n");
    return cases;
}

int batch_print(struct buf *held_in, struct buf *held_out, const struct miner *miner,
    const struct cluster *cluster, struct err *err)
{
    print_document(held_out, miner, cluster, SPLIT_HELD_OUT, NULL);
    struct digest other = hash_of(buf_view(held_out));
    if (print_document(held_in, miner, cluster, SPLIT_HELD_IN, &other) == 0)
        return err_set(
            err, ERR_MISSING, "cluster %s has no case among the held-in groups", cluster->id);
    return 0;
}

void batch_print_held_out(struct buf *out, const struct miner *miner, const struct cluster *cluster)
{
    print_document(out, miner, cluster, SPLIT_HELD_OUT, NULL);
}

static const struct field case_fields[] = {
    { .name = "session", .kind = FIELD_STR, .offset = offsetof(struct batch_case, session) },
    { .name = "group", .kind = FIELD_STR, .offset = offsetof(struct batch_case, group) },
    { .name = "origin", .kind = FIELD_STR, .offset = offsetof(struct batch_case, origin) },
    { .name = "step", .kind = FIELD_U32, .offset = offsetof(struct batch_case, step) },
    { .name = "call", .kind = FIELD_STEP, .offset = offsetof(struct batch_case, call) },
    { .name = "digest", .kind = FIELD_DIGEST, .offset = offsetof(struct batch_case, digest) },
};
static const struct field batch_fields[] = {
    { .name = "detector", .kind = FIELD_STR, .offset = offsetof(struct batch, detector) },
    { .name = "signature", .kind = FIELD_STR, .offset = offsetof(struct batch, signature) },
    { .name = "split",
        .kind = FIELD_WORD,
        .offset = offsetof(struct batch, split),
        .words = split_words,
        .words_count = SPLITS },
    { .name = "mendable", .kind = FIELD_BOOL, .offset = offsetof(struct batch, mendable) },
    { .name = "claims", .kind = FIELD_BOOL, .offset = offsetof(struct batch, claims) },
    { .name = "rank", .kind = FIELD_U32, .offset = offsetof(struct batch, rank), .optional = true },
    { .name = "held_out", .kind = FIELD_DIGEST, .offset = offsetof(struct batch, held_out) },
};
static const char *const batch_others[] = { "schema", "cases", "neighbours", NULL };
static const char *const case_others[] = { NULL };

static int read_lists(
    struct batch *ret, const struct json *root, struct arena *arena, struct err *err)
{
    const struct json *cases = json_get(root, "cases"), *neighbours = json_get(root, "neighbours");
    if (!json_is(cases, JSON_ARRAY) || !json_is(neighbours, JSON_ARRAY))
        return fields_refuse(err, root, root, "`cases` and `neighbours` are lists");
    ret->cases = arena_alloc(arena, (cases->count + 1) * sizeof(*ret->cases));
    ret->neighbours = arena_alloc(arena, (neighbours->count + 1) * sizeof(*ret->neighbours));
    JSON_EACH(item, cases)
    {
        int status = fields_read(&ret->cases[ret->cases_count++], case_fields,
            COUNT_OF(case_fields), root, item, case_others, arena, err);
        if (status < 0)
            return status;
    }
    JSON_EACH(item, neighbours)
    {
        if (!json_is(item, JSON_STRING))
            return fields_refuse(err, root, item, "a session's id is a string");
        ret->neighbours[ret->neighbours_count++] = json_string(arena, item);
    }
    return 0;
}

int batch_read(struct batch *ret, struct str text, struct arena *arena, struct err *err)
{
    *ret = (struct batch){ .digest = hash_of(text) };
    const struct json *root = json_read(arena, text, NULL, err);
    if (!root)
        return err_while(err, "read batch");
    if (json_int(json_get(root, "schema"), 0) != SCHEMA)
        return fields_refuse(err, root, root, "no batch of schema %d", SCHEMA);
    int status = fields_read(
        ret, batch_fields, COUNT_OF(batch_fields), root, root, batch_others, arena, err);
    return status < 0 ? status : read_lists(ret, root, arena, err);
}
