/* report_marks - see report_marks.h. */
#include "trials/report_marks.h"

#include "base/mem.h"

static void fill_ran(struct report *report, const struct marks *marks, struct arena *arena)
{
    report->ran_count = 0;
    report->ran = arena_alloc(arena, REPORT_BRANCHES_MAX * sizeof *report->ran);
    for (uint32_t i = 0; i < marks->count && report->ran_count < REPORT_BRANCHES_MAX; i++)
        if (marks->at[i].wanted)
            report->ran[report->ran_count++] =
                (struct report_branch){ .function = marks->at[i].function,
                    .line = marks->at[i].line,
                    .what = marks->at[i].what,
                    .cases = marks->seen[i].cases,
                    .held_out = marks->seen[i].held_out,
                    .shown = marks->seen[i].shown,
                    .shown_count = marks->seen[i].shown_count };
}

void report_marks(struct report *report, const struct marks *marks, struct arena *arena)
{
    CLEANUP(buf_done) struct buf told = { 0 };
    marks_tell(&told, marks);
    fill_ran(report, marks, arena);
    report->branches = marks_wanted(marks);
    report->branches_missed = marks_missed(marks);
    report->branches_note =
        (struct str){ arena_string(arena, told.at ? told.at : "", told.size), told.size };
}
