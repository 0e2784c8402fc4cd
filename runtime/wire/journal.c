/* journal - see journal.h. */
#include "wire/journal.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "wire/journal_client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUT_MAX = 1 << 20, MESSAGES_MAX = 100000 };

const char *const journal_role_words[JOURNAL_ROLES] = { "import", "mine", "trial", "drive", "view",
    "propose", "report" };
const char *const journal_standing_words[JOURNAL_STANDINGS] = { "fact", "testimony", "claim" };

/* --- the connection */

static int dial(const struct home *home, struct err *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char path[PATH_MAX];
    home_path(path, home, "run/journal.sock");
    if (strlen(path) >= sizeof address.sun_path)
        return err_set(err, ERR_LIMIT, "the path of the home is too long for a socket: %s", path);
    strcpy(address.sun_path, path);
    CLEANUP(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_sys(err, "socket");
    if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        return err_sys(err, "connect to the broker");
    return fd_steal(&fd);
}

/* The broker writes one byte when it listens; closed without one, it has failed and said why. */
static int start_broker(const struct home *home, struct err *err)
{
    char program[PATH_MAX];
    int ready[2];
    int rc = file_program_dir(program, sizeof program - 16, err);
    if (rc < 0)
        return rc;
    strcat(program, "/moult-broker");
    if (access(program, X_OK) < 0) {
        err_set(err, ERR_LACKS, "no program %s", program);
        return err_hint(err, "build it: ./dev build");
    }
    if (pipe2(ready, O_CLOEXEC) < 0)
        return err_sys(err, "pipe");
    pid_t pid = fork();
    if (pid == 0) {
        /* Away from the terminal's signals: it ends with its last client. A second fork, so that
         * nobody has to wait for it. */
        setsid();
        if (fork() != 0)
            _exit(0);
        dup2(ready[1], STDOUT_FILENO);
        execl(program, program, "--home", home->path, "--while-used", (char *)NULL);
        _exit(127);
    }
    close(ready[1]);
    char byte = 0;
    ssize_t n = -1;
    if (pid > 0) {
        waitpid(pid, NULL, 0);
        do
            n = read(ready[0], &byte, 1);
        while (n < 0 && errno == EINTR);
    }
    close(ready[0]);
    if (pid < 0)
        return err_sys(err, "start the broker");
    if (n == 1)
        return 0;
    err_set(err, ERR_STATE, "the broker did not start (what it said stands above)");
    return err_hint(err, "put that right, then do it again");
}

static int connect_or_start(const struct home *home, struct err *err)
{
    /* A broker that is just ending may still hold the home: then starting fails once, and the next
     * try finds either it or nobody. */
    enum { TRIES = 3 };
    int fd = dial(home, err);
    for (int i = 0; fd < 0 && i < TRIES; i++) {
        if (i == 0 && err->sys != ENOENT && err->sys != ECONNREFUSED)
            return fd;
        int rc = start_broker(home, err);
        if (rc == -ERR_LACKS)
            return rc;
        struct err why = *err;
        fd = dial(home, err);
        if (fd < 0 && rc < 0)
            *err = why;
    }
    return fd < 0 ? -err->code : fd;
}

void client_begin(struct journal *journal, enum journal_op op, size_t *ret_at)
{
    *ret_at = journal->out.size;
    pack_u32(&journal->out, 0);
    pack_u8(&journal->out, (uint8_t)op);
}

void client_finish(struct journal *journal, size_t at)
{
    uint32_t size = (uint32_t)(journal->out.size - at - 4);
    for (int i = 0; i < 4; i++)
        journal->out.at[at + (size_t)i] = (char)(size >> (8 * i));
}

static int broker_gone(const char *why, struct err *err)
{
    err_set(err, ERR_PEER, "the broker has gone: %.120s", why);
    return err_hint(err, "do it again: nothing that was recorded is lost");
}

static int flush_out(struct journal *journal, struct err *err)
{
    for (size_t done = 0; done < journal->out.size;) {
        ssize_t n =
            send(journal->fd, journal->out.at + done, journal->out.size - done, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return broker_gone(strerror(errno), err);
        done += (size_t)n;
    }
    buf_clear(&journal->out);
    return 0;
}

static int take(struct journal *journal, void *to, size_t size, struct err *err)
{
    struct err why;
    if (read_all(journal->fd, to, size, &why) == 0)
        return 0;
    return broker_gone(why.text, err);
}

/* Sends what is waiting and reads one answer; *ret stands behind its status. */
int client_answer(struct journal *journal, struct unpack *ret, struct err *err)
{
    char head[4];
    int rc = flush_out(journal, err);
    if (rc < 0 || (rc = take(journal, head, sizeof head, err)) < 0)
        return rc;
    struct unpack size_of = unpack_begin((struct str){ head, sizeof head });
    uint32_t size = unpack_u32(&size_of);
    if (size == 0 || size > JOURNAL_FRAME_MAX)
        return err_set(err, ERR_PEER, "the broker's answer has a wrong length");
    buf_clear(&journal->in);
    CLEANUP(mem_freep) char *bytes = mem_alloc(size);
    if ((rc = take(journal, bytes, size, err)) < 0)
        return rc;
    buf_add(&journal->in, bytes, size);
    *ret = unpack_begin(buf_view(&journal->in));
    uint8_t status = unpack_u8(ret);
    if (status == 0)
        return 0;
    struct str text = unpack_text(ret, JOURNAL_TEXT_MAX), hint = unpack_text(ret, JOURNAL_TEXT_MAX);
    if (status >= ERR_CODES)
        return err_set(err, ERR_PEER, "the broker's answer has a wrong status");
    err_set(err, (enum err_code)status, "%.*s", (int)text.size, text.at ? text.at : "");
    err_hint(err, "%.*s", (int)hint.size, hint.at ? hint.at : "");
    return -(int)status;
}

int client_malformed(struct err *err)
{
    return err_set(err, ERR_PEER, "the broker's answer is malformed");
}

struct str client_kept(struct arena *arena, struct str text)
{
    return (struct str){ arena_copy(arena, text.at, text.size), text.size };
}

int client_page(struct journal *journal, enum journal_op op, uint64_t from, struct unpack *in,
    uint32_t *ret_count, struct err *err)
{
    size_t at;
    client_begin(journal, op, &at);
    pack_u64(&journal->out, from);
    client_finish(journal, at);
    int rc = client_answer(journal, in, err);
    uint32_t count = rc < 0 ? 0 : unpack_u32(in);
    if (rc == 0 && (in->bad || count > JOURNAL_PAGE))
        return client_malformed(err);
    *ret_count = count;
    return rc;
}

static int greet(
    struct journal **ret, const struct home *home, enum journal_role role, struct err *err)
{
    int fd = connect_or_start(home, err);
    if (fd < 0)
        return fd;
    struct journal *journal = mem_zero(1, sizeof *journal);
    struct unpack in;
    size_t at;
    journal->fd = fd;
    client_begin(journal, OP_HELLO, &at);
    pack_u32(&journal->out, JOURNAL_VERSION);
    pack_u8(&journal->out, (uint8_t)role);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        journal_close(journal);
    else
        *ret = journal;
    return rc;
}

int journal_open(
    struct journal **ret, const struct home *home, enum journal_role role, struct err *err)
{
    struct err own;
    err = err ? err : &own;
    /* A broker that is just ending may take the connection and close it: then the next try finds
     * another. */
    enum { TRIES = 3 };
    int rc = -ERR_PEER;
    for (int i = 0; rc == -ERR_PEER && i < TRIES; i++)
        rc = greet(ret, home, role, err);
    return rc;
}

void journal_close(struct journal *journal)
{
    if (!journal)
        return;
    fd_closep(&journal->fd);
    buf_done(&journal->out);
    buf_done(&journal->in);
    free(journal);
}

/* --- sessions */

struct digest journal_session_digests(
    const struct journal_session *session, struct digest *messages)
{
    struct hash_state state;
    hash_begin(&state);
    const struct str parts[] = { session->gateway ? STR("gateway") : STR("hosted"),
        session->principal, session->origin, session->group, session->tools,
        session->offered ? STR("1") : STR("0"), session->meta };
    struct digest head = hash_parts(parts, COUNT_OF(parts));
    hash_add(&state, head.at, sizeof head.at);
    for (uint32_t i = 0; i < session->messages_count; i++) {
        const struct journal_message *message = &session->messages[i];
        uint8_t flags[2] = { message->standing, message->failed };
        messages[i] = hash_of(message->bytes);
        hash_add(&state, messages[i].at, sizeof messages[i].at);
        hash_add(&state, flags, sizeof flags);
    }
    return hash_end(&state);
}

struct digest journal_session_id(const struct journal_session *session)
{
    CLEANUP(mem_freep)
    struct digest *messages = mem_alloc((session->messages_count + 1) * sizeof *messages);
    return journal_session_digests(session, messages);
}

void journal_pack_session(struct buf *out, const struct journal_session *session)
{
    pack_u64(out, session->number);
    pack_digest(out, &session->id);
    pack_u8(out, session->gateway);
    const struct str texts[] = { session->principal, session->format, session->source,
        session->origin, session->group, session->tools, session->meta };
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        pack_text(out, texts[i]);
    pack_u8(out, session->offered);
    pack_u8(out, session->split);
    pack_u8(out, session->aside);
    pack_u32(out, session->shard);
    pack_u64(out, session->at_ms);
    pack_u8(out, session->live);
    pack_text(out, session->name);
    pack_u32(out, session->turns);
    pack_u32(out, session->flags);
    pack_u64(out, session->last);
    pack_u32(out, session->messages_count);
    pack_u8(out, session->messages != NULL);
    for (uint32_t i = 0; session->messages && i < session->messages_count; i++) {
        const struct journal_message *message = &session->messages[i];
        pack_u32(out, message->turn);
        pack_u8(out, message->standing);
        pack_u8(out, message->failed);
        pack_text(out, message->bytes);
        pack_u8(out, message->origin);
        pack_text(out, message->own);
    }
}

bool journal_unpack_session(struct unpack *in, struct arena *arena, struct journal_session *ret)
{
    struct journal_session session = { .number = unpack_u64(in), .id = unpack_digest(in) };
    session.gateway = unpack_u8(in);
    session.principal = unpack_text(in, JOURNAL_TEXT_MAX);
    session.format = unpack_text(in, JOURNAL_TEXT_MAX);
    session.source = unpack_text(in, JOURNAL_TEXT_MAX);
    session.origin = unpack_text(in, JOURNAL_TEXT_MAX);
    session.group = unpack_text(in, JOURNAL_TEXT_MAX);
    session.tools = unpack_text(in, JOURNAL_TOOLS_MAX);
    session.meta = unpack_text(in, JOURNAL_META_MAX);
    session.offered = unpack_u8(in);
    session.split = unpack_u8(in);
    session.aside = unpack_u8(in);
    session.shard = unpack_u32(in);
    session.at_ms = unpack_u64(in);
    session.live = unpack_u8(in);
    session.name = unpack_text(in, JOURNAL_TEXT_MAX);
    session.turns = unpack_u32(in);
    session.flags = unpack_u32(in);
    session.last = unpack_u64(in);
    session.messages_count = unpack_u32(in);
    bool with = unpack_u8(in);
    if (in->bad || session.messages_count > MESSAGES_MAX)
        return false;
    if (with)
        session.messages =
            arena_alloc(arena, (session.messages_count + 1) * sizeof *session.messages);
    for (uint32_t i = 0; with && i < session.messages_count && !in->bad; i++) {
        struct journal_message *message = &session.messages[i];
        message->turn = unpack_u32(in);
        message->standing = unpack_u8(in);
        message->failed = unpack_u8(in);
        message->bytes = unpack_text(in, JOURNAL_FRAME_MAX);
        message->origin = unpack_u8(in);
        message->own = unpack_text(in, JOURNAL_FRAME_MAX);
        in->bad |= message->standing >= JOURNAL_STANDINGS;
    }
    *ret = session;
    return !in->bad;
}

int journal_add(struct journal *journal, const struct journal_session *session, struct err *err)
{
    size_t at;
    client_begin(journal, OP_ADD, &at);
    journal_pack_session(&journal->out, session);
    client_finish(journal, at);
    if (journal->out.size - at > JOURNAL_FRAME_MAX) {
        journal->out.size = at;
        return err_set(err, ERR_LIMIT, "a session of more than %d MiB", JOURNAL_FRAME_MAX >> 20);
    }
    return journal->out.size > OUT_MAX ? flush_out(journal, err) : 0;
}

int journal_flush(
    struct journal *journal, uint64_t *ret_added, uint64_t *ret_known, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, OP_FLUSH, &at);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    uint64_t added = unpack_u64(&in), known = unpack_u64(&in);
    if (!unpack_end(&in))
        return client_malformed(err);
    *ret_added = added;
    *ret_known = known;
    return 0;
}

int journal_list(struct journal *journal, uint64_t after, struct arena *arena,
    struct journal_session **ret, uint32_t *ret_count, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, OP_LIST, &at);
    pack_u64(&journal->out, after);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    uint32_t count = unpack_u32(&in);
    if (count > JOURNAL_PAGE)
        return client_malformed(err);
    struct journal_session *list = arena_alloc(arena, (count + 1) * sizeof *list);
    for (uint32_t i = 0; i < count; i++)
        if (!journal_unpack_session(&in, arena, &list[i]))
            return client_malformed(err);
    if (!unpack_end(&in))
        return client_malformed(err);
    *ret = list;
    *ret_count = count;
    return 0;
}

int journal_read(struct journal *journal, uint64_t number, struct arena *arena,
    struct journal_session *ret, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, OP_READ, &at);
    pack_u64(&journal->out, number);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    return journal_unpack_session(&in, arena, ret) && unpack_end(&in) ? 0 : client_malformed(err);
}

int journal_find(struct journal *journal, struct str prefix, uint64_t *ret_number, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, OP_FIND, &at);
    pack_text(&journal->out, prefix);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    *ret_number = unpack_u64(&in);
    return unpack_end(&in) ? 0 : client_malformed(err);
}

/* --- what is decided */

int journal_split(struct journal *journal, struct str group, uint8_t split, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, OP_SPLIT, &at);
    pack_text(&journal->out, group);
    pack_u8(&journal->out, split);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    uint8_t now = unpack_u8(&in);
    return unpack_end(&in) ? now : client_malformed(err);
}

int journal_put(
    struct journal *journal, const char *kind, struct str text, struct digest *ret, struct err *err)
{
    size_t at;
    struct unpack in;
    if (text.size > JOURNAL_DOCUMENT_MAX)
        return err_set(
            err, ERR_LIMIT, "a document of more than %d MiB", JOURNAL_DOCUMENT_MAX >> 20);
    client_begin(journal, OP_PUT, &at);
    pack_text(&journal->out, str_of(kind));
    pack_text(&journal->out, text);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    *ret = unpack_digest(&in);
    return unpack_end(&in) ? 0 : client_malformed(err);
}

int journal_get(struct journal *journal, const char *kind, const struct digest *digest,
    struct arena *arena, struct str *ret, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, OP_GET, &at);
    pack_text(&journal->out, str_of(kind));
    pack_digest(&journal->out, digest);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    struct str text = unpack_text(&in, JOURNAL_DOCUMENT_MAX);
    if (!unpack_end(&in))
        return client_malformed(err);
    struct digest now = hash_of(text);
    if (!hash_equal(&now, digest))
        return err_set(err, ERR_VERIFY, "the journal's %s is not the one of that digest", kind);
    *ret = (struct str){ arena_copy(arena, text.at, text.size), text.size };
    return 0;
}

int journal_move_cluster(struct journal *journal, const struct journal_cluster *cluster,
    const char *from_state, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, OP_MOVE_CLUSTER, &at);
    pack_text(&journal->out, cluster->id);
    pack_text(&journal->out, cluster->signature);
    pack_text(&journal->out, cluster->state);
    pack_text(&journal->out, str_of(from_state));
    pack_digest(&journal->out, &cluster->document);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    return rc < 0 ? rc : unpack_end(&in) ? 0 : client_malformed(err);
}

int journal_clusters(struct journal *journal, struct arena *arena, struct journal_cluster **ret,
    uint32_t *ret_count, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, OP_CLUSTERS, &at);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    uint32_t count = unpack_u32(&in);
    if (in.bad || count > JOURNAL_FRAME_MAX / 64)
        return client_malformed(err);
    struct journal_cluster *list = arena_alloc(arena, (count + 1) * sizeof *list);
    for (uint32_t i = 0; i < count && !in.bad; i++) {
        list[i].id = client_kept(arena, unpack_text(&in, JOURNAL_TEXT_MAX));
        list[i].signature = client_kept(arena, unpack_text(&in, JOURNAL_TEXT_MAX));
        list[i].state = client_kept(arena, unpack_text(&in, JOURNAL_TEXT_MAX));
        list[i].document = unpack_digest(&in);
    }
    if (!unpack_end(&in))
        return client_malformed(err);
    *ret = list;
    *ret_count = count;
    return 0;
}

/* --- the audit chain */

struct digest journal_record_digest(const struct journal_record *record)
{
    char number[24], at[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)record->number);
    snprintf(at, sizeof at, "%llu", (unsigned long long)record->at_ms);
    const struct str parts[] = { { (const char *)record->before.at, sizeof record->before.at },
        str_of(number), str_of(at), record->kind, record->body };
    return hash_parts(parts, COUNT_OF(parts));
}

static int records(struct journal *journal, enum journal_op op, uint64_t after, struct arena *arena,
    struct journal_record **ret, uint32_t *ret_count, struct err *err)
{
    size_t at;
    struct unpack in;
    client_begin(journal, op, &at);
    pack_u64(&journal->out, after);
    client_finish(journal, at);
    int rc = client_answer(journal, &in, err);
    if (rc < 0)
        return rc;
    uint32_t count = unpack_u32(&in);
    if (count > JOURNAL_PAGE)
        return client_malformed(err);
    struct journal_record *list = arena_alloc(arena, (count + 1) * sizeof *list);
    for (uint32_t i = 0; i < count && !in.bad; i++) {
        list[i].number = unpack_u64(&in);
        list[i].at_ms = unpack_u64(&in);
        list[i].kind = unpack_text(&in, JOURNAL_TEXT_MAX);
        list[i].body = unpack_text(&in, JOURNAL_META_MAX);
        list[i].before = unpack_digest(&in);
        list[i].digest = unpack_digest(&in);
    }
    if (!unpack_end(&in))
        return client_malformed(err);
    *ret = list;
    *ret_count = count;
    return 0;
}

int journal_audit(struct journal *journal, uint64_t after, struct arena *arena,
    struct journal_record **ret, uint32_t *ret_count, struct err *err)
{
    return records(journal, OP_AUDIT, after, arena, ret, ret_count, err);
}

int journal_quarantines(struct journal *journal, uint64_t after, struct arena *arena,
    struct journal_record **ret, uint32_t *ret_count, struct err *err)
{
    return records(journal, OP_QUARANTINES, after, arena, ret, ret_count, err);
}

int journal_record_check(const struct journal_record *record, uint64_t number,
    const struct digest *before, struct err *err)
{
    struct digest digest = journal_record_digest(record);
    const char *why = record->number != number               ? "its number is out of order"
                      : !hash_equal(&record->before, before) ? "it does not follow the one before"
                      : !hash_equal(&record->digest, &digest)
                          ? "its content is not what was recorded"
                          : NULL;
    if (!why)
        return 0;
    err_set(err, ERR_VERIFY, "audit record %llu: %s", (unsigned long long)number, why);
    return err_where(err, "journal.db: audit %llu", (unsigned long long)number);
}

int journal_audit_verify(
    struct journal *journal, uint64_t *ret_records, struct digest *ret_head, struct err *err)
{
    *ret_records = 0;
    *ret_head = (struct digest){ { 0 } };
    return journal_audit_verify_on(journal, ret_records, ret_head, err);
}

int journal_audit_verify_on(
    struct journal *journal, uint64_t *records, struct digest *last, struct err *err)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct digest head = *last;
    uint64_t number = *records;
    for (uint32_t count = 1; count > 0;) {
        struct journal_record *list;
        arena_reset(&arena);
        int rc = journal_audit(journal, number, &arena, &list, &count, err);
        for (uint32_t i = 0; rc == 0 && i < count; i++) {
            rc = journal_record_check(&list[i], ++number, &head, err);
            head = list[i].digest;
        }
        if (rc < 0)
            return rc;
    }
    *records = number;
    *last = head;
    return 0;
}
