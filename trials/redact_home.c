/* redact_home - see redact_home.h. */
#include "trials/redact_home.h"

#include "base/mem.h"

int redact_reason(
    const char **text, size_t most, const struct home *home, struct arena *arena, struct err *err)
{
    struct config config;
    if (!*text)
        return 0;
    int rc = config_read(&config, home, arena, err);
    if (rc < 0)
        return rc;
    CLEANUP(redact_freep) struct redact *redact = redact_new(&config.redact);
    struct str cut = redact_text(redact, str_of(*text), arena);
    if (cut.size > most)
        return err_set(err, ERR_LIMIT, "the reason has over %zu bytes when secrets are cut", most);
    *text = arena_string(arena, cut.at, cut.size);
    return 0;
}
