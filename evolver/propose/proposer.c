/* proposer - the codecs of proposer.h and the channel under them, for both ends.
 *
 * One side of the socket is a program that is not trusted, so a length is compared with its bound
 * before anything is allocated for it, and a number of elements with the bytes that are left. */
#include "propose/proposer.h"

#include "base/fd.h"
#include "base/mem.h"
#include "wire/pack.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD = 5, VERDICT_SIZE = 3 * 8 + 4 + 1 };

/* A peer that has gone is an error of this call, not a signal. */
static int send_all(int fd, const char *data, size_t size, struct err *err)
{
    while (size > 0) {
        ssize_t n = send(fd, data, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_sys(err, "write to the other end");
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

int proposer_send(
    struct proposer_channel *channel, enum proposer_type type, struct str payload, struct err *err)
{
    if (payload.size > PROPOSER_FRAME_MAX)
        return err_set(err, ERR_LIMIT, "a message of %zu bytes; at most %d are taken", payload.size,
            PROPOSER_FRAME_MAX);
    CLEANUP(buf_done) struct buf frame = { 0 };
    pack_u32(&frame, (uint32_t)payload.size);
    pack_u8(&frame, (uint8_t)type);
    buf_str(&frame, payload);
    return send_all(channel->fd, frame.at, frame.size, err);
}

/* 1, or 0 if the stream has ended before the first byte. */
static int read_head(int fd, char head[HEAD], struct err *err)
{
    ssize_t n;
    do
        n = read(fd, head, 1);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return 0;
    if (n < 0)
        return err_sys(err, "read from the other end");
    int r = read_all(fd, head + 1, HEAD - 1, err);
    return r < 0 ? r : 1;
}

int proposer_receive(struct proposer_channel *channel, enum proposer_type *ret_type,
    struct str *ret_payload, struct err *err)
{
    char head[HEAD];
    int r = read_head(channel->fd, head, err);
    if (r <= 0)
        return r;
    struct unpack in = unpack_begin((struct str){ head, HEAD });
    uint32_t size = unpack_u32(&in);
    uint8_t type = unpack_u8(&in);
    if (size > PROPOSER_FRAME_MAX)
        return err_set(err, ERR_LIMIT, "a message of %u bytes; at most %d are taken", size,
            PROPOSER_FRAME_MAX);
    if (type == 0 || type >= PROPOSER_TYPES)
        return err_set(err, ERR_INPUT, "no message has the type %u", type);
    buf_clear(&channel->in);
    r = read_all(channel->fd, buf_reserve(&channel->in, size), size, err);
    if (r < 0)
        return r;
    channel->in.size = size;
    *ret_type = type;
    *ret_payload = buf_view(&channel->in);
    return 1;
}

void proposer_channel_done(struct proposer_channel *channel)
{
    if (channel)
        buf_done(&channel->in);
}

static void pack_u16(struct buf *out, uint16_t value)
{
    pack_u8(out, (uint8_t)value);
    pack_u8(out, (uint8_t)(value >> 8));
}

static uint16_t unpack_u16(struct unpack *in)
{
    uint16_t low = unpack_u8(in);
    return (uint16_t)(low | unpack_u8(in) << 8);
}

/* A count that its bound and the bytes left allow; else the reader is bad and there are none. */
static uint32_t unpack_count(struct unpack *in, uint32_t max, size_t element)
{
    uint32_t count = unpack_u32(in);
    if (count > max || (element && count > (size_t)(in->end - in->p) / element))
        in->bad = true;
    return in->bad ? 0 : count;
}

void proposer_judge_encode(struct buf *out, const struct proposer_judge *judge)
{
    pack_u32(out, judge->jobs_count);
    for (uint32_t i = 0; i < judge->jobs_count; i++)
        pack_u32(out, judge->jobs[i]);
    pack_u32(out, judge->width);
    pack_u32(out, judge->count);
    for (size_t i = 0; i < (size_t)judge->count * judge->width; i++)
        pack_u16(out, judge->holes[i]);
    for (uint32_t i = 0; i < judge->count; i++)
        pack_u64(out, judge->decide[i]);
    pack_u8(out, (uint8_t)(judge->atoms | judge->cover << 1));
}

int proposer_judge_decode(
    struct proposer_judge *ret, struct arena *arena, struct str payload, struct err *err)
{
    struct unpack in = unpack_begin(payload);
    struct proposer_judge judge = { 0 };
    judge.jobs_count = unpack_count(&in, PROPOSER_JOBS_MAX, sizeof(uint32_t));
    judge.jobs = arena_alloc(arena, judge.jobs_count * sizeof(*judge.jobs));
    for (uint32_t i = 0; i < judge.jobs_count; i++)
        judge.jobs[i] = unpack_u32(&in);
    judge.width = unpack_count(&in, PROPOSER_HOLES_MAX, 0);
    judge.count =
        unpack_count(&in, PROPOSER_VECTORS_MAX, judge.width * sizeof(uint16_t) + sizeof(uint64_t));
    size_t holes = (size_t)judge.count * judge.width;
    judge.holes = arena_alloc(arena, holes * sizeof(*judge.holes));
    for (size_t i = 0; i < holes; i++)
        judge.holes[i] = unpack_u16(&in);
    judge.decide = arena_alloc(arena, judge.count * sizeof(*judge.decide));
    for (uint32_t i = 0; i < judge.count; i++)
        judge.decide[i] = unpack_u64(&in);
    uint8_t flags = unpack_u8(&in);
    judge.atoms = flags & 1;
    judge.cover = flags & 2;
    if (!unpack_end(&in) || flags > 3)
        return err_set(err, ERR_INPUT, "candidates to judge that are not whole, or too many");
    *ret = judge;
    return 0;
}

void proposer_judged_encode(struct buf *out, const struct proposer_judged *judged)
{
    pack_u32(out, judged->job);
    pack_u32(out, judged->count);
    for (uint32_t i = 0; i < judged->count; i++) {
        const struct proposer_verdict *verdict = &judged->verdicts[i];
        pack_u64(out, verdict->calls);
        pack_u64(out, verdict->text);
        pack_u64(out, verdict->end);
        pack_u32(out, verdict->reached);
        pack_u8(out, verdict->abnormal);
    }
    pack_text(out, judged->atoms);
    pack_text(out, judged->cover);
}

int proposer_judged_decode(
    struct proposer_judged *ret, struct arena *arena, struct str payload, struct err *err)
{
    struct unpack in = unpack_begin(payload);
    struct proposer_judged judged = { .job = unpack_u32(&in) };
    judged.count = unpack_count(&in, PROPOSER_VECTORS_MAX, VERDICT_SIZE);
    judged.verdicts = arena_alloc(arena, judged.count * sizeof(*judged.verdicts));
    for (uint32_t i = 0; i < judged.count; i++) {
        struct proposer_verdict *verdict = &judged.verdicts[i];
        verdict->calls = unpack_u64(&in);
        verdict->text = unpack_u64(&in);
        verdict->end = unpack_u64(&in);
        verdict->reached = unpack_u32(&in);
        uint8_t abnormal = unpack_u8(&in);
        in.bad |= abnormal > 1;
        verdict->abnormal = abnormal;
    }
    judged.atoms = unpack_text(&in, PROPOSER_FRAME_MAX);
    judged.cover = unpack_text(&in, PROPOSER_FRAME_MAX);
    if (!unpack_end(&in))
        return err_set(err, ERR_INPUT, "verdicts that are not whole");
    *ret = judged;
    return 0;
}
