/* Any bytes as a comparison's row: refused, or printed again so that it reads back the same. */
#include "trials/sequential.h"

#include "base/mem.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(sequential_done) struct sequential row = { 0 }, again = { 0 };
    CLEANUP(buf_done) struct buf first = { 0 }, second = { 0 };
    struct str text = { (const char *)data, size };
    if (sequential_read(&row, text, NULL) < 0)
        return 0;
    sequential_print(&first, &row);
    int rc = sequential_read(&again, buf_view(&first), NULL);
    assert(rc == 0);
    assert(again.end == row.end);
    sequential_print(&second, &again);
    assert(str_equal(buf_view(&first), buf_view(&second)));
    return 0;
}
