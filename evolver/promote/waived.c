/* waived - see waived.h. */
#include "promote/waived.h"

#include "base/mem.h"
#include "sandbox/waive.h"

int waived_follow(struct driver *driver, struct err *err)
{
    const struct config *config = &driver->config;
    CLEANUP(buf_done) struct buf text = { 0 };
    struct journal_document *all;
    struct digest unused;
    uint32_t count, layers;
    int rc = sandbox_waive(config->waived, config->waived_count, &layers, err);
    if (rc == 0)
        rc = journal_documents(driver->journal, "waiver", &driver->arena, &all, &count, err);
    if (rc < 0)
        return rc;
    /* Their order is of time; numbers grow with it. */
    struct str last = count ? all[count - 1].text : (struct str){ 0 };
    return sandbox_waiver(&text, last, count + 1, layers)
               ? journal_put(driver->journal, "waiver", buf_view(&text), &unused, err)
               : 0;
}
