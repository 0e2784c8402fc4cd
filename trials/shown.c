/* shown - see shown.h. */
#include "trials/shown.h"

#include "base/mem.h"
#include "trials/split.h"

/* The journal moves the group of what a viewer reads: whoever asks need not remember to. */
static int read_as_viewer(struct shown *shown, uint64_t number, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct journal_session session;
    int rc = shown->view ? 0 : journal_open(&shown->view, shown->home, JOURNAL_VIEW, err);
    return rc < 0 ? rc : journal_read(shown->view, number, &arena, &session, err);
}

int shown_take(struct shown *shown, uint64_t session, uint8_t split, struct err *err)
{
    if (split != JOURNAL_NO_SPLIT)
        return split == SPLIT_HELD_IN;
    int rc = read_as_viewer(shown, session, err);
    return rc < 0 ? rc : 1;
}

void shown_done(struct shown *shown)
{
    journal_close(shown->view);
    shown->view = NULL;
}
