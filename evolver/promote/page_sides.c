/* page_sides - one case of a review's page: the end of what was said before, then what the active
 * harness and what the candidate makes of the reply, beside each other. */
#include "promote/page.h"

#include "base/markup.h"
#include "base/mem.h"

enum { CONTEXT_MAX = 6, ID_SHOWN = 12 };

/* who: a word of ours; what: anybody's, or empty. */
static void said(struct buf *out, const char *who, struct str what)
{
    buf_format(out, "<p class=\"who\">%s%s", who, what.size ? " " : "");
    markup_text(out, what);
    buf_text(out, "</p>\n");
}

/* --- what was said before */

static const char *const roles[] = { [RUN_SYSTEM] = "instructions",
    [RUN_USER] = "user",
    [RUN_MODEL] = "model",
    [RUN_RESULT] = "result",
    [RUN_ERROR] = "error" };

static void message(struct buf *out, const struct run_message *message)
{
    said(out, roles[message->role], message->role == RUN_RESULT ? message->name : STR(""));
    if (message->text.size > 0)
        page_pre(out, message->failed ? "fail" : "", message->text);
    for (uint32_t i = 0; i < message->calls_count; i++) {
        said(out, "calls", message->calls[i].name);
        page_pre(out, "", message->calls[i].args);
    }
}

static void context(struct buf *out, const struct run *run, uint32_t step)
{
    uint32_t reply = run->steps[step];
    uint32_t from = reply > CONTEXT_MAX ? reply - CONTEXT_MAX : 0;
    buf_format(out,
        "<details><summary>the recorded conversation up to there: %u messages</summary>"
        "\n",
        reply + 1);
    if (from > 0)
        buf_format(out, "<p class=\"who\">the first %u are not shown</p>\n", from);
    for (uint32_t i = from; i <= reply && i < run->messages_count; i++)
        message(out, &run->messages[i]);
    buf_text(out, "</details>\n");
}

/* --- what each side does with it */

/* How a step ended, for who has not read what the words of a report mean. */
static const char *const ends[] = { [EFFECTS_ANSWERED] = "the text goes to the person",
    [EFFECTS_HANDED] = "the calls go out",
    [EFFECTS_ASKED] = "the model is asked again",
    [EFFECTS_REFUSED] = "the turn is refused",
    [EFFECTS_FAILED] = "the turn fails",
    [EFFECTS_ABNORMAL] = "abnormal end" };

static void effects(struct buf *out, const struct effects *effects)
{
    said(out, effects->request_same ? "in the end" : "another request to the model; in the end",
        str_of(ends[effects->end]));
    if (effects->why.size > 0)
        page_pre(out, "fail", effects->why);
    if (effects->text.size > 0) {
        said(out, "says", STR(""));
        page_pre(out, "", effects->text);
    }
    for (uint32_t i = 0; i < effects->calls_count; i++) {
        const struct effects_call *call = &effects->calls[i];
        said(out, call->denied ? "denies the call" : "calls", call->name);
        page_pre(out, "", call->args);
    }
}

/* Beside a recording, not beside the other side: that one is to be read as well. */
static const char *word_of(uint8_t outcome, bool missing)
{
    if (missing)
        return "no result";
    return outcome == OUTCOME_SAME ? "as recorded" : outcome_words[outcome];
}

static void side(struct buf *out, const struct sides *sides, int which)
{
    const struct side *side = &sides->arms[which];
    const struct report_case *of = sides->of;
    uint8_t outcome = which == SIDE_OLD ? of->old_outcome : of->new_outcome;
    bool missing = which == SIDE_OLD ? of->missing_old : of->missing_new;
    buf_format(out, "<div><h3>%s: %s</h3>\n",
        which == SIDE_OLD ? "the active harness" : "the candidate", word_of(outcome, missing));
    if (side->there)
        effects(out, &side->claim);
    if (side->there && of->after_step != UINT32_MAX) {
        buf_format(out, "<p class=\"who\">behind it, at step %u:</p>\n", of->after_step);
        effects(out, &side->after);
    }
    if (!side->there)
        buf_text(out, "<p class=\"who\">could not be seen again here</p>\n");
    else if (!side->as_reported)
        buf_text(out, "<p class=\"who inconclusive\">seen now, and not what the report rests on: "
                      "the harness around it is another one</p>\n");
    buf_text(out, "</div>\n");
}

/* A session's id is a digest, and any of its first digits name it; another name stays whole. */
static struct str short_id(struct str id)
{
    struct digest unused;
    return hash_unhex(&unused, id, NULL) == 0 ? (struct str){ id.at, ID_SHOWN } : id;
}

void page_sides(struct buf *out, const struct sides *sides)
{
    const struct report_case *of = sides->of;
    buf_text(out, "<article>\n<h3>");
    markup_text(out, short_id(of->id));
    buf_format(out, ", %s", suite_words[of->suite]);
    if (of->step != UINT32_MAX)
        buf_format(out, ", step %u", of->step);
    buf_text(out, "</h3>\n");
    if (sides->run && of->step < sides->run->steps_count)
        context(out, sides->run, of->step);
    if (!sides->run && of->detail.size > 0) {
        said(out, "the session cannot be shown; the report says", STR(""));
        page_pre(out, "", of->detail);
    }
    buf_text(out, "<div class=\"sides\">\n");
    side(out, sides, SIDE_OLD);
    side(out, sides, SIDE_NEW);
    buf_text(out, "</div>\n</article>\n");
}
