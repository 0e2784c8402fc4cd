/* shown - see shown.h. */
#include "wire/shown.h"

#include "base/hash.h"

enum kind { CUT = 1, CHANGED, WITHOUT, ADDED, ASKED, ELSE };

static uint64_t fold(uint64_t shown, enum kind kind, uint64_t number, struct str text)
{
    const uint64_t form[] = { shown, (uint64_t)kind, number, text.size,
        hash_fast(text.at, text.size, 0) };
    return hash_fast(form, sizeof(form), sizeof(form)) | 1; /* never 0 */
}

bool wire_is_cut(struct str was, struct str now)
{
    size_t same = 0;
    while (same < was.size && same < now.size && was.at[same] == now.at[same])
        same++;
    return was.size > WIRE_LARGE && now.size <= WIRE_LARGE && same >= WIRE_CUT_LEAST &&
           now.size - same <= WIRE_CUT_REMARK_MAX;
}

uint64_t wire_shown_cut(uint64_t shown, uint32_t message)
{
    return fold(shown, CUT, message, (struct str){ 0 });
}

uint64_t wire_shown_result(uint64_t shown, uint32_t message, struct str was, struct str now)
{
    if (str_equal(was, now))
        return shown;
    return wire_is_cut(was, now) ? wire_shown_cut(shown, message)
                                 : fold(shown, CHANGED, message, now);
}

uint64_t wire_shown_without(uint64_t shown, uint32_t message)
{
    return fold(shown, WITHOUT, message, (struct str){ 0 });
}

uint64_t wire_shown_added(uint64_t shown, struct str bytes)
{
    return fold(shown, ADDED, 0, bytes);
}

uint64_t wire_shown_asked(uint64_t shown, bool own_model, uint32_t model, struct str tools)
{
    return own_model && tools.size == 0 ? shown : fold(shown, ASKED, model, tools);
}

uint64_t wire_shown_else(uint64_t shown, struct str what)
{
    return fold(shown, ELSE, 0, what);
}

uint64_t wire_shown_end(uint64_t end, uint64_t shown)
{
    return shown ? hash_fast(&shown, sizeof(shown), end) : end;
}
