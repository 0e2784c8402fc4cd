/* gate_policy - see gate_policy.h. */
#include "promote/gate_policy.h"

#include "base/file.h"
#include "base/mem.h"

int gate_policy(
    struct policy *ret, struct digest *ret_digest, struct driver *driver, struct err *err)
{
    enum { POLICY_MAX = 1 << 16 };
    CLEANUP(buf_done) struct buf text = { 0 }, printed = { 0 };
    int rc = 0;
    *ret = policy_default();
    if (driver->config.policy.size) {
        CLEANUP(mem_freep)
        char *path = mem_format("%s/%.*s", driver->home.path, (int)driver->config.policy.size,
            driver->config.policy.at);
        if ((rc = file_read(path, &text, POLICY_MAX, err)) == 0)
            rc = policy_read(ret, buf_view(&text), err);
        if (rc < 0)
            return err_while(err, "the gate's policy");
    }
    policy_print(&printed, ret);
    return journal_put(driver->journal, "policy", buf_view(&printed), ret_digest, err);
}
