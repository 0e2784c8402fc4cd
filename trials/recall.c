/* recall - see recall.h.
 *
 *   "moult mined 1\n" PROGRAM(32)   then records: SIZE(4) CHECK(8) NUMBER(8) LAST(8) FLAGS(4) RUN
 *
 * Two miners at a time do no harm: what one of them has not seen of the other is read again. */
#include "trials/recall.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "wire/pack.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char magic[] = "moult mined 1\n";
enum { MAGIC = sizeof magic - 1, HEAD = MAGIC + sizeof(struct digest), RECORD_HEAD = 12 };

static void put_head(struct buf *out, const struct digest *program)
{
    buf_add(out, magic, MAGIC);
    pack_digest(out, program);
}

static void put_record(struct buf *out, const struct recall_record *record)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    pack_u64(&body, record->number);
    pack_u64(&body, record->last);
    pack_u32(&body, record->flags);
    buf_str(&body, record->bytes);
    pack_u32(out, (uint32_t)body.size);
    pack_u64(out, hash_fast(body.at, body.size, 0));
    buf_str(out, buf_view(&body));
}

/* --- reading */

static bool read_record(struct recall_record *ret, struct str file, size_t *at)
{
    if (file.size - *at < RECORD_HEAD)
        return false;
    struct unpack head = unpack_begin((struct str){ file.at + *at, RECORD_HEAD });
    uint32_t size = unpack_u32(&head);
    uint64_t check = unpack_u64(&head);
    if (size > file.size - *at - RECORD_HEAD)
        return false;
    struct str body = { file.at + *at + RECORD_HEAD, size };
    struct unpack in = unpack_begin(body);
    *ret = (struct recall_record){ .number = unpack_u64(&in) };
    ret->last = unpack_u64(&in);
    ret->flags = unpack_u32(&in);
    ret->bytes = (struct str){ in.p, (size_t)(in.end - in.p) };
    if (in.bad || hash_fast(body.at, body.size, 0) != check)
        return false;
    *at += RECORD_HEAD + size;
    return true;
}

/* The later one of a session stands behind the earlier one in the file. */
static int by_number(const void *a, const void *b)
{
    const struct recall_record *x = a, *y = b;
    if (x->number != y->number)
        return x->number < y->number ? -1 : 1;
    return x->bytes.at < y->bytes.at ? -1 : x->bytes.at > y->bytes.at;
}

static void index_records(struct recall *recall, uint32_t count)
{
    if (count > 0)
        qsort(recall->records, count, sizeof *recall->records, by_number);
    for (uint32_t i = 0; i < count; i++) {
        if (recall->count > 0 &&
            recall->records[recall->count - 1].number == recall->records[i].number)
            recall->count--;
        recall->records[recall->count++] = recall->records[i];
    }
    recall->stale = count - recall->count;
}

void recall_open(struct recall *ret, const char *path, const struct digest *program)
{
    struct err err;
    uint32_t count = 0, room = 0;
    *ret = (struct recall){ .path = mem_format("%s", path) };
    int status = file_read(path, &ret->file, RECALL_FILE_MAX, &err);
    if (status < 0 && status != -ERR_MISSING)
        log_line(LOG_WARN, "what was mined before is read again: %s", err.text);
    struct str file = buf_view(&ret->file);
    if (status < 0 || file.size < HEAD || memcmp(file.at, magic, MAGIC) != 0 ||
        memcmp(file.at + MAGIC, program->at, sizeof program->at) != 0)
        return;
    size_t at = HEAD;
    struct recall_record record;
    while (read_record(&record, file, &at)) {
        if (count == room)
            ret->records = mem_grow(ret->records, room = room ? room * 2 : 256, sizeof record);
        ret->records[count++] = record;
    }
    ret->whole = at == file.size;
    index_records(ret, count);
}

bool recall_find(const struct recall *recall, const struct journal_session *session,
    struct mined *ret, struct arena *arena)
{
    uint32_t low = 0, high = recall->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (recall->records[middle].number < session->number)
            low = middle + 1;
        else
            high = middle;
    }
    const struct recall_record *record = low < recall->count ? &recall->records[low] : NULL;
    if (!record || record->number != session->number || record->last != session->last ||
        record->flags != session->flags)
        return false;
    char hex[DIGEST_HEX];
    struct unpack in = unpack_begin(record->bytes);
    return mined_unpack(ret, &in, arena) == 0 && unpack_end(&in) &&
           str_equal(ret->id, str_of(hash_hex(hex, &session->id)));
}

/* --- writing */

void recall_add(
    struct recall *recall, const struct journal_session *session, const struct mined *mined)
{
    CLEANUP(buf_done) struct buf bytes = { 0 };
    mined_pack(&bytes, mined);
    put_record(&recall->added, &(struct recall_record){ session->number, session->last,
                                   session->flags, buf_view(&bytes) });
}

static int append(const struct recall *recall, struct err *err)
{
    CLEANUP(fd_closep) int fd = open(recall->path, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return err_sys(err, "open %s", recall->path);
    return write_all(fd, recall->added.at, recall->added.size, err);
}

/* As it was, less what is stale, and what was added. */
static int write_anew(const struct recall *recall, const struct digest *program, struct err *err)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    put_head(&out, program);
    for (uint32_t i = 0; i < recall->count; i++)
        put_record(&out, &recall->records[i]);
    buf_str(&out, buf_view(&recall->added));
    return file_write(recall->path, buf_view(&out), 0600, err);
}

int recall_save(struct recall *recall, const struct digest *program, struct err *err)
{
    if (recall->whole && recall->stale <= recall->count)
        return recall->added.size > 0 ? append(recall, err) : 0;
    return write_anew(recall, program, err);
}

void recall_done(struct recall *recall)
{
    free(recall->path);
    free(recall->records);
    buf_done(&recall->file);
    buf_done(&recall->added);
}
