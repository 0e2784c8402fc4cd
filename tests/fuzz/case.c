/* Any bytes as a case: refused with a reason, or printed again so that it reads back as the same
 * case, with the same digest. */
#include "trials/case/case.h"

#include "base/mem.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf first = { 0 }, second = { 0 };
    struct trial_case of, again;
    struct err err = { 0 };
    if (case_read(&of, (struct str){ (const char *)data, size }, &arena, &err) < 0) {
        assert(err.code > ERR_NONE && err.code < ERR_CODES && err.text[0]);
        return 0;
    }
    case_print(&first, &of);
    int rc = case_read(&again, buf_view(&first), &arena, &err);
    assert(rc == 0);
    case_print(&second, &again);
    assert(str_equal(buf_view(&first), buf_view(&second)));
    struct digest a = case_digest(&of), b = case_digest(&again);
    assert(hash_equal(&a, &b));
    return 0;
}
