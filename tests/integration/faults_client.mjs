#!/usr/bin/env node
// Clients that fail, and what they must not do to others: who hangs up takes its request to the provider along, who
// stops reading holds the provider back, who sends too much or half of it is refused; a limit of the provider's is
// told to the client once, and nothing is tried behind its back.
import { deepStrictEqual as same, ok, strictEqual as equal } from 'node:assert'
import { readFileSync } from 'node:fs'
import { PROTOCOLS, TOKEN, answer, ask, heard, model, models, post, raw, serve } from './gateway_home.mjs'

const upstream = await model({ rules: [
    { when: { user: 'half, then whole', times: 1 }, say: ['one', 'two', 'three'], fault: { cut_events: 3 } },
    { when: { user: 'first limited', times: 1 }, status: 429, headers: { 'retry-after': '0' } },
    { when: { user: 'no json' }, call: { name: 'look', arguments: '{"id": ' } },
    { when: { user_contains: 'never' }, fault: { silent: true } },
    { when: { user_contains: 'slow' }, say: Array.from({ length: 500 }, (_, i) => `word ${i} `), pause_ms: 20 },
    { when: { user: 'too much' }, fill: 9e6, chunk: 1 << 16 },
    { when: { user_contains: 'much' }, fill: 35e5, chunk: 1 << 16, fault: { pad: 6 << 20 } },
    { say: 'Fine.' },
] })
const request = (protocol, text, stream) => JSON.stringify(PROTOCOLS[protocol].body(text, stream ? { stream } : {}))
const asked = text => upstream.asked().filter(it => it.body?.includes(JSON.stringify(text)))
const { path } = PROTOCOLS.chat

/** Resident at most, in MiB. */
const peak = ({ pid }) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) >> 10
/** The ends of the turns of the session in which somebody said this. */
async function ended(home, text) {
    for (;;) {
        const found = home.sessions().map(({ id }) => home.trace(id)).find(it => JSON.stringify(it).includes(text))
        const end = found?.find(it => it.kind === 'end')
        if (end) return end.data
        await new Promise(done => setTimeout(done, 10))
    }
}

for (const kind of ['held', 'passing']) {
    const home = await serve(kind, models(upstream.url))
    const fine = async () => equal((await ask(home.port, path, request('chat', 'hello'))).status, 200, 'it goes on')

    // Whoever hangs up, by TCP or the socket, before the first byte or behind it: the provider hears it, the journal too.
    for (const protocol of Object.keys(PROTOCOLS))
        for (const [word, stream, waits] of [['never', false, false], ['never', true, false], ['slow', true, kind === 'passing']]) {
            const text = `${kind} ${protocol} ${word} ${stream}`
            const client = raw(stream ? home.port : home.socket, post(PROTOCOLS[protocol].path, request(protocol, text, stream)))
            const { request: number } = await upstream.logged(it => it.body?.includes(JSON.stringify(text)))
            if (waits) await heard('word 3 ')(client.text)
            client.socket.destroy()
            equal((await upstream.logged(it => it.answered === number)).end, 'gone', text)
            equal((await ended(home, text)).how, 'failed', text)
        }
    await fine()

    // Too much, half of it, nothing, and noise.
    for (const [protocol, { path: at }] of Object.entries(PROTOCOLS)) {
        const large = raw(home.port, `POST ${at} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Length: ${50 << 20}\r\n\r\n`,
            Buffer.alloc(50 << 20, 'x'))
        await heard('}')(large.text)
        large.socket.destroy()
        const told = answer(await large)
        const tells = (status, type, { status: was, headers, body }) => {
            const { error, ...rest } = JSON.parse(body), { message, ...more } = error
            const own = { messages: [{ type: 'error' }, { type }] }[protocol] ?? [{}, { type: 'invalid_request_error', param: null, code: more.code }]
            same([was, headers['content-type'], message.length > 0, rest, more], [status, 'application/json', true, ...own], `${at}: ${body}`)
        }
        tells(413, 'request_too_large', told)
        // What the HTTP layer refuses by itself, too, is said as the clients of that path know it.
        const say = async (target, ...lines) => answer(await raw(home.port,
            `POST ${target} HTTP/1.1\r\n${['Host: a', 'Connection: close', `Authorization: Bearer ${TOKEN}`, ...lines].join('\r\n')}\r\n\r\n`))
        tells(413, 'request_too_large', await say(at, `Content-Length: ${33 << 20}`, 'Expect: 100-continue'))
        tells(400, 'invalid_request_error', await say(`${at}%zz`, 'Content-Length: 0'))
        tells(400, 'invalid_request_error', await say(at, 'Content-Length: 5', 'Transfer-Encoding: chunked'))
        tells(431, 'invalid_request_error', await say(at, `X-Long: ${'x'.repeat(20000)}`, 'Content-Length: 0'))
        const sent = request(protocol, 'half')
        const half = raw(home.port, post(at, sent).subarray(0, -9), fine, () => half.socket.end())
        await half
        const ending = raw(home.port, post(at, sent).subarray(0, -9)) // its end comes together with its bytes
        ending.socket.on('connect', () => ending.socket.end())
        await ending
        const chunks = raw(home.port, `POST ${at} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${TOKEN}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"mod`,
            fine, () => chunks.socket.destroy())
        await chunks
    }
    for (const noise of ['\0\0\0\0\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', 'POST  HTTP/1.1\r\n\r\n', `GET /v1/models HTTP/1.1\r\nA: ${'x'.repeat(1 << 20)}\r\n\r\n`]) {
        const client = raw(home.port, noise, fine, () => client.socket.destroy())
        await client
    }
    equal(asked('half').length, 0, 'nothing of it went up')
    await fine()

    // More than a harness takes of one thing is refused; a conversation may be longer than one message of the socket.
    const long = 'x'.repeat(9 << 20), part = content => ({ role: 'user', content })
    const heavy = more => ask(home.port, path, JSON.stringify({ ...PROTOCOLS.chat.body('heavy'), ...more }))
    equal((await heavy({ messages: [part(long)] })).status, 413)
    equal((await heavy({ tools: [{ type: 'function', function: { name: 'a', description: long } }] })).status, 413)
    equal((await heavy({ model: long })).status, 413)
    // What no worker takes ends its own turn; no worker is to blame, and none ends with its neighbours in it.
    const strange = await heavy({ messages: [{ role: 'critic', content: 'hm' }] })
    same([strange.status, /role/.test(JSON.parse(strange.body).error.message)], [400, true])
    equal((await heavy({ messages: Array.from({ length: 4 }, () => part(long.slice(0, 7 << 20))) })).status, 200)
    equal((await ask(home.port, path, request('chat', 'too much'))).status, 502)
    await fine()

    // A limit: the client hears it and comes again, that makes two requests and not one more.
    equal((await ask(home.port, path, request('chat', 'first limited'))).status, kind === 'held' ? 429 : 200)
    equal((await ask(home.port, path, request('chat', 'first limited'))).status, 200)
    if (kind === 'held') equal(asked('first limited').length, 2)

    // Arguments that are no JSON are the client's to judge, as they are without a gateway.
    const call = JSON.parse((await ask(home.port, path, request('chat', 'no json'))).body).choices[0].message.tool_calls[0]
    equal(call.function.arguments, '{"id": ')
    await home.stop()
}

// Half of an answer, and a provider that would give another one: the client gets no splice.
{
    const home = await serve('passing', models(upstream.url))
    const got = await ask(home.port, path, request('chat', 'half, then whole', true))
    same([got.status, got.whole, /\[DONE\]/.test(got.body)], [200, false, false])
    equal(asked('half, then whole').length, 1)

    // Who stops reading holds the provider back; others go on, and it gets the rest when it reads.
    const slow = raw(home.socket, post(path, request('chat', 'so much', true)))
    await heard('HTTP/1.1 200')(slow.text)
    slow.socket.pause()
    for (let i = 0; i < 20; i++) equal((await ask(home.port, path, request('chat', 'hello'))).status, 200)
    const { request: number } = asked('so much')[0]
    equal(upstream.lines().some(it => it.answered === number), false, 'it waits')
    slow.socket.resume()
    const rest = answer(await slow)
    same([rest.whole, rest.body.length > 16e6, rest.body.slice(-14)], [true, true, 'data: [DONE]\n\n'], rest.body.slice(-300))
    equal((await upstream.logged(it => it.answered === number)).end, 'whole')
    ok(peak(home) < 500, `${peak(home)} MiB`)
    await home.stop()
}
await upstream.end()
console.log('ok: faults of clients')
