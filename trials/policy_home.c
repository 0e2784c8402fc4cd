/* policy_home - see policy_home.h. */
#include "trials/policy_home.h"

#include "base/file.h"
#include "base/mem.h"

int policy_of_home(
    struct policy *ret, const struct home *home, const struct config *config, struct err *err)
{
    enum { POLICY_MAX = 1 << 16 };
    CLEANUP(buf_done) struct buf text = { 0 };
    int rc = 0;
    *ret = policy_default();
    if (config->policy.size) {
        CLEANUP(mem_freep)
        char *path = mem_format("%s/%.*s", home->path, (int)config->policy.size, config->policy.at);
        if ((rc = file_read(path, &text, POLICY_MAX, err)) == 0)
            rc = policy_read_file(ret, buf_view(&text), err);
    }
    return rc < 0 ? err_while(err, "the gate's policy") : 0;
}
