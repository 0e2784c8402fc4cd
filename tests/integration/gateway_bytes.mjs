#!/usr/bin/env node
// The gateway byte for byte, between a client that writes its own HTTP and a provider whose log shows what came: what
// no plugin changed goes up and comes down as it is, in three protocols, streamed and not, by a harness that holds a
// reply until it has seen the whole and by one that passes it on as it comes.
import { deepStrictEqual as same, match, strictEqual as equal } from 'node:assert'
import { AUTH, PROTOCOLS, ask, model, models, serve } from './gateway_home.mjs'

// --- what providers say, as texts: with all that a serialiser would lose

const ODD = '"f":1.0,"n":12345678901234567890,"e":1E2,"e":2,"s":"a\\/b\\u00e9\\ud83d \\ud800 \\u0000 é","z":null,"o":{ "b" : [ ] , "a":{}}'
const calls = '[{"id":"call_1","type":"function","function":{"name":"look","arguments":"{\\"id\\": 1.0}"},"x":1.0}]'
const WHOLE = {
    chat: ` {"id":"c-1","object":"chat.completion",${ODD},"choices":[{"index":0,"message":{"role":"assistant","content":"Hi\\/","refusal":null,${ODD}},"finish_reason":"stop","logprobs":null}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2,"x":1.0}}\n`,
    responses: ` {"id":"r-1","object":"response","status":"completed",${ODD},"output":[{"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA\\/+="},{"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[{"type":"output_text","text":"Hi\\/","annotations":[],${ODD}}]}],"usage":{"input_tokens":1,"output_tokens":1,"total_tokens":2}}\n`,
    messages: ` {"id":"m-1","type":"message","role":"assistant","model":"m",${ODD},"content":[{"type":"thinking","thinking":"hm\\/","signature":"EqQB\\/+=="},{"type":"text","text":"Hi\\/",${ODD}}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}\n`,
}
const sse = (named, ...events) => events.map(it => typeof it === 'string' ? it
    : `${named ? `event: ${it.type}\n` : ''}data: ${JSON.stringify(it)}\n\n`).join('')
const chunk = (delta, finish_reason = null) => ({ id: 'c-2', object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })
const item = { type: 'message', id: 'msg_2', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text: 'Hi', annotations: [] }] }
const STREAM = {
    chat: sse(false, ': a comment\n\n', chunk({ role: 'assistant', content: '' }), `data: {"id":"c-2",${ODD},"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n`,
        `data:${' '.repeat(170000)}{"choices":[],"obfuscation":"x"}\n\n`, chunk({}, 'stop'),
        { id: 'c-2', choices: [], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }, 'data: [DONE]\n\n'),
    responses: sse(true, { type: 'response.created', sequence_number: 0, response: { id: 'r-2', status: 'in_progress', output: [] } },
        { type: 'response.output_item.added', sequence_number: 1, output_index: 0, item: { ...item, status: 'in_progress', content: [] } },
        { type: 'response.content_part.added', sequence_number: 2, item_id: 'msg_2', output_index: 0, content_index: 0, part: { type: 'output_text', text: '', annotations: [] } },
        `event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":3,"item_id":"msg_2","output_index":0,"content_index":0,"delta":"Hi",${ODD}}\n\n`,
        { type: 'response.output_text.done', sequence_number: 4, item_id: 'msg_2', output_index: 0, content_index: 0, text: 'Hi' },
        { type: 'response.output_item.done', sequence_number: 5, output_index: 0, item },
        { type: 'response.completed', sequence_number: 6, response: { id: 'r-2', status: 'completed', output: [item], usage: { input_tokens: 1, output_tokens: 1 } } }),
    messages: sse(true, { type: 'message_start', message: { id: 'm-2', type: 'message', role: 'assistant', model: 'm', content: [], usage: { input_tokens: 1, output_tokens: 1 } } },
        { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } }, { type: 'ping' },
        { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'hm' } },
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQB\\/+=="}}\n\n',
        { type: 'content_block_stop', index: 0 },
        { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
        `event: content_block_delta\ndata: {"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hi"},${ODD}}\n\n`,
        { type: 'content_block_stop', index: 1 }, { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } },
        'event: message_stop\r\ndata: {"type":"message_stop"}\r\n\r\n'),
}
const CALL = {
    chat: `{"id":"c-3","choices":[{"index":0,"message":{"role":"assistant","content":null,"tool_calls":${calls}},"finish_reason":"tool_calls"}]}`,
    responses: '{"id":"r-3","status":"completed","output":[{"type":"reasoning","id":"rs_3","summary":[],"encrypted_content":"gA"},{"type":"function_call","id":"fc_1","call_id":"call_1","name":"look","arguments":"{\\"id\\": 1.0}","status":"completed","x":1.0}]}',
    messages: '{"id":"m-3","type":"message","role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"EqQB\\/+=="},{"type":"tool_use","id":"call_1","name":"look","input":{"id": 1.0},"x":1.0}],"stop_reason":"tool_use","usage":{"input_tokens":1,"output_tokens":1}}',
}

// --- what a client asks, as texts

const TOOLS = {
    chat: '[{"type":"function","function":{"name":"look","description":"d\\/","parameters":{"type":"object","properties":{"id":{"type":"number","minimum":1.0}}}},"x":1.0},{"type":"custom","custom":{"name":"c"}}]',
    responses: '[{"type":"function","name":"look","parameters":{"type":"object","properties":{"id":{"type":"number","minimum":1.0}}},"x":1.0},{"type":"web_search","x":null}]',
    messages: '[{"name":"look","input_schema":{"type":"object","properties":{"id":{"type":"number","minimum":1.0}}},"cache_control":{"type":"ephemeral"}},{"type":"web_search_20250305","name":"web_search"}]',
}
const list = { chat: 'messages', responses: 'input', messages: 'messages' }
const said = {
    chat: text => `{ "role":"user","content":${JSON.stringify(text)},"x":1.0}`,
    responses: text => `{"role":"user","content":[{"type":"input_text","text":${JSON.stringify(text)}} ],"x":1.0}`,
    messages: text => `{"role":"user", "content":[{"type":"text","text":${JSON.stringify(text)},"cache_control":{"type":"ephemeral"}}]}`,
}
const echo = { // of the reply in CALL, as the clients write it, and the result
    chat: [`{"role":"assistant","content":null,"tool_calls":${calls}}`, '{"role":"tool","tool_call_id":"call_1","content":"it \\/ is"}'],
    responses: ['{"type":"reasoning","id":"rs_3","summary":[],"encrypted_content":"gA"}',
        '{"type":"function_call","id":"fc_1","call_id":"call_1","name":"look","arguments":"{\\"id\\": 1.0}"}',
        '{"type":"function_call_output","call_id":"call_1","output":"it \\/ is"}'],
    messages: ['{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"EqQB\\/+=="},{"type":"tool_use","id":"call_1","name":"look","input":{"id":1.0}}]}',
        '{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_1","content":"it \\/ is","x":1.0}]}'],
}
const body = (protocol, items, more = '') =>
    `{"model":"m", ${ODD},"max_tokens":99,"${list[protocol]}":[ ${items.join(' ,')} ],"tools":${TOOLS[protocol]}${more}}\n`

const rules = Object.keys(PROTOCOLS).flatMap(protocol => [
    { when: { protocol, stream: true }, headers: { 'content-type': 'text/event-stream' }, body: STREAM[protocol] },
    { when: { protocol, user_contains: 'call', last_role: 'user' }, body: CALL[protocol] },
    { when: { protocol, user_contains: 'fail' }, status: 422, body: `{"error":{"message":"no\\/",${ODD}}}`, headers: { 'x-should-retry': 'false' } },
    { when: { protocol, user_contains: 'html' }, status: 502, headers: { 'content-type': 'text/html' }, body: '<html>\n' },
    { when: { protocol, user_contains: 'empty' }, status: 500, body: '' },
    { when: { protocol }, body: WHOLE[protocol], headers: { 'x-ratelimit-remaining-tokens': '7',
        'anthropic-organization-id': 'o', 'openai-processing-ms': '3' } },
])

const upstream = await model({ rules })

// --- up and down, by both kinds of harness
for (const kind of ['held', 'passing']) {
    const home = await serve(kind, models(upstream.url))
    for (const [protocol, { path }] of Object.entries(PROTOCOLS)) {
        const where = `${kind} ${protocol}`
        const up = async (sent, headers) => {
            const got = await ask(home.port, path, sent, { ...AUTH, ...headers })
            equal(upstream.last().body, sent, `${where}: up as it was`)
            return got
        }
        const plain = await up(body(protocol, [said[protocol](`hello ${kind}`)]))
        same([plain.status, plain.whole, plain.body], [200, true, WHOLE[protocol]], `${where}: down as it was`)
        for (const [name, value] of Object.entries({ 'x-ratelimit-remaining-tokens': '7',
            'anthropic-organization-id': 'o', 'openai-processing-ms': '3', 'content-type': 'application/json' }))
            equal(plain.headers[name], value, `${where}: ${name}`)
        match(plain.headers['x-request-id'] ?? plain.headers['request-id'], /^req_/)
        const streamed = await up(body(protocol, [said[protocol](`stream ${kind}`)], ',"stream": true'))
        same([streamed.status, streamed.whole, streamed.body], [200, true, STREAM[protocol]], `${where}: a stream`)
        equal(streamed.headers['content-type'], 'text/event-stream')

        // A tool loop is one turn of one session.
        const before = home.sessions().length
        const asked = await up(body(protocol, [said[protocol](`call ${kind}`)]))
        equal(asked.body, CALL[protocol])
        const after = await up(body(protocol, [said[protocol](`call ${kind}`), ...echo[protocol]]))
        equal(after.body, WHOLE[protocol])
        const session = home.sessions().at(-1)
        same([home.sessions().length, session.turns], [before + 1, 1], `${where}: one session, one turn`)

        // Refusals pass as they are, if there is anything in them.
        const refused = await up(body(protocol, [said[protocol](`fail ${kind}`)]))
        same([refused.status, refused.headers['x-should-retry'], refused.body], [422, 'false', `{"error":{"message":"no\\/",${ODD}}}`])
        const html = await up(body(protocol, [said[protocol](`html ${kind}`)]))
        same([html.status, html.headers['content-type'], html.body], [502, 'text/html', '<html>\n'])
        const empty = await up(body(protocol, [said[protocol](`empty ${kind}`)]))
        same([empty.status, empty.body], [500, ''])
    }
    await home.stop()
}
await upstream.end()
console.log('ok: bytes')
