#!/usr/bin/env node
// A provider that gives back what it should keep, and says what is not for a client: moult's key in texts, headers and
// streams, a 401 about that key, a redirect, headers of moult's own. No client hears any of it, and nothing of the key
// is in the home.
import { deepStrictEqual as same, doesNotMatch, match, ok, strictEqual as equal } from 'node:assert'
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { join } from 'node:path'
import { cli, home, init, serve, socket } from './../integration/service_home.mjs'

const KEY = 'sk-of-the-provider-9Xw2LmQ7', STARS = '*'.repeat(KEY.length)
const LEAKS = { 'x-echo-key': KEY, 'x-request-id': `req-${KEY}`, 'x-moult-turn': '999', 'x-moult-other': '1',
    'www-authenticate': 'Bearer realm="elsewhere"', 'set-cookie': 'a=b', location: 'http://127.0.0.1:9/', 'x-ratelimit-remaining-requests': '5' }
const message = content => ({ role: 'assistant', content })
const error = { error: { message: `Incorrect API key provided: ${KEY}`, type: 'invalid_request_error', code: 'invalid_api_key' } }
const does = {
    refuse401: () => [401, error],
    refuse403: () => [403, { error: { message: `not for ${KEY}`, type: 'x' } }],
    later: () => [429, { error: { message: 'later', type: 'rate_limit_error' } }, { 'retry-after': '7' }],
    moved: () => [302, {}],
    answer: () => [200, { id: 'x', object: 'chat.completion', created: 1, model: 'm',
        choices: [{ index: 0, message: message(`it is ${KEY}.`), finish_reason: 'stop' }] }],
}
const chunk = (delta, finish_reason = null) => `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1, model: 'm',
    choices: [{ index: 0, delta, finish_reason }] })}\n\n`
const STREAM = chunk({ role: 'assistant', content: `it is ${KEY}.` }) + chunk({}, 'stop') + 'data: [DONE]\n\n'
const provider = createServer(async (asked, answer) => {
    let body = ''
    for await (const piece of asked) body += piece
    equal(asked.headers.authorization, `Bearer ${KEY}`)
    const word = /(refuse401|refuse403|later|moved|answer|stream|close)/.exec(body)[1]
    if (word === 'close') {
        answer.socket.destroy()
    } else if (word === 'stream') {
        answer.writeHead(200, { ...LEAKS, 'content-type': 'text/event-stream' })
        const at = STREAM.indexOf(KEY) + 9
        answer.write(STREAM.slice(0, at), () => answer.end(STREAM.slice(at)))
    } else {
        const [status, said, more] = does[word]()
        answer.writeHead(status, { ...LEAKS, 'content-type': 'application/json', ...more })
        answer.end(JSON.stringify(said))
    }
})
await new Promise(done => provider.listen(0, '127.0.0.1', done))
init(`http://127.0.0.1:${provider.address().port}`, { listen: { passthrough: true } })
writeFileSync(join(home, 'key'), `${KEY}\n`, { mode: 0o600 })
const service = await serve()

const post = (word, { path = '/v1/chat/completions', headers = {}, ...more } = {}) => new Promise((done, failed) => {
    const body = path === '/v1/embeddings' ? { model: 'main', input: word } : { model: 'main', messages: [{ role: 'user', content: word }], ...more }
    request({ socketPath: socket, path, method: 'POST', headers: { 'content-type': 'application/json', ...headers } }, async answer => {
        let said = ''
        answer.setEncoding('utf8')
        for await (const piece of answer) said += piece
        done({ status: answer.statusCode, headers: answer.headers, raw: answer.rawHeaders, said })
    }).on('error', failed).end(JSON.stringify(body))
})
let named = 0
const ways = {
    gateway: {}, 'another protocol': { path: '/v1/messages', max_tokens: 9 }, passed: { path: '/v1/embeddings' },
    get hosted() { return { headers: { 'X-Moult-Session': `s${named++}` } } },
}
/** Nothing of the key, and no header but those that are for a client. */
function clean(got, where) {
    for (const text of [got.said, JSON.stringify(got.raw)]) ok(!text.includes(KEY), `${where} has the key: ${text.slice(0, 300)}`)
    for (const name of ['x-echo-key', 'x-moult-other', 'www-authenticate', 'set-cookie', 'location'])
        equal(got.headers[name], undefined, `${where}: ${name}`)
}

for (const way of Object.keys(ways)) {
    for (const word of ['refuse401', 'refuse403', 'moved']) { // what is wrong between moult and its provider is no fault of the client's
        const got = await post(word, ways[way]), where = `${way}, ${word}`
        clean(got, where)
        equal(got.status, 502, `${where}: ${got.said}`)
        if (word !== 'moved') match(JSON.parse(got.said).error.message, /the key that moult has/, where)
        doesNotMatch(got.said, /Incorrect API|not for/)
        if (way !== 'passed') match(got.headers['x-moult-turn'], /^[1-9]\d*$/, where)
    }
    const later = await post('later', ways[way])
    clean(later, way)
    same([later.status, later.headers['retry-after']], [429, '7'], `${way}: ${later.said}`)
    if (way !== 'passed') match(later.headers['x-moult-turn'], /^(?!999)\d+$/, way)
    const fine = await post('answer', ways[way])
    clean(fine, way)
    equal(fine.status, 200, fine.said)
    ok(fine.said.includes(`it is ${STARS}.`), fine.said)
    if (way === 'gateway') {
        same([fine.headers['x-ratelimit-remaining-requests'], fine.headers['x-request-id']], ['5', `req-${STARS}`])
        match(fine.headers['x-moult-turn'], /^(?!999)\d+$/)
    }
    if (way === 'passed') continue
    const streamed = await post('stream', { ...ways[way], stream: true })
    clean(streamed, `${way}, a stream`)
    equal(streamed.status, 200)
    if (way === 'gateway') equal(streamed.said, STREAM.replace(KEY, STARS))
    const closed = await post('close', ways[way]) // words, and not the numbers and names of what moult is made of
    equal(closed.status, 502)
    doesNotMatch(closed.said, /class \d|callback/)
    match(closed.said, /connection|Empty reply|reset/i)
}

// Whose conversation it is must not hang on a slip: an empty name and two names are refused.
for (const [names, why] of [[[''], /X-Moult-Session wants/], [['a', 'b'], /2 times/], [['a', 'a'], /2 times/]]) {
    const got = await post('answer', { headers: { 'X-Moult-Session': names } })
    equal(got.status, 400, JSON.stringify(names) + got.said)
    match(got.said, why)
}

await service.stop()
const list = (await cli(['--json', 'sessions'])).stdout
for (const { id } of JSON.parse(list).sessions) ok(!(await cli(['trace', String(id), '--export'])).stdout.includes(KEY), `trace ${id}`)
const files = readdirSync(home, { recursive: true }).map(it => join(home, it)).filter(it => statSync(it, { throwIfNoEntry: false })?.isFile())
ok(files.some(it => it.endsWith('journal.db')))
for (const file of files) if (file !== join(home, 'key')) ok(!readFileSync(file, 'latin1').includes(KEY), file)
console.log('ok')
process.exit(0)
