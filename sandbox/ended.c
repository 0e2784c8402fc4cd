/* ended - see ended.h. */
#include "sandbox/ended.h"

#include "base/mem.h"
#include "lock/words.h"

#include <signal.h>
#include <stdio.h>

/* What the program said last, which its signal alone does not tell: behind the lock abort is one of
 * the calls that end it. In this order: the first that fits. */
static const struct cause {
    const char *said; /* NULL: whatever it said */
    int signal;       /* 0: any */
    const char *words;
} causes[] = {
    { LOCK_WORD_STACK, SIGSEGV, "its stack overflowed" },
    { LOCK_WORD_MEMORY, 0, "no memory was left to it" },
    { NULL, SIGSYS, "it made a call that it may not make" },
    { NULL, SIGFPE, "it divided by nothing" },
};

const char *sandbox_ended(char out[SANDBOX_ENDED_MAX], const struct sandbox_result *result)
{
    const struct str said = buf_view(&result->err);
    if (result->limit != LIMIT_NONE)
        snprintf(out, SANDBOX_ENDED_MAX, "was ended by its limit on %s",
            sandbox_limit_words[result->limit]);
    else if (result->signal == 0)
        snprintf(out, SANDBOX_ENDED_MAX, "ended with %d", result->exit_code);
    else
        snprintf(out, SANDBOX_ENDED_MAX, "died of signal %d", result->signal);
    for (size_t i = 0; result->signal && result->limit == LIMIT_NONE && i < COUNT_OF(causes); i++) {
        const struct cause *cause = &causes[i];
        if ((cause->signal && cause->signal != result->signal) ||
            (cause->said && str_find(said, str_of(cause->said)) < 0))
            continue;
        snprintf(out, SANDBOX_ENDED_MAX, "died of signal %d: %s", result->signal, cause->words);
        break;
    }
    return out;
}

bool sandbox_sanitizer_spoke(const struct sandbox_result *result)
{
    struct str text = buf_view(&result->err);
    return str_find(text, STR("AddressSanitizer")) >= 0 ||
           str_find(text, STR("runtime error")) >= 0;
}
