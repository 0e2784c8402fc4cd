/* Any bytes as a report: refused, or printed again so that it reads back the same. */
#include "trials/report.h"

#include "base/mem.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    CLEANUP(buf_done) struct buf first = { 0 }, second = { 0 };
    struct str text = { (const char *)data, size };
    struct report report, again;
    if (report_read(&report, text, &arena, NULL) < 0)
        return 0;
    report_print(&first, &report);
    int rc = report_read(&again, buf_view(&first), &arena, NULL);
    assert(rc == 0);
    report_print(&second, &again);
    assert(str_equal(buf_view(&first), buf_view(&second)));
    return 0;
}
