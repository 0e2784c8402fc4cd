/* Any bytes as the gate's policy: refused with a reason, or printed again so that it reads back the
 * same, with shares that are shares. */
#include "trials/verdict.h"

#include "base/mem.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_done) struct buf first = { 0 }, second = { 0 };
    struct policy policy, again;
    struct err err = { 0 };
    if (policy_read(&policy, (struct str){ (const char *)data, size }, &err) < 0) {
        assert(err.code > ERR_NONE && err.code < ERR_CODES && err.text[0]);
        return 0;
    }
    assert(policy.p0 >= 0 && policy.p0 <= 1 && policy.margin >= 0 && policy.margin <= 1);
    assert(policy.level_shard > 0 && policy.level_shard < 1 && policy.level_harm < 1);
    policy_print(&first, &policy);
    int rc = policy_read(&again, buf_view(&first), &err);
    assert(rc == 0);
    policy_print(&second, &again);
    assert(str_equal(buf_view(&first), buf_view(&second)));
    return 0;
}
