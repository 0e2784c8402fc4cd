/* import_flow - see import_flow.h. */
#include "trials/import_flow.h"

#include "base/mem.h"

void flow_init(struct flow *flow, const char *path, const char *format,
    const struct import_options *options, const struct import_sink *sink)
{
    *flow = (struct flow){ .name = import_name(path),
        .where = import_name(path),
        .talks = { .sink = sink,
            .options = options,
            .format = str_of(format),
            .origin = import_stem(path) } };
}

struct talk *flow_talk(struct flow *flow)
{
    if (!flow->talk)
        flow->talk = talk_new();
    return flow->talk;
}

void flow_close(struct flow *flow)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct talk *talk = flow_talk(flow);
    if (flow->broken.code || flow->reply.count == 0)
        return;
    if (talk_reply_end(&flow->reply, talk, &arena, &flow->broken) == 0)
        flow->replied = talk->run->messages_count;
}

static void add(struct flow *flow, struct str bytes, bool failed)
{
    flow_close(flow);
    if (flow->broken.code == 0)
        talk_add(flow->talk, bytes, failed, &flow->broken);
}

void flow_say(struct flow *flow, const char *role, struct str text)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    struct str none = { 0 };
    add(flow, talk_message(&arena, role, text, none), false);
}

void flow_result(struct flow *flow, struct str id, struct str text, bool failed)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    add(flow, talk_result(&arena, id, text), failed);
}

void flow_error(struct flow *flow, int64_t status)
{
    CLEANUP(arena_done) struct arena arena = { 0 };
    flow_close(flow);
    const struct run *run = flow->talk ? flow->talk->run : NULL;
    if (run && run->messages_count > 0 &&
        run->messages[run->messages_count - 1].role == RUN_MODEL) {
        import_unmapped(flow->talks.sink, "failed request behind a reply", (struct str){ 0 });
        return;
    }
    add(flow, talk_error(&arena, status), false);
}

void flow_text(struct flow *flow, struct str text)
{
    if (!flow->broken.code)
        talk_reply_piece(&flow->reply, text, (struct str){ 0 });
}

void flow_call(struct flow *flow, struct str id, struct str name, struct str args)
{
    if (!flow->broken.code)
        talk_reply_call(&flow->reply, id, name, args);
}

bool flow_asked(struct flow *flow, struct str id)
{
    flow_close(flow);
    const struct run_message *reply =
        flow->replied > 0 ? &flow->talk->run->messages[flow->replied - 1] : NULL;
    for (uint32_t i = 0; reply && i < reply->calls_count; i++)
        if (str_equal(reply->calls[i].id, id))
            return true;
    return false;
}

bool flow_user_said(const struct flow *flow, struct str text)
{
    const struct run *run = flow->talk ? flow->talk->run : NULL;
    if (!run || run->messages_count == 0 || flow->reply.count > 0)
        return false;
    const struct run_message *last = &run->messages[run->messages_count - 1];
    return last->role == RUN_USER && str_equal(last->text, text);
}

int flow_end(struct flow *flow, struct err *err)
{
    int status = 0;
    flow_close(flow);
    CLEANUP(talk_freep) struct talk *talk = STEAL(flow->talk);
    if (flow->broken.code)
        flow->talks.sink->skipped(flow->talks.sink->with, flow->where, flow->broken.text);
    else if (talk)
        status = talk_end(&flow->talks, talk, err);
    flow->broken = (struct err){ 0 };
    flow->where = flow->name;
    flow->replied = 0;
    flow->stop = status < 0;
    return status;
}

void flow_done(struct flow *flow)
{
    talk_free(flow->talk);
    talk_reply_done(&flow->reply);
}
