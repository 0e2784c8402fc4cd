/* forge - machine code that got past every check of its source, and goes for the broker: it writes
 * to the worker's socket itself, or never answers. The user's text says what to do; "write HEX"
 * are the bytes as they stand. */
#include "moult.h"

enum { SYS_READ_ = 0, SYS_WRITE_ = 1, SYS_EXIT_ = 231, SOCKET = 3, BYTES_MAX = 8192 };

static long ask(long number, long a, long b, long c)
{
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(c)
                     : "rcx", "r11", "memory");
    return result;
}

static unsigned digit(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

static void write_hex(const char *hex, size_t size)
{
    char bytes[BYTES_MAX];
    size_t count = size / 2 < BYTES_MAX ? size / 2 : BYTES_MAX;
    for (size_t i = 0; i < count; i++)
        bytes[i] = (char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    ask(SYS_WRITE_, SOCKET, (long)bytes, (long)count);
}

static moult_action forge(moult_turn *turn)
{
    char byte;
    moult_text wanted = moult_body(turn);
    if (wanted.size > 6 && wanted.at[0] == 'w') /* write HEX */
        write_hex(wanted.at + 6, wanted.size - 6);
    while (wanted.at[0] == 'f') /* flood HEX */
        write_hex(wanted.at + 6, wanted.size - 6);
    while (wanted.at[0] == 's') /* sleep */
        ask(SYS_READ_, SOCKET, (long)&byte, 1);
    while (wanted.at[0] == 'l') /* loop */
        __asm__ volatile("");
    if (wanted.at[0] == 'e') /* exit */
        ask(SYS_EXIT_, 7, 0, 0);
    if (wanted.at[0] == 'c') /* crash */
        __asm__ volatile("ud2");
    return MOULT_PASS;
}

MOULT_EXPORT const struct moult_plugin moult_plugin = {
    .abi = MOULT_ABI,
    .size = sizeof(struct moult_plugin),
    .name = "forge",
    .turn_start = forge,
};
