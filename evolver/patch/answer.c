/* answer - see answer.h. */
#include "patch/answer.h"
#include "patch/certificate.h"
#include "patch/cover.h"
#include "patch/describe.h"
#include "patch/less.h"
#include "patch/patch.h"
#include "patch/shape.h"
#include "patch/source.h"
#include "patch/tokens.h"

#include "base/json.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>

struct question {
    struct arena arena;
    struct str path, source, preprocessed, old;
    struct patch_edit *edits; /* NULL: none were given */
    uint32_t edits_count;
    struct str *literals;
    uint32_t literals_count, lines_max;
    bool patch, compared; /* old, preprocessed are there */
    bool cover;
    bool strict;
    bool retires;
    struct str retire; /* a plugin */
};

struct answer {
    struct findings findings;
    struct buf kinds, description;
    uint32_t lines;
    struct digest shape, shape_old; /* zero: it does not parse */
    struct buf certificate; /* its members, as they are written; empty: no patch that passes */
    struct buf cover;       /* its members, as they are written; empty: not wanted */
    struct buf less;        /* the same; empty: it is no such change */
    struct buf retired;     /* the order without a plugin; empty: not wanted */
    char unretired[240];    /* or why it cannot be had */
};

static void question_done(struct question *question)
{
    arena_done(&question->arena);
}

static void answer_done(struct answer *answer)
{
    buf_done(&answer->kinds);
    buf_done(&answer->description);
    buf_done(&answer->cover);
    buf_done(&answer->certificate);
    buf_done(&answer->less);
    buf_done(&answer->retired);
}

static int wrong(struct err *err, const char *key)
{
    err_set(err, ERR_INPUT, "a question wants its %s otherwise", key);
    return err_where(err, "$.%s", key);
}

/* A string that is there; *ret_has false: it is not. */
static int read_text(struct question *question, const struct json *root, const char *key,
    bool *ret_has, struct str *ret, struct err *err)
{
    const struct json *value = json_get(root, key);
    *ret_has = value != NULL;
    if (value && !json_is(value, JSON_STRING))
        return wrong(err, key);
    *ret = json_string(&question->arena, value);
    return 0;
}

static int read_edits(struct question *question, const struct json *edits, struct err *err)
{
    if (!json_is(edits, JSON_ARRAY) || edits->count > 4 * PATCH_EDITS_MAX)
        return wrong(err, "edits");
    question->edits =
        arena_alloc(&question->arena, (edits->count + 1) * sizeof(question->edits[0]));
    JSON_EACH(each, edits)
    {
        int64_t from = json_int(json_get(each, "from"), -1),
                to = json_int(json_get(each, "to"), -1);
        const struct json *text = json_get(each, "text");
        if (from < 0 || to < 0 || from > UINT32_MAX || to > UINT32_MAX ||
            !json_is(text, JSON_STRING))
            return wrong(err, "edits");
        question->edits[question->edits_count++] = (struct patch_edit){ (uint32_t)from,
            (uint32_t)to, json_string(&question->arena, text) };
    }
    return 0;
}

static int read_literals(struct question *question, const struct json *literals, struct err *err)
{
    if (!json_is(literals, JSON_ARRAY))
        return wrong(err, "literals");
    question->literals =
        arena_alloc(&question->arena, (literals->count + 1) * sizeof(question->literals[0]));
    JSON_EACH(each, literals)
    {
        if (!json_is(each, JSON_STRING))
            return wrong(err, "literals");
        question->literals[question->literals_count++] = json_string(&question->arena, each);
    }
    return 0;
}

static int read_question(struct question *question, struct str text, struct err *err)
{
    const struct json_limits limits = { .size_max = ANSWER_QUESTION_MAX, .depth_max = 8 };
    const struct json *root = json_read(&question->arena, text, &limits, err);
    bool has = true;
    if (!root)
        return -err->code;
    if (json_int(json_get(root, "schema"), 0) != 1)
        return wrong(err, "schema");
    int rc = read_text(question, root, "path", &has, &question->path, err);
    if (rc == 0 && has)
        rc = read_text(question, root, "source", &has, &question->source, err);
    if (rc == 0 && !has)
        rc = wrong(err, "source");
    if (rc == 0)
        rc = read_text(
            question, root, "preprocessed", &question->compared, &question->preprocessed, err);
    if (rc == 0)
        rc = read_text(question, root, "old", &question->patch, &question->old, err);
    if (rc == 0)
        rc = read_text(question, root, "retire", &question->retires, &question->retire, err);
    if (rc == 0 && json_get(root, "edits"))
        rc = read_edits(question, json_get(root, "edits"), err);
    if (rc == 0 && json_get(root, "literals"))
        rc = read_literals(question, json_get(root, "literals"), err);
    question->cover = json_bool(json_get(root, "cover"), false);
    question->strict = json_bool(json_get(root, "strict"), false);
    int64_t lines_max = json_int(json_get(root, "lines_max"), 0);
    question->lines_max = lines_max > 0 && lines_max <= UINT32_MAX ? (uint32_t)lines_max : 0;
    return rc;
}

/* The driver made the source from the edits; it is made again here, so that what is checked as
 * nodes is what was asked for. */
static bool edits_fit(const struct question *question)
{
    CLEANUP(buf_done) struct buf again = { 0 };
    return patch_apply(&again, question->old, question->edits, question->edits_count) &&
           str_equal(buf_view(&again), question->source);
}

static int write_cover(struct buf *out, const struct syntax *was, const struct syntax *now,
    const struct diff *diff, struct arena *arena, struct err *err)
{
    CLEANUP(buf_done) struct buf marked = { 0 };
    struct cover cover;
    int rc = cover_source(&marked, &cover, was, now, diff, arena, err);
    if (rc < 0)
        return rc;
    buf_text(out, ",\"cover\":{\"source\":");
    json_quote(out, buf_view(&marked));
    buf_text(out, ",\"points\":[");
    for (uint32_t i = 0; i < cover.count; i++) {
        const struct cover_point *point = &cover.at[i];
        buf_format(out, "%s[%u,", i ? "," : "", point->place.line);
        json_quote(out, point->function);
        buf_format(out, ",%u,%s]", point->what, point->wanted ? "true" : "false");
    }
    buf_text(out, "]}");
    return 0;
}

/* Of an order: does the change only take a plugin out? */
static void look_at_less(struct answer *answer, const struct question *question,
    const struct syntax *was, const struct syntax *now, struct arena *arena)
{
    struct less less;
    if (!str_equal(question->path, STR("pipeline/order.c")) || answer->findings.count > 0 ||
        !less_of(&less, was, now, arena))
        return;
    less_tell(&answer->description, &less);
    less_print(&answer->less, &less);
}

static int retire(struct answer *answer, const struct question *question,
    const struct syntax *order, struct err *err)
{
    struct err why = { 0 };
    int rc = less_source(&answer->retired, order, question->retire, &why);
    if (rc == -ERR_DEFECT) {
        *err = why;
        return rc;
    }
    if (rc < 0)
        snprintf(answer->unretired, sizeof answer->unretired, "%s", why.text);
    return 0;
}

static int look_at_patch(struct answer *answer, const struct question *question,
    const struct syntax *now, struct err *err)
{
    CLEANUP(syntax_freep) struct syntax *was = NULL;
    CLEANUP(arena_done) struct arena arena = { 0 };
    int rc = syntax_parse(&was, "the source before", question->old, NULL, err);
    if (rc == -ERR_DEFECT)
        return rc;
    if (rc < 0 || (question->edits && !edits_fit(question))) {
        rule_refuse(&answer->findings, RULE_EDIT, (struct place){ 0 },
            rc < 0 ? STR("a source before that does not parse") : STR("the edits"));
        return 0;
    }
    answer->shape_old = shape_of(was);
    const struct patch patch = { .path = question->path,
        .was = was,
        .now = now,
        .edits = question->edits,
        .count = question->edits_count,
        .lines_max = question->lines_max,
        .tier = question->strict ? BOUNDS_STRICT : BOUNDS_USUAL };
    struct diff diff = diff_trees(was, now, &arena);
    const struct describe describe = { .was = was,
        .now = now,
        .diff = &diff,
        .literals = question->literals,
        .literals_count = question->literals_count };
    answer->lines = patch_check(&answer->findings, &patch, &diff, &answer->kinds);
    describe_patch(&answer->description, &describe);
    look_at_less(answer, question, was, now, &arena);
    if (answer->findings.count == 0)
        certificate_print(&answer->certificate, was, now, &diff, &arena);
    return question->cover && answer->findings.count == 0
               ? write_cover(&answer->cover, was, now, &diff, &arena, err)
               : 0;
}

static void add_findings(struct buf *out, const struct findings *findings)
{
    for (uint32_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->at[i];
        buf_format(out, "%s{\"rule\":\"%s\",\"line\":%u,\"column\":%u,\"message\":", i ? "," : "",
            finding->rule, finding->place.line, finding->place.column);
        json_quote(out, str_of(finding->message));
        buf_char(out, '}');
    }
}

/* Lines as an array. */
static void add_lines(struct buf *out, struct str text)
{
    buf_char(out, '[');
    for (size_t from = 0; from < text.size;) {
        const char *end = memchr(text.at + from, '\n', text.size - from);
        size_t size = end ? (size_t)(end - text.at) - from : text.size - from;
        buf_text(out, from ? "," : "");
        json_quote(out, (struct str){ text.at + from, size });
        from += size + 1;
    }
    buf_char(out, ']');
}

static void write_shape(struct buf *out, const char *key, const struct digest *shape)
{
    char hex[DIGEST_HEX];
    if (!hash_zero(shape))
        buf_format(out, ",\"%s\":\"%s\"", key, hash_hex(hex, shape));
}

static void write_answer(struct buf *out, const struct answer *answer)
{
    buf_text(out, "{\"schema\":1,\"findings\":[");
    add_findings(out, &answer->findings);
    buf_format(out, "],\"more\":%u,\"kinds\":", answer->findings.more);
    add_lines(out, buf_view(&answer->kinds));
    buf_text(out, ",\"description\":");
    add_lines(out, buf_view(&answer->description));
    buf_format(out, ",\"lines\":%u", answer->lines);
    write_shape(out, "shape", &answer->shape);
    write_shape(out, "shape_old", &answer->shape_old);
    buf_str(out, buf_view(&answer->certificate));
    buf_str(out, buf_view(&answer->cover));
    buf_str(out, buf_view(&answer->less));
    if (answer->retired.size) {
        buf_text(out, ",\"retired\":");
        json_quote(out, buf_view(&answer->retired));
    } else if (*answer->unretired) {
        buf_text(out, ",\"unretired\":");
        json_quote(out, str_of(answer->unretired));
    }
    buf_text(out, "}\n");
}

int answer_question(struct buf *out, struct str text, struct err *err)
{
    CLEANUP(question_done) struct question question = { .patch = false };
    CLEANUP(answer_done) struct answer answer = { .lines = 0 };
    CLEANUP(syntax_freep) struct syntax *syntax = NULL;
    int rc = read_question(&question, text, err);
    if (rc == 0)
        rc = source_check(&answer.findings, &syntax, "the source", question.source, err);
    if (rc == 0 && syntax && question.compared)
        tokens_check(&answer.findings, syntax, question.preprocessed);
    if (rc == 0 && syntax)
        answer.shape = shape_of(syntax);
    if (rc == 0 && syntax && question.patch)
        rc = look_at_patch(&answer, &question, syntax, err);
    if (rc == 0 && syntax && question.retires)
        rc = retire(&answer, &question, syntax, err);
    if (rc == 0)
        write_answer(out, &answer);
    return rc;
}
