/* host_memory - the memory that plugins see. The sanitizer knows the ends of what malloc gave and
 * nothing of an arena's pieces, so the sanitised worker asks malloc for each. */
#include "worker/host.h"
#include "worker/sanitized.h"

#ifdef WORKER_SANITIZED
#include "base/mem.h"

#include <string.h>

struct guarded {
    struct guarded *next;
    _Alignas(16) char at[];
};

void *host_memory(struct turn *turn, uint32_t size)
{
    struct guarded *piece = mem_zero(1, sizeof(*piece) + size);
    piece->next = turn->guarded;
    turn->guarded = piece;
    return piece->at;
}

moult_text host_exact(struct turn *turn, struct str text)
{
    if (text.size == 0)
        return (moult_text){ 0 };
    return (moult_text){ memcpy(host_memory(turn, (uint32_t)text.size), text.at, text.size),
        (uint32_t)text.size };
}

void host_guarded_free(struct turn *turn)
{
    while (turn->guarded) {
        struct guarded *piece = turn->guarded;
        turn->guarded = piece->next;
        mem_freep(&piece);
    }
}
#else
void *host_memory(struct turn *turn, uint32_t size)
{
    return arena_alloc(&turn->arena, size);
}

moult_text host_exact(struct turn *turn, struct str text)
{
    (void)turn;
    return host_text(text);
}

void host_guarded_free(struct turn *turn)
{
    (void)turn;
}
#endif
