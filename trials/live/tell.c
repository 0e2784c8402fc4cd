/* tell - what a live trial says of itself, whoever reads it. */
#include "trials/live/trial.h"

#include "base/file.h"
#include "base/mem.h"

#include <inttypes.h>
#include <stdio.h>

/* The service's own sums: nothing is asked behind this. */
static const struct asker *sums(struct live_trial *trial)
{
    asker_done(&trial->asker);
    return &trial->asker;
}

void live_tell_cost(struct live_trial *trial)
{
    const struct asker *took = sums(trial);
    printf("cost: $%.4f, %" PRIu64 " tokens, %u requests, %u without a reply\n",
        (double)took->usd / 1e6, took->tokens, took->requests, took->failed);
    if (trial->stopped)
        printf("stopped: %s\n", trial->why.text);
}

void live_print_cost(struct buf *out, struct live_trial *trial)
{
    const struct asker *took = sums(trial);
    buf_format(out,
        "\"cost\":{\"requests\":%u,\"failed\":%u,\"tokens\":%" PRIu64 ",\"usd\":%" PRIu64
        ".%06" PRIu64 "},\"stopped\":",
        took->requests, took->failed, took->tokens, took->usd / 1000000, took->usd % 1000000);
    if (trial->stopped)
        json_quote(out, str_of(trial->why.text));
    else
        buf_text(out, "null");
}

void live_print_plan(struct buf *out, const struct live_trial *trial, uint32_t repeats)
{
    if (repeats)
        buf_format(out, ",\"repeats\":%u", repeats);
    if (trial->options.temperature >= 0)
        buf_format(out, ",\"temperature\":%.6g", trial->options.temperature);
}

int live_write_junit(struct live_trial *trial, uint32_t repeats, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    const struct asker *took = sums(trial);
    char text[64];
    if (!trial->options.junit)
        return 0;
    junit_property(&trial->junit, "mode", STR("live"));
    if (repeats) {
        snprintf(text, sizeof text, "%u", repeats);
        junit_property(&trial->junit, "repeats", str_of(text));
    }
    if (trial->options.temperature >= 0) {
        snprintf(text, sizeof text, "%.6g", trial->options.temperature);
        junit_property(&trial->junit, "temperature", str_of(text));
    }
    snprintf(text, sizeof text, "%.6f", (double)took->usd / 1e6);
    junit_property(&trial->junit, "usd", str_of(text));
    snprintf(text, sizeof text, "%" PRIu64, took->tokens);
    junit_property(&trial->junit, "tokens", str_of(text));
    junit_print(&out, &trial->junit, STR("moult replay --mode live"));
    return file_give(trial->options.junit, buf_view(&out), 0600, err);
}
