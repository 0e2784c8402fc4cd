/* view_cases - of a report, for people: what became of the cases that the home took in, which cases
 * are flaky, and who ran what the patch changed. Held-out cases are counted and not named. */
#include "promote/view.h"

#include "base/mem.h"
#include "trials/grade/grade.h"
#include "trials/marks.h"
#include "trials/tally.h"

enum { SHOWN_MAX = 4, NAME_MAX_SHOWN = 64, SHORT_HEX = 12 };

/* A session is called by its first digits, anything else by its name. */
static void name(struct buf *out, struct str id)
{
    char shown[4 * NAME_MAX_SHOWN];
    struct digest unused;
    if (hash_unhex(&unused, id, NULL) == 0)
        id.size = SHORT_HEX;
    if (id.size > NAME_MAX_SHOWN)
        id.size = NAME_MAX_SHOWN;
    buf_text(out, str_printable(shown, sizeof shown, id, false));
}

static void taken_line(struct buf *out, const struct report_taken *c, const char *says)
{
    char detail[300];
    buf_format(out, "  %-12s ", suite_words[c->suite]);
    name(out, c->id);
    buf_format(out, "%s%s%s\n", says, c->detail.size ? ": " : "",
        str_printable(detail, sizeof detail, c->detail, false));
}

void view_taken(struct buf *out, const struct report *report)
{
    uint32_t same = 0;
    if (report->taken_count == 0)
        return;
    buf_text(out, "\nThe cases that this home took in, played by both harnesses\n");
    for (uint32_t i = 0; i < report->taken_count; i++) {
        const struct report_taken *c = &report->taken[i];
        enum flip flip = tally_taken(c);
        if (c->flaky)
            taken_line(out, c, " goes both ways with the old harness: it says nothing (FLAKY)");
        else if (c->unstable)
            taken_line(out, c, " goes both ways with the new harness alone");
        else if (flip == FLIP_WORSE)
            taken_line(out, c, " goes FROM PASS TO FAIL");
        else if (flip == FLIP_MENDED)
            taken_line(out, c, " passes now, and did not before");
        else
            same += 1;
    }
    buf_format(out, "  %-12s %u of %u as before\n", "others", same, report->taken_count);
}

void view_flaky(struct buf *out, const struct report *report)
{
    uint32_t held_out = 0;
    if (report->unstable_old == 0)
        return;
    buf_text(
        out, "\nFlaky: the old harness itself does otherwise at another time or with other luck\n");
    for (uint32_t i = 0; i < report->cases_count; i++) {
        const struct report_case *c = &report->cases[i];
        if (!c->unstable_old)
            continue;
        held_out += c->split != SPLIT_HELD_IN;
        if (c->split != SPLIT_HELD_IN)
            continue;
        buf_text(out, "  - ");
        name(out, c->id);
        buf_char(out, '\n');
    }
    if (held_out > 0)
        buf_format(out, "  - %u held-out cases\n", held_out);
}

void view_branches(struct buf *out, const struct report *report)
{
    if (report->ran_count == 0)
        return;
    buf_text(out, "\nWho runs what changed (by the word of the build itself)\n");
    for (uint32_t i = 0; i < report->ran_count; i++) {
        const struct report_branch *branch = &report->ran[i];
        buf_text(out, "  ");
        name(out, branch->function);
        buf_format(
            out, ", line %u, %s: %u cases", branch->line, marks_words[branch->what], branch->cases);
        if (branch->held_out > 0)
            buf_format(out, ", %u of them held out", branch->held_out);
        for (uint32_t k = 0; k < branch->shown_count && k < SHOWN_MAX; k++) {
            buf_text(out, k ? ", " : ": ");
            name(out, branch->shown[k]);
        }
        buf_text(out, branch->shown_count > SHOWN_MAX ? ", ...\n" : "\n");
    }
}
