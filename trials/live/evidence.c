/* evidence - see evidence.h. */
#include "trials/live/evidence.h"

#include "base/mem.h"
#include "trials/cmd_case.h"

#include <inttypes.h>

enum { CONVERSATION_MAX = 256 << 10, WHOLE_MAX = 8 << 20, RUNS_MAX = 20 << 20 };
_Static_assert(RUNS_MAX + (8 << 20) < JOURNAL_DOCUMENT_MAX, "the last run still fits");

/* Whole, or not at all: a part of a conversation shows what nobody said. */
static void print_conversation(struct buf *out, const struct run *run)
{
    size_t size = 0;
    for (uint32_t i = 0; run && i < run->messages_count; i++)
        size += run->messages[i].bytes.size;
    if (!run || size > CONVERSATION_MAX) {
        buf_text(out, "null");
        return;
    }
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf list = { 0 };
    buf_char(&list, '[');
    for (uint32_t i = 0; i < run->messages_count; i++) {
        if (i > 0)
            buf_char(&list, ',');
        buf_str(&list, run->messages[i].bytes);
    }
    buf_char(&list, ']');
    /* A build may have written what only a lenient reader takes. */
    if (json_read(&arena, buf_view(&list), NULL, NULL))
        buf_str(out, buf_view(&list));
    else
        buf_text(out, "null");
}

/* whole: with its conversation and the rows of its requests. */
static void print_run(struct buf *out, const struct live_run *run, const struct trial_case *of,
    const char *arm, uint32_t repeat, bool whole)
{
    char hex[DIGEST_HEX];
    struct digest digest = case_digest(of);
    buf_format(out, "{\"case\":\"%s\",\"arm\":", hash_hex(hex, &digest));
    if (arm)
        json_quote(out, str_of(arm));
    else
        buf_text(out, "null");
    buf_format(out, ",\"repeat\":%u,\"verdict\":\"%s\",\"missing\":%s,\"why\":", repeat,
        grade_verdict_words[run->proof.verdict], run->missing ? "true" : "false");
    json_quote(out, str_of(run->proof.why));
    buf_text(out, ",\"grades\":[");
    case_print_results(out, of, &run->proof);
    buf_format(out, "],\"effects\":\"%s\",\"asked\":[", hash_hex(hex, &run->proof.played.effects));
    for (uint32_t i = 0; whole && i < run->asked_count; i++)
        buf_format(out, "%s\"%s\"", i ? "," : "", hash_hex(hex, &run->asked[i]));
    buf_format(out,
        "],\"requests\":%u,\"failed\":%u,\"tokens\":%" PRIu64 ",\"usd\":%" PRIu64 ".%06" PRIu64
        ",\"ms\":%" PRIu64 ",\"conversation\":",
        run->requests, run->failed, run->tokens, run->usd / 1000000, run->usd % 1000000,
        run->proof.played.ms);
    print_conversation(out, whole ? run->proof.played.facts.run : NULL);
    buf_char(out, '}');
}

void live_evidence_add(struct live_evidence *evidence, const struct live_run *run,
    const struct trial_case *of, const char *arm, uint32_t repeat)
{
    if (evidence->runs.size > RUNS_MAX) {
        evidence->left_out++;
        return;
    }
    if (evidence->runs.size > 0)
        buf_char(&evidence->runs, ',');
    print_run(&evidence->runs, run, of, arm, repeat, evidence->runs.size < WHOLE_MAX);
}

int live_evidence_put(struct live_evidence *evidence, struct journal *journal,
    const struct digest *comparison, struct digest *ret, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    char hex[DIGEST_HEX];
    buf_text(&text, "{\"schema\":1,\"comparison\":");
    if (comparison)
        buf_format(&text, "\"%s\"", hash_hex(hex, comparison));
    else
        buf_text(&text, "null");
    buf_format(&text, ",\"left_out\":%u,\"runs\":[", evidence->left_out);
    buf_str(&text, buf_view(&evidence->runs));
    buf_text(&text, "]}");
    buf_clear(&evidence->runs);
    evidence->left_out = 0;
    return journal_put(journal, "live", buf_view(&text), ret, err);
}

void live_evidence_done(struct live_evidence *evidence)
{
    buf_done(&evidence->runs);
}
