/* gate_policy - see gate_policy.h. */
#include "promote/gate_policy.h"

#include "base/mem.h"
#include "trials/policy_home.h"

int gate_policy(
    struct policy *ret, struct digest *ret_digest, struct driver *driver, struct err *err)
{
    CLEANUP(buf_done) struct buf printed = { 0 };
    int rc = policy_of_home(ret, &driver->home, &driver->config, err);
    if (rc < 0)
        return rc;
    policy_print(&printed, ret);
    return journal_put(driver->journal, "policy", buf_view(&printed), ret_digest, err);
}
