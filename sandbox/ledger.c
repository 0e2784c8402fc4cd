/* ledger - see ledger.h. */
#include "sandbox/ledger.h"

#include "base/mem.h"

#include <stdlib.h>

/* The kernel tells what a parent has waited for in hundredths of a second. */
enum { GENERATIONS_MAX = 64, ROUNDED_NS = 20000000 };

/* The same number is a second process where the first has ended between two looks. */
static int by_process(const void *a, const void *b)
{
    const struct ledger_row *x = a, *y = b;
    if (x->pid != y->pid)
        return x->pid < y->pid ? -1 : 1;
    return x->started < y->started ? -1 : x->started > y->started;
}

struct ledger_row *ledger_row(struct ledger *ledger, pid_t pid, uint64_t started)
{
    const struct ledger_row wanted = { .pid = pid, .started = started };
    struct ledger_row *row = NULL;
    if (ledger->known > 0)
        row = bsearch(&wanted, ledger->rows, ledger->known, sizeof wanted, by_process);
    for (unsigned i = ledger->known; !row && i < ledger->count; i++)
        if (by_process(&ledger->rows[i], &wanted) == 0)
            row = &ledger->rows[i];
    if (!row) {
        if (ledger->count == ledger->room)
            ledger->rows =
                mem_grow(ledger->rows, ledger->room = ledger->room * 2 + 64, sizeof *ledger->rows);
        row = &ledger->rows[ledger->count++];
        *row = wanted;
    }
    return row;
}

static uint64_t used_by(const struct ledger_row *row)
{
    return row->own_ns + (row->children_ns > row->gone_ns ? row->children_ns : row->gone_ns);
}

/* The last one of a number. */
static struct ledger_row *find(struct ledger *ledger, pid_t pid)
{
    const struct ledger_row wanted = { .pid = pid, .started = UINT64_MAX };
    unsigned from = 0, to = ledger->count;
    while (from < to) {
        unsigned middle = from + (to - from) / 2;
        if (by_process(&ledger->rows[middle], &wanted) <= 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from > 0 && ledger->rows[from - 1].pid == pid ? &ledger->rows[from - 1] : NULL;
}

static struct ledger_row *find_living(struct ledger *ledger, pid_t pid)
{
    struct ledger_row *row = find(ledger, pid);
    for (int i = 0; row && !row->seen && i < GENERATIONS_MAX; i++)
        row = find(ledger, row->parent);
    return row && row->seen ? row : NULL;
}

/* Where the parent has ended, too, either it had waited before, and what it used went up from it,
 * or the child was left to the first process. Nobody can see which: so both are said to have it,
 * and it is taken off once. */
static void bequeath(struct ledger *ledger, const struct ledger_row *gone)
{
    struct ledger_row *parent = find(ledger, gone->parent), *init = find(ledger, ledger->init);
    struct ledger_row *heir = find_living(ledger, gone->parent);
    uint64_t used = used_by(gone);
    if (!heir)
        return;
    heir->gone_ns += used;
    if (heir == parent || heir == init || !init)
        return;
    init->gone_ns += used;
    ledger->unclear_ns += used;
}

void ledger_turn(struct ledger *ledger)
{
    unsigned kept = 0;
    if (ledger->count > 0)
        qsort(ledger->rows, ledger->count, sizeof *ledger->rows, by_process);
    for (unsigned i = 0; i < ledger->count; i++)
        if (!ledger->rows[i].seen)
            bequeath(ledger, &ledger->rows[i]);
    for (unsigned i = 0; i < ledger->count; i++) {
        if (!ledger->rows[i].seen)
            continue;
        ledger->rows[kept] = ledger->rows[i];
        ledger->rows[kept++].seen = false;
    }
    ledger->count = ledger->known = kept;
    ledger->looks++;
}

uint64_t ledger_time_ns(const struct ledger *ledger, bool *ret_unwaited)
{
    uint64_t seen = 0, told = 0;
    for (unsigned i = 0; i < ledger->count; i++) {
        const struct ledger_row *row = &ledger->rows[i];
        seen += used_by(row);
        told += row->own_ns + row->children_ns;
    }
    seen = seen > ledger->unclear_ns ? seen - ledger->unclear_ns : 0;
    *ret_unwaited = seen > told + ROUNDED_NS;
    return seen > told ? seen : told;
}

void ledger_done(struct ledger *ledger)
{
    free(ledger->rows);
    *ledger = (struct ledger){ 0 };
}
