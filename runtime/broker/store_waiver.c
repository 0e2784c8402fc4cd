/* store_waiver - since when the operator does without a layer of the sandbox. See store.h. */
#include "base/mem.h"
#include "broker/db.h"
#include "broker/store.h"
#include "sandbox/waive.h"

static int put_next(struct store *store, uint32_t layers, struct err *err)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(buf_done) struct buf digest = { 0 };
    CLEANUP(db_resetp)
    sqlite3_stmt *row = db_bind(store, err,
        "SELECT body, json_extract(body, '$.number') FROM document WHERE kind = 'waiver'"
        " ORDER BY 2 DESC LIMIT 1",
        "");
    if (!row)
        return -err->code;
    bool any = sqlite3_step(row) == SQLITE_ROW;
    struct str last = any ? db_text(row, 0) : (struct str){ 0 };
    uint32_t number = any ? (uint32_t)sqlite3_column_int(row, 1) + 1 : 1;
    return sandbox_waiver(&text, last, number, layers)
               ? store_put(store, STR("waiver"), buf_view(&text), &digest, err)
               : 0;
}

int store_waiver(struct store *store, uint32_t layers, struct err *err)
{
    int rc = store_begin(store, err);
    if (rc == 0)
        rc = put_next(store, layers, err);
    if (rc == 0)
        return store_commit(store, err);
    store_rollback(store);
    return err_while(err, "record what the sandbox does without");
}
