#!/usr/bin/env node
// A provider that fails in every way it can: each time the client hears an error of its own
// protocol (or a broken transfer, where an answer had begun), nothing is asked twice, the journal says what happened,
// and the next request is answered as ever.
import { ok, strictEqual as equal, deepStrictEqual as same } from 'node:assert'
import { PROTOCOLS, ask, model, models, serve } from './gateway_home.mjs'

const limits = { timeouts_ms: { connect: 2000, first_byte: 2000, idle: 2000, total: 6000 } }
const ends = { chat: /\[DONE\]|"finish_reason":"stop"/, responses: /response\.completed/, messages: /message_stop/ }

// What the provider does; the status that a client hears while nothing of an answer has gone out; the class in the journal.
const faults = [
    ...[[400, 'bad_request'], [404, 'bad_request'], [413, 'too_long'], [422, 'bad_request'], [429, 'rate_limit'],
        [500, 'server'], [502, 'server'], [529, 'overloaded']].map(([status, error]) => [`status ${status}`, { status }, status, error]),
    ['status 401', { status: 401 }, 502, 'unauthorized'], ['status 403', { status: 403 }, 502, 'unauthorized'], // moult's own key
    ['429 with seconds', { status: 429, headers: { 'retry-after': '7' } }, 429, 'rate_limit'],
    ['429 with milliseconds', { status: 429, headers: { 'retry-after-ms': '70', 'x-should-retry': 'true' } }, 429, 'rate_limit'],
    ['429 with a date', { status: 429, headers: { 'retry-after': 'Fri, 31 Dec 1999 23:59:59 GMT' } }, 429, 'rate_limit'],
    ['a close', { fault: { close: true } }, 502, 'connection'],
    ['silence', { fault: { silent: true } }, 504, 'timeout'],
    ['half a body', { fault: { half: true } }, 502, 'connection'],
    ['ten bytes', { fault: { cut_bytes: 10 } }, 502, 'connection'],
    ['a missing brace', { fault: { bad_json: true } }, 502, 'malformed'],
    ['no JSON at all', { body: 'It works!' }, 502, 'malformed'],
    ['nothing in it', { body: '' }, 502, 'malformed'],
    ['a byte each five seconds', { fault: { byte_ms: 5000 } }, 504, 'timeout'],
    ['a byte now and then', { say: 'x'.repeat(9999), fault: { byte_ms: 50 } }, 504, 'timeout'],
]
const streams = [
    ['a cut in an event', { fault: { cut_events: 2 } }, 502, 'connection'],
    ['an error event', { error: { type: 'rate_limit_error', code: 'rate_limit_exceeded', message: 'later' }, fault: { error_after: 2 } }, 429, 'rate_limit'],
]
const large = ['a gigabyte', { fill: 1e9, chunk: 1 << 20 }, 502, 'malformed']

const rule = ([name, does]) => ({
    when: { user_contains: `${name}.` },
    ...(does.status || does.body !== undefined || does.fill ? {} : { say: ['one', 'two', 'three', 'four', 'five'] }), ...does,
})
const upstream = await model({ rules: [
    ...[...faults, ...streams, large].map(rule),
    { say: 'Fine.' },
] })
const request = (protocol, text, stream) => JSON.stringify(PROTOCOLS[protocol].body(text, stream ? { stream } : {}))
const asked = text => upstream.asked().filter(it => it.body?.includes(JSON.stringify(text))).length

/** What the client hears; then, by the text that it sent, what the journal has. */
async function suffer(home, kind, protocol, stream, [name, does, status, error]) {
    const where = `${kind} ${protocol}${stream ? ' stream' : ''}: ${name}.`
    const got = await ask(home.port, PROTOCOLS[protocol].path, request(protocol, where, stream))
    if (got.status === 200) {
        ok(stream && kind === 'passing', `${where}: ${got.body.slice(0, 200)}`)
        equal(got.whole, false, `${where}: it is no whole answer`)
        ok(!ends[protocol].test(got.body), `${where}: an end was invented`)
    } else {
        same([got.status, got.whole], [status, true], `${where}: ${got.body.slice(0, 200)}`)
        const said = JSON.parse(got.body)
        ok(said.error.message, where)
        if (protocol === 'messages') equal(said.type, 'error', where)
        for (const [header, value] of Object.entries(does.headers ?? {})) equal(got.headers[header], value, where)
    }
    // The router tries a broken connection once more, unless a client has half of an answer.
    equal(asked(where), error === 'connection' && got.status !== 200 ? 2 : 1, where)
    return [where, error]
}

async function provider(kind, home) {
    const all = Object.keys(PROTOCOLS).flatMap(protocol => [false, true].flatMap(stream =>
        (stream ? [...faults, ...streams] : faults).map(fault => suffer(home, kind, protocol, stream, fault))))
    const done = await Promise.all([...all, suffer(home, kind, 'chat', true, large), suffer(home, kind, 'messages', false, large)])
    const traces = home.sessions().map(({ id }) => home.trace(id))
    for (const [text, error] of done) {
        const entries = traces.find(it => it.some(({ kind, data }) => kind === 'message' && JSON.stringify(data).includes(text)))
        ok(entries?.find(it => it.kind === 'end'), `${text} the turn has an end`)
        equal(entries.filter(it => it.kind === 'result').at(-1).data.class, error, text)
    }
    for (const [protocol, { path }] of Object.entries(PROTOCOLS))
        equal((await ask(home.port, path, request(protocol, 'hello'))).status, 200, 'it goes on')
}

for (const kind of ['held', 'passing']) {
    const home = await serve(kind, models(upstream.url, limits))
    await provider(kind, home)
    await home.stop()
}
await upstream.end()
console.log('ok: faults of providers')
