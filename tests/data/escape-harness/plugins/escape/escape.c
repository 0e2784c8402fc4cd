/* escape - machine code that got past every check of its source: it asks the kernel itself.
 * The user's text names the attempt; whoever lives to say "escaped" has found a hole. */
#include "moult.h"

static long ask(long number, long a, long b, long c, long d)
{
    long result;
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = -1;
    register long r9 __asm__("r9") = 0;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static long read_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (long)(low ^ high);
}

static const struct attempt {
    const char *name;
    long number, a, b, c, d;
} attempts[] = {
    { "open a file", 257, -100, (long)"/proc/self/maps", 0, 0 },
    { "open a socket", 41, 2, 1, 0, 0 },
    { "start a process", 57, 0, 0, 0, 0 },
    { "start a program", 59, (long)"/bin/sh", 0, 0, 0 },
    { "map code", 9, 0, 4096, 7, 0x22 },
    { "read the clock", 228, 0, 0, 0, 0 },
    { "trace a process", 101, 0, 1, 0, 0 },
    { "signal a process", 62, 1, 9, 0, 0 },
    { "lift its own filter", 157, 38, 0, 0, 0 },
    { "pass a descriptor", 46, 3, 0, 0, 0 },
};

static moult_action try(moult_turn *turn)
{
    moult_text wanted = moult_body(turn);
    if (moult_text_is(turn, wanted, MOULT_EQUAL, moult_str("read the counter")))
        moult_explain(turn, "escaped: %ld", read_tsc());
    for (uint32_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        const struct attempt *it = &attempts[i];
        if (!moult_text_is(turn, wanted, MOULT_EQUAL, moult_str(it->name)))
            continue;
        long got = ask(it->number, it->a, it->b, it->c, it->d);
        moult_explain(turn, "escaped: %ld", got);
    }
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "escape",
    .turn_start = try,
};
