#!/usr/bin/env node
// What a gateway must get right besides the bytes: who may come in and with what, which headers go up, the forms in
// which HTTP brings a body, what a provider may send in front of an answer, and which conversation a request goes on
// with.
import { deepStrictEqual as same, match, ok, strictEqual as equal } from 'node:assert'
import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import { AUTH, KEY, OTHER, PROTOCOLS, TOKEN, answer, ask, heard, model, models, post, raw, serve } from './gateway_home.mjs'

const CHAT = PROTOCOLS.chat.path
const chat = (text, more) => JSON.stringify(PROTOCOLS.chat.body(text, more))
const body = (protocol, text, more) => JSON.stringify(PROTOCOLS[protocol].body(text, more))
const said = got => JSON.parse(got.body).choices[0].message.content

const upstream = await model({ rules: [
    { when: { user: 'hints' }, say: 'hinted', fault: { early_hints: true } },
    { when: { user: 'untold' }, say: 'untold', fault: { framing: 'close' } },
    { when: { user: 'pieces' }, say: 'pieces', fault: { framing: 'chunked' } },
    { when: { user: 'blanks' }, say: 'blanks', fault: { blanks: 3 } },
    { when: { user: 'crlf' }, say: 'crlf', fault: { crlf: true } },
    { when: { user: 'comments' }, say: 'comments', fault: { comments: true } },
    { when: { user: 'padded' }, say: 'padded', fault: { pad: 170000 } },
    { when: { user_contains: 'parallel' }, pause_ms: 2, say: ['a', 'b', 'c'] },
    { when: { user_contains: 'use a tool', last_role: 'user' }, call: { name: 'look', arguments: { id: 1 } } },
    { when: { protocol: 'count_tokens' }, count: 41 },
    { when: { user_contains: 'think for long' }, delay_ms: 20000, say: 'Thought.' },
    { when: { user_contains: 'lose' }, fill: 4e6, chunk: 1 << 16 },
    { say: 'Fine.' },
] })
const home = await serve('held', models(upstream.url))
const { port, socket } = home

// Silence of a provider is waited out; meanwhile the rest happens.
const silences = [{}, { stream: true }].map(more => ask(port, CHAT, chat('think for long', more)))

// --- who may come in: both ways of carrying a token, on every path; the refusal has the protocol's own shape
for (const [protocol, { path }] of Object.entries(PROTOCOLS)) {
    const sent = body(protocol, 'hello')
    for (const headers of [{ authorization: `Bearer ${TOKEN}` }, { authorization: `bearer  ${TOKEN}` }, { 'x-api-key': TOKEN }]) {
        equal((await ask(port, path, sent, headers)).status, 200)
        same(upstream.last().credentials, [protocol === 'messages' ? 'x-api-key' : 'bearer'], 'the key was swapped')
    }
    equal((await ask(socket, path, sent, {})).status, 200, 'the socket is a credential')
    const before = upstream.asked().length
    for (const headers of [{}, { authorization: 'Bearer no' }, { 'x-api-key': KEY }, { authorization: `Basic ${TOKEN}` }, { 'x-api-key': '' }]) {
        const refused = await ask(port, path, sent, headers)
        const { type, error } = JSON.parse(refused.body)
        equal(refused.status, 401)
        if (protocol === 'messages') same([type, error.type], ['error', 'authentication_error'])
        else same(Object.keys(error), ['message', 'type', 'param', 'code'])
        ok(error.message)
    }
    equal(upstream.asked().length, before, 'nothing went up')
}
equal((await ask(port, '/nowhere', '{}')).status, 404)
equal((await ask(port, '/v1/embeddings', '{}')).status, 404)

// --- what goes up beside the body
{
    const headers = { ...AUTH, 'anthropic-beta': 'a,b', 'anthropic-version': '2024-01-01', 'openai-beta': 'x=1', 'openai-organization': 'o',
        'openai-project': 'p', 'idempotency-key': 'i', 'x-stainless-os': 'Linux', 'user-agent': 'agent/1', accept: 'application/json' }
    const not = { cookie: 'c=1', 'accept-encoding': 'gzip', 'x-forwarded-for': '1.2.3.4', 'x-moult-group': 'g', te: 'trailers', 'x-custom': 'y' }
    for (const [path, protocol] of [['/v1/messages?beta=true', 'messages'], [`${CHAT}?api-version=2024-10-21&x=%20`, 'chat']]) {
        equal((await ask(port, path, body(protocol, 'hello'), { ...headers, ...not })).status, 200)
        const { target, headers: came } = upstream.last()
        equal(target, path)
        const got = Object.fromEntries(came)
        for (const [name, value] of Object.entries(headers)) if (name !== 'authorization') equal(got[name], value, name)
        for (const name of Object.keys(not)) equal(got[name], undefined, `${name} stays here`)
        equal(got['content-type'], 'application/json')
    }
    const made = await raw(port, post(CHAT, chat('hello'), { ...AUTH, 'content-type': 'text/plain' }))
    equal(answer(made).status, 200)
    equal(Object.fromEntries(upstream.last().headers)['user-agent'], undefined, 'nothing is made up')
}

// --- models, in two shapes; tokens are counted by the provider
{
    const get = async headers => JSON.parse(answer(await raw(port,
        `GET /v1/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer ${TOKEN}\r\n${headers}\r\n`)).body)
    const openai = await get(''), anthropic = await get('anthropic-version: 2023-06-01\r\n')
    same([openai.object, openai.data.map(({ id, object }) => [id, object])], ['list', [['gpt', 'model'], ['claude', 'model']]])
    same([anthropic.has_more, anthropic.first_id, anthropic.last_id], [false, 'gpt', 'claude'])
    same(anthropic.data.map(({ id, type }) => [id, type]), [['gpt', 'model'], ['claude', 'model']])
    const counted = await ask(port, '/v1/messages/count_tokens?beta=true', body('messages', 'hello'))
    same([counted.status, JSON.parse(counted.body).input_tokens], [200, 41])
    equal(upstream.last().target, '/v1/messages/count_tokens?beta=true')
}

// --- a model that is to be reached through a proxy is reached so or not at all, whatever is asked there
{
    const behind = await serve('held', models(upstream.url).map(it => ({ ...it, proxy: 'http://127.0.0.1:9' })))
    const before = upstream.asked().length
    for (const path of ['/v1/messages', '/v1/messages/count_tokens'])
        equal((await ask(behind.port, path, body('messages', 'hello'))).status, 502, path)
    equal(upstream.asked().length, before, 'nothing went round it')
    await behind.stop()
}

// --- the forms in which a body comes
{
    const sent = chat('hello'), head = `Host: a\r\nConnection: close\r\nAuthorization: Bearer ${TOKEN}\r\n`
    const chunked = await raw(port, `POST ${CHAT} HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\n`,
        ...[...sent].map(byte => `1\r\n${byte}\r\n`), '0\r\n\r\n')
    equal(answer(chunked).status, 200)
    equal(upstream.last().body, sent)
    const expecting = await raw(port, `POST ${CHAT} HTTP/1.1\r\n${head}Content-Length: ${sent.length}\r\nExpect: 100-continue\r\n\r\n`,
        heard('100 Continue\r\n\r\n'), sent)
    match(expecting, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
    for (const more of [undefined, { stream: true }]) {
        const old = answer(await raw(port, post(CHAT, chat('hello', more)).toString().replace('HTTP/1.1', 'HTTP/1.0')))
        equal(old.status, 200)
        equal(old.headers['transfer-encoding'], undefined, 'an old client knows no chunks')
        match(old.body, more ? /data: \[DONE\]\n\n$/ : /Fine\./)
    }
    const large = chat(`hello ${'x'.repeat(3 << 20)}`)
    equal((await ask(port, CHAT, large)).status, 200)
    equal(upstream.last().body, large)
    equal(answer(await raw(port, `POST ${CHAT} HTTP/1.1\r\n${head}Content-Length: 99999999999\r\n\r\n`)).status, 413)
    const two = await raw(port, post(CHAT, sent).toString().replace('connection: close\r\n', ''), post(CHAT, chat('hello again')))
    equal(two.match(/HTTP\/1\.1 200/g).length, 2, 'a connection is kept')
    for (const [protocol, { path }] of Object.entries(PROTOCOLS))
        for (const wrong of ['', '{', '[]', '{"model":"m"}', '\u0000', `${body(protocol, 'x')}x`]) {
            const refused = await ask(port, path, wrong)
            equal(refused.status, 400, `${protocol} ${wrong}`)
            ok(JSON.parse(refused.body).error.message)
        }
}

// --- the forms in which an answer comes, and that no 1xx, frame or blank of it is lost or told
for (const [user, want] of Object.entries({ hints: 'hinted', untold: 'untold', pieces: 'pieces', blanks: 'blanks' })) {
    const got = await raw(port, post(CHAT, chat(user)))
    match(got, /^HTTP\/1\.1 200 /)
    same([answer(got).whole, said(answer(got))], [true, want])
}
equal((await ask(port, CHAT, chat('blanks'))).body.slice(0, 3), '\n\n\n')
for (const user of ['crlf', 'comments', 'padded', 'untold']) {
    const got = await ask(port, CHAT, chat(user, { stream: true }))
    same([got.status, got.whole], [200, true])
    match(got.body, /data: \[DONE\]\r?\n\r?\n$/)
    if (user === 'crlf') match(got.body, /\r\n\r\n/)
    if (user === 'comments') match(got.body, /^: /m)
    if (user === 'padded') ok(got.body.length > 170000)
}

// --- a provider that codes what nobody asked it to code
{
    const coded = createServer(async (request, response) => {
        for await (const piece of request) void piece
        equal(request.headers['accept-encoding'], undefined)
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
        response.end(gzipSync(JSON.stringify({ choices: [{ index: 0, message: { role: 'assistant', content: 'packed' }, finish_reason: 'stop' }] })))
    })
    await new Promise(done => coded.listen(0, '127.0.0.1', done))
    const other = await serve('held', models(`http://127.0.0.1:${coded.address().port}`))
    const got = await ask(other.port, CHAT, chat('hello'), { ...AUTH, 'accept-encoding': 'gzip' })
    same([got.status, got.headers['content-encoding'], said(got)], [200, undefined, 'packed'])
    await other.stop()
    coded.close()
}

// --- which conversation a request goes on with
const look = { tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: { id: { type: 'integer' } } } } }] }
const converse = (messages, headers) => ask(port, CHAT, JSON.stringify({ model: 'm', messages, ...look }), headers)
const message = got => JSON.parse(got.body).choices[0].message
const count = () => home.sessions().length
{
    const before = count()
    const first = [{ role: 'user', content: 'a conversation' }]
    const one = message(await converse(first))
    const second = [...first, one, { role: 'user', content: 'and on' }]
    const two = message(await converse(second))
    equal(count(), before + 1, 'it goes on')
    await converse([...second, { ...two, refusal: null, annotations: [] }, { role: 'user', content: 'and on again' }])
    equal(count(), before + 1, 'what a client adds to the echo makes no other conversation')
    await converse([...first, one, { role: 'user', content: 'another way' }])
    equal(count(), before + 2, 'a fork')
    await converse(second)
    equal(count(), before + 3, 'a repeat is asked again')
    await converse(first)
    equal(count(), before + 4, 'so is an equal prompt')
    await converse([...second, two, { role: 'user', content: 'and on once more' }], { authorization: `Bearer ${OTHER}` })
    equal(count(), before + 5, 'the history of another principal is only a claim')
    const asked = upstream.asked().length
    await converse(second)
    await converse(second)
    equal(upstream.asked().length, asked + 2, 'nothing is answered from memory')
}
{ // a tool loop: the turn rests between the requests, and goes on with the results
    const history = [{ role: 'user', content: 'use a tool, please' }]
    const call = message(await converse(history))
    equal(call.tool_calls[0].function.name, 'look')
    const id = home.sessions().at(-1).id
    equal(home.trace(id).filter(entry => entry.kind === 'end').length, 0, 'the turn is open')
    await converse([...history, call, { role: 'tool', tool_call_id: call.tool_calls[0].id, content: '{"found": 1}' }])
    const entries = home.trace(id)
    same([entries.filter(it => it.kind === 'end').length, new Set(entries.map(it => it.turn)).size], [1, 1])
    equal(entries.filter(it => it.kind === 'effect' && it.data.effect === 'model').length, 2)

    // Another question instead of the results: that turn is over, the next one begins.
    const again = [{ role: 'user', content: 'use a tool, please, again' }]
    const left = message(await converse(again))
    await converse([...again, left, { role: 'tool', tool_call_id: left.tool_calls[0].id, content: '1' }, { role: 'user', content: 'never mind' }])
    const session = home.sessions().at(-1)
    equal(home.trace(session.id).filter(it => it.kind === 'end').length, 2)
}
{ // a history that ends with an answer leaves nothing to ask: the client's fault, in its protocol's form
    const before = upstream.asked().length
    for (const [protocol, { path }] of Object.entries(PROTOCOLS)) {
        const sent = PROTOCOLS[protocol].body('hello')
        const list = sent.messages ?? (sent.input = [{ role: 'user', content: 'hello' }])
        list.push({ role: 'assistant', content: 'It is' })
        const got = await ask(socket, path, JSON.stringify(sent))
        equal(got.status, 400, protocol)
        match(JSON.parse(got.body).error.message, /ends with an answer/)
    }
    equal(upstream.asked().length, before, 'nothing went up')
}
{ // many at once: each hears its own answer, streamed or not
    const before = count()
    const all = await Promise.all(Array.from({ length: 32 }, (_, i) =>
        ask(i % 2 ? port : socket, CHAT, chat(`parallel ${i}`, i % 3 ? { stream: true } : {}))))
    for (const got of all) same([got.status, got.whole], [200, true])
    equal(count(), before + 32)
    equal(upstream.asked().filter(it => it.body?.includes('parallel')).length, 32)
}
{ // an answer that was on its way when its client went: who asks the same again gets that one
    const sent = chat('lose this')
    const lost = raw(socket, post(CHAT, sent))
    lost.socket.once('data', () => lost.socket.pause()) // the rest does not fit between the two
    await heard('HTTP/1.1 200')(lost.text)
    lost.socket.destroy()
    await lost
    const asked = () => upstream.asked().filter(it => it.body === sent).length
    const found = await ask(socket, CHAT, sent)
    same([found.status, found.whole, said(found).length, asked()], [200, true, 4000000, 1], 'it was not asked again')
    await ask(socket, CHAT, sent)
    equal(asked(), 2, 'what was delivered is nothing to repeat')
}
for (const got of await Promise.all(silences)) {
    same([got.status, got.whole], [200, true])
    match(got.body, /ought/)
}
await home.stop()
await upstream.end()
console.log('ok: requests')
