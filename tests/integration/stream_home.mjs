// stream_home - what the stories of streams share: a provider whose every piece is said when the story wants it, and
// readers of what a client was told so far. Imported, never run.
import { createServer } from 'node:http'

const event = (name, data) => `event: ${name}\ndata: ${JSON.stringify({ type: name, ...data })}\n\n`
const chunk = (delta, finish_reason = null) => `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1,
    model: 'm', choices: [{ index: 0, delta, finish_reason }] })}\n\n`
const used = (input, output) => ({ prompt_tokens: input, completion_tokens: output, total_tokens: input + output })

/** How a provider says each thing, by the end of the path that was asked. */
const SPEAK = {
    completions: {
        begin: () => chunk({ role: 'assistant', content: '' }),
        text: text => chunk({ content: text }),
        call: (id, name, args) => chunk({ tool_calls: [{ index: 0, id, type: 'function', function: { name, arguments: JSON.stringify(args) } }] }),
        end: (called, [input, output] = []) => chunk({}, called ? 'tool_calls' : 'stop') + (input === undefined ? '' :
            `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage: used(input, output) })}\n\n`)
            + 'data: [DONE]\n\n',
        whole: (message, input, output) => ({ id: 'c', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message,
            finish_reason: message.tool_calls ? 'tool_calls' : 'stop' }], usage: used(input, output) }),
    },
    messages: {
        begin: () => event('message_start', { message: { id: 'm', type: 'message', role: 'assistant', model: 'm', content: [],
            stop_reason: null, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } } }) +
            event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
        text: text => event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }),
        call: (id, name, args) => event('content_block_stop', { index: 0 }) +
            event('content_block_start', { index: 1, content_block: { type: 'tool_use', id, name, input: {} } }) +
            event('content_block_delta', { index: 1, delta: { type: 'input_json_delta', partial_json: JSON.stringify(args) } }),
        end: (called, [input_tokens, output_tokens] = [1, 9]) => event('content_block_stop', { index: called ? 1 : 0 }) +
            event('message_delta', { delta: { stop_reason: called ? 'tool_use' : 'end_turn', stop_sequence: null }, usage: { input_tokens, output_tokens } }) +
            event('message_stop', {}),
        whole: ({ content, tool_calls = [] }, input_tokens, output_tokens) => ({ id: 'm', type: 'message', role: 'assistant', model: 'm',
            content: [...(content ? [{ type: 'text', text: content }] : []), ...tool_calls.map(({ id, function: { name, arguments: args } }) =>
                ({ type: 'tool_use', id, name, input: JSON.parse(args) }))],
            stop_reason: tool_calls.length ? 'tool_use' : 'end_turn', stop_sequence: null, usage: { input_tokens, output_tokens } }),
    },
}

/** A provider that does what the story does: each next() is a request that came, with what can be said to it. */
export async function provider() {
    const waiting = [], asked = [], state = {}
    let wanted
    const server = createServer(async (req, res) => {
        let text = '', called = false
        try {
            for await (const piece of req) text += piece
        } catch { return }
        const body = JSON.parse(text), speak = SPEAK[req.url.split('/').at(-1)]
        const gone = new Promise(done => res.once('close', () => done(res.writableFinished)))
        const write = bytes => new Promise(done => res.write(bytes, () => done()))
        const it = {
            body, gone,
            begin: () => { res.writeHead(200, { 'content-type': 'text/event-stream' }); return write(speak.begin()) },
            say: text => write(speak.text(text)),
            /** Whether the socket took it at once. */
            pour: text => res.destroyed || res.write(speak.text(text)),
            drained: () => Promise.race([gone, new Promise(done => res.once('drain', done))]),
            call: (...args) => { called = true; return write(speak.call(...args)) },
            /** usage: tokens in and out. */
            end: usage => res.end(speak.end(called, usage)),
            cut: () => res.destroy(),
            refuse: (status, headers = {}) => { res.writeHead(status, { 'content-type': 'application/json', ...headers })
                res.end('{"error":{"message":"not now"}}') },
            whole: (message, [input, output] = [1, 1]) => { res.setHeader('content-type', 'application/json')
                res.end(JSON.stringify(speak.whole(message, input, output))) },
        }
        asked.push(body)
        if (state.quiet) {
            console.error(`${state.quiet}: the provider was asked again`)
            process.exit(1)
        }
        if (wanted) wanted(it)
        else waiting.push(it)
        wanted = undefined
    })
    server.keepAliveTimeout = 0
    await new Promise(done => server.listen(0, '127.0.0.1', done))
    server.unref()
    return {
        /** Nobody may ask while it says why. */
        asked, quiet: why => { state.quiet = why }, url: `http://127.0.0.1:${server.address().port}`,
        next: () => waiting.length ? Promise.resolve(waiting.shift()) : new Promise(done => { wanted = done }),
        async says(...texts) {
            const it = await this.next()
            await it.begin()
            for (const text of texts) await it.say(text)
            return it
        },
    }
}

/** The whole events of a stream so far: those with JSON in them. */
export const events = text => text.split('\n\n').slice(0, -1).flatMap(block => {
    const data = block.split('\n').filter(line => line.startsWith('data: ')).map(line => line.slice(6)).join('\n')
    return data && data !== '[DONE]' ? [JSON.parse(data)] : []
})

/** Ends the story where a stream is refused that it waits for. */
export const opened = (who, { begun }) => begun.then(async answer => {
    if (answer.statusCode === 200) return
    for await (const piece of answer) console.error(`${who}: ${answer.statusCode} ${piece}`)
    process.exit(1)
}, () => {})

const told = (text, read) => {
    const found = (text.startsWith('{') ? [JSON.parse(text)] : events(text)).map(read).findLast(usage => usage) ?? {}
    return [found.prompt_tokens ?? found.input_tokens, found.completion_tokens ?? found.output_tokens]
}
const user = text => [{ role: 'user', content: text }]
/** Each protocol as a client speaks it: where, what is asked, what was said so far, what that cost (tokens
 * in and out), whether it has said its end. */
export const CLIENTS = {
    chat: { path: '/v1/chat/completions', ask: text => ({ messages: user(text) }),
        said: text => events(text).map(it => it.choices?.[0]?.delta?.content ?? '').join(''),
        calls: text => events(text).flatMap(it => it.choices?.[0]?.delta?.tool_calls ?? []).filter(it => it.function?.name).map(it => it.function.name),
        cost: text => told(text, it => it.usage),
        over: text => text.includes('data: [DONE]'), failed: text => events(text).find(it => it.error)?.error.message },
    responses: { path: '/v1/responses', ask: text => ({ input: user(text) }),
        said: text => events(text).filter(it => it.type === 'response.output_text.delta').map(it => it.delta).join(''),
        calls: text => events(text).filter(it => it.type === 'response.output_item.done' && it.item.type === 'function_call').map(it => it.item.name),
        cost: text => told(text, it => (it.response ?? it).usage),
        over: text => events(text).some(it => it.type === 'response.completed'),
        failed: text => { const it = events(text).find(one => one.type === 'error'); return it?.message ?? it?.error?.message } },
    messages: { path: '/v1/messages', ask: text => ({ max_tokens: 99, messages: user(text) }),
        said: text => events(text).filter(it => it.delta?.type === 'text_delta').map(it => it.delta.text).join(''),
        calls: text => events(text).filter(it => it.content_block?.type === 'tool_use').map(it => it.content_block.name),
        cost: text => told(text, it => it.usage),
        over: text => events(text).some(it => it.type === 'message_stop'),
        failed: text => events(text).find(it => it.type === 'error')?.error.message },
}
