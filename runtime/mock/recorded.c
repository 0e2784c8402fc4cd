/* recorded - see recorded.h. */
#include "mock/recorded.h"

#include "base/mem.h"
#include "mock/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct reply {
    struct digest key; /* of the messages before it */
    struct answer answer;
};
struct recorded {
    struct arena arena; /* texts of the replies */
    struct reply *replies;
    uint32_t count, room;
    uint32_t *slots; /* number of the reply + 1, by its key */
    uint32_t slots_count;
};

struct recorded *recorded_new(void)
{
    return mem_zero(1, sizeof(struct recorded));
}

void recorded_free(struct recorded *recorded)
{
    if (!recorded)
        return;
    arena_done(&recorded->arena);
    free(recorded->replies);
    free(recorded->slots);
    free(recorded);
}

uint32_t recorded_count(const struct recorded *recorded)
{
    return recorded->count;
}

/* --- finding */

static uint32_t *slot_of(const struct recorded *recorded, const struct digest *key)
{
    uint64_t at = hash_fast(key, sizeof *key, 0);
    for (;; at++) {
        uint32_t *slot = &recorded->slots[at & (recorded->slots_count - 1)];
        if (*slot == 0 || hash_equal(&recorded->replies[*slot - 1].key, key))
            return slot;
    }
}

/* Twice as many slots as replies, at least. */
static void make_room(struct recorded *recorded)
{
    if (recorded->count < recorded->room)
        return;
    recorded->room = recorded->room ? recorded->room * 2 : 256;
    recorded->replies = mem_grow(recorded->replies, recorded->room, sizeof *recorded->replies);
    free(recorded->slots);
    recorded->slots_count = recorded->room * 2;
    recorded->slots = mem_zero(recorded->slots_count, sizeof *recorded->slots);
    for (uint32_t i = 0; i < recorded->count; i++)
        *slot_of(recorded, &recorded->replies[i].key) = i + 1;
}

/* --- one run */

static struct str keep(struct recorded *recorded, struct str text)
{
    return (
        struct str){ arena_string(&recorded->arena, text.at ? text.at : "", text.size), text.size };
}

/* tau has calls in the OpenAI form; tau2 has them flat, with arguments as objects. */
static struct answer_call read_call(
    struct recorded *recorded, struct arena *arena, const struct json *call)
{
    const struct json *in = json_get(call, "function");
    const struct json *args = json_get(in ? in : call, "arguments");
    struct str text = json_is(args, JSON_STRING) ? json_string(arena, args)
                      : args                     ? args->raw
                                                 : STR("{}");
    return (struct answer_call){
        .id = keep(recorded, json_string(arena, json_get(call, "id"))),
        .name = keep(recorded, json_string(arena, json_get(in ? in : call, "name"))),
        .args = keep(recorded, text),
    };
}

static struct answer read_answer(
    struct recorded *recorded, struct arena *arena, const struct json *message)
{
    struct answer answer = { .chunk = 16 };
    const struct json *calls = json_get(message, "tool_calls");
    struct str text = json_string(arena, json_get(message, "content"));
    if (text.at) {
        struct str *says = arena_alloc(&recorded->arena, sizeof *says);
        *says = keep(recorded, text);
        answer.says = says;
        answer.says_count = 1;
    }
    if (!json_is(calls, JSON_ARRAY) || calls->count == 0)
        return answer;
    struct answer_call *list = arena_alloc(&recorded->arena, calls->count * sizeof *list);
    answer.calls = list;
    JSON_EACH(call, calls)
    {
        list[answer.calls_count++] = read_call(recorded, arena, call);
    }
    return answer;
}

static int add_reply(struct recorded *recorded, struct arena *arena, const struct json *message,
    const struct key *place, struct err *err)
{
    if (recorded->count == RECORDED_REPLIES_MAX || recorded->arena.used > RECORDED_SIZE_MAX)
        return err_set(err, ERR_LIMIT, "more than %d replies, or %d MiB of them",
            RECORDED_REPLIES_MAX, RECORDED_SIZE_MAX >> 20);
    make_room(recorded);
    struct digest key = key_so_far(place);
    uint32_t *slot = slot_of(recorded, &key);
    if (*slot)
        return 0;
    recorded->replies[recorded->count] =
        (struct reply){ key, read_answer(recorded, arena, message) };
    *slot = ++recorded->count;
    return 0;
}

static int read_run(struct recorded *recorded, struct str line, struct err *err)
{
    static const struct json_limits limits = { .size_max = RECORDED_RUN_MAX, .duplicates = true };
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct key place;
    const struct json *root = json_read(&arena, line, &limits, err);
    if (!root)
        return -err->code;
    const struct json *list = json_get(root, "traj");
    if (!list)
        list = json_get(root, "messages");
    if (!json_is(list, JSON_ARRAY))
        return err_set(err, ERR_INPUT, "no run of tau-bench: it has neither traj nor messages");
    key_begin(&place);
    JSON_EACH(message, list)
    {
        struct str role = json_string(&arena, json_get(message, "role"));
        int rc = 0;
        if (str_equal(role, STR("assistant")))
            rc = add_reply(recorded, &arena, message, &place, err);
        else if (str_equal(role, STR("user")) || str_equal(role, STR("tool")))
            key_add(&place, role.at[0] == 'u' ? ASK_USER : ASK_TOOL,
                json_string(&arena, json_get(message, "content")));
        else if (!str_equal(role, STR("system")))
            rc = err_set(err, ERR_INPUT, "a message without a known role");
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* --- files */

static void close_gz(gzFile *file)
{
    if (*file)
        gzclose(*file);
}

/* The next line, without its end: 1, or 0 at the end of the file. */
static int read_line(gzFile file, struct buf *line, struct err *err)
{
    char chunk[1 << 16];
    buf_clear(line);
    while (gzgets(file, chunk, sizeof chunk)) {
        buf_text(line, chunk);
        if (line->over)
            return err_set(err, ERR_LIMIT, "a run of more than %d MiB", RECORDED_RUN_MAX >> 20);
        if (line->size > 0 && line->at[line->size - 1] == '\n')
            return 1;
    }
    int code = Z_OK;
    gzerror(file, &code);
    if (code != Z_OK && code != Z_STREAM_END)
        return err_set(err, ERR_INPUT, "the gzip data is damaged or cut short");
    return line->size > 0;
}

int recorded_add(struct recorded *recorded, const char *path, struct err *err)
{
    CLEANUP(close_gz) gzFile file = gzopen(path, "rbe");
    CLEANUP(buf_done) struct buf line = { .max = RECORDED_RUN_MAX };
    if (!file)
        return errno == ENOENT ? err_set(err, ERR_MISSING, "no such file: %.160s", path)
                               : err_sys(err, "open %.160s", path);
    gzbuffer(file, 1 << 18);
    const char *slash = strrchr(path, '/');
    for (unsigned number = 1;; number++) {
        int rc = read_line(file, &line, err);
        if (rc == 0)
            return 0;
        if (rc > 0 && str_trim(buf_view(&line)).size > 0)
            rc = read_run(recorded, buf_view(&line), err);
        if (rc < 0)
            return err_where(err, "%.90s:%u", slash ? slash + 1 : path, number);
    }
}

const struct answer *recorded_find(const struct recorded *recorded, const struct ask *ask)
{
    struct key place;
    bool settled =
        ask->messages_count > 0 && ask->messages[ask->messages_count - 1].role == ASK_ASSISTANT;
    if (recorded->count == 0 || settled)
        return NULL;
    key_begin(&place);
    for (uint32_t i = 0; i < ask->messages_count; i++)
        key_add(&place, ask->messages[i].role, ask->messages[i].text);
    struct digest key = key_so_far(&place);
    uint32_t slot = *slot_of(recorded, &key);
    return slot ? &recorded->replies[slot - 1].answer : NULL;
}
