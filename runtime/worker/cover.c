/* cover - see cover.h. */
#include "worker/cover.h"

#include "base/mem.h"

#include <string.h>

static const struct moult_trial *marked(const struct harness *harness)
{
    for (uint32_t i = 0; i < harness->builds_count; i++) {
        const struct moult_trial *trial = harness->builds[i].trial;
        if (trial && trial->cover && trial->cover_count > 0)
            return trial;
    }
    return NULL;
}

static uint32_t count_of(const struct moult_trial *trial)
{
    return trial->cover_count < 8 * WIRE_COVER_MAX ? trial->cover_count : 8 * WIRE_COVER_MAX;
}

void cover_note(struct session *session)
{
    const struct moult_trial *trial = marked(session->harness);
    if (!trial)
        return;
    if (!session->cover)
        session->cover = mem_zero(WIRE_COVER_MAX, 1);
    for (uint32_t i = 0; i < count_of(trial); i++) {
        session->cover[i / 8] |= (uint8_t)((trial->cover[i] != 0) << i % 8);
        trial->cover[i] = 0;
    }
}

struct str cover_list(struct session *session)
{
    const struct moult_trial *trial = marked(session->harness);
    if (!trial)
        return (struct str){ 0 };
    cover_note(session);
    return (struct str){ (const char *)session->cover, (count_of(trial) + 7) / 8 };
}

void cover_forget(struct session *session)
{
    if (session->cover)
        memset(session->cover, 0, WIRE_COVER_MAX);
}
