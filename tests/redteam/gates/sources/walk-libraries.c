#include "moult.h"

/* Numbers and addresses by way of memory: no cast is needed. */
struct call {
    int (*volatile function)(void);
};

static const void *address(volatile uint64_t *cell, uint64_t number)
{
    *cell = number;
    const volatile void *same = cell;
    const void *const volatile *hold = same;
    return *hold;
}

static uint64_t word(volatile uint64_t *cell, uint64_t at)
{
    const uint64_t *p = address(cell, at);
    return *p;
}

static bool begins(volatile uint64_t *cell, uint64_t at, const char *wanted)
{
    const char *have = address(cell, at);
    uint32_t i = 0;
    while (wanted[i] && have[i] == wanted[i])
        i++;
    return !wanted[i];
}

static uint64_t tag(volatile uint64_t *cell, uint64_t dynamic, uint64_t wanted)
{
    for (; word(cell, dynamic); dynamic += 16)
        if (word(cell, dynamic) == wanted)
            return word(cell, dynamic + 8);
    return 0;
}

/* From a function of the host down to the page where its program begins. */
static uint64_t program(moult_turn *turn, volatile uint64_t *cell)
{
    void *(*const *from)(moult_turn *, uint32_t) = &turn->host->alloc;
    const void *same = from;
    const uint64_t *number = same;
    uint64_t page = *number / 4096 * 4096;
    while (!begins(cell, page, "\177ELF"))
        page -= 4096;
    return page;
}

static uint64_t dynamic_of(volatile uint64_t *cell, uint64_t base)
{
    uint64_t segment = base + word(cell, base + 32);
    while ((word(cell, segment) & 0xffffffffu) != 2)
        segment += 56;
    return base + word(cell, segment + 16);
}

static uint64_t library(moult_turn *turn, volatile uint64_t *cell)
{
    uint64_t map = word(cell, tag(cell, dynamic_of(cell, program(turn, cell)), 21) + 8);
    /* The second is the kernel's, which the lock has taken away. */
    for (map = word(cell, word(cell, map + 24) + 24); map; map = word(cell, map + 24)) {
        uint64_t name = word(cell, map + 8), end = name;
        while (!begins(cell, end, "libc.so") && (word(cell, end) & 0xff))
            end++;
        if (begins(cell, end, "libc.so"))
            return map;
    }
    return 0;
}

static uint64_t function(volatile uint64_t *cell, uint64_t map, const char *wanted)
{
    uint64_t dynamic = word(cell, map + 16), names = tag(cell, dynamic, 5);
    uint64_t symbol = tag(cell, dynamic, 6);
    for (; symbol < names; symbol += 24)
        if (begins(cell, names + (word(cell, symbol) & 0xffffffffu), wanted))
            return word(cell, map) + word(cell, symbol + 8);
    return 0;
}

static moult_action hook(moult_turn *turn)
{
    (void)turn;
    volatile uint64_t *cell = moult_alloc(turn, sizeof(uint64_t));
    uint64_t found = function(cell, library(turn, cell), "getppid");
    *cell = found;
    volatile void *same = cell;
    volatile struct call *call = same;
    if (found)
        moult_explain(turn, "escaped: %d", call->function());
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "x",
    .turn_start = hook,
};
