#!/usr/bin/env node
// What a user gets wrong, and what clients do at once: a service without models, or without one for a client's protocol,
// says so and blames nobody else; a port that is taken is named; two clients that open one session are not both let in;
// a permission is given to the question that was asked.
import { deepStrictEqual as same, match, strictEqual as equal } from 'node:assert'
import { createServer } from 'node:net'
import { request } from 'node:http'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cli, home, init, json, model, serve, socket } from './service_home.mjs'

const { url, asked } = await model([
    { when: { last_role: 'user', user_contains: 'ask' }, call: { name: 'shell', arguments: { command: 'true' } } },
    { say: 'Fine.' },
])
init(url, { models: [] })

/** POST on the service's own socket. */
const post = (path, body, headers = {}) => new Promise((done, failed) => {
    const text = JSON.stringify(body)
    request({ socketPath: socket, path, method: 'POST', headers: { 'content-type': 'application/json', ...headers } }, async answer => {
        let said = ''
        for await (const piece of answer) said += piece
        done({ status: answer.statusCode, headers: answer.headers, said })
    }).on('error', failed).end(text)
})
const user = text => ({ model: 'gpt', max_tokens: 9, messages: [{ role: 'user', content: text }] })
const configure = config => writeFileSync(join(home, 'moult.json'), JSON.stringify({ evolve: { autonomy: 'off' }, ...config }))

// No models at all: each turn ends and says why; no worker and no generation is to blame.
let service = await serve()
for (const path of ['/v1/chat/completions', '/v1/responses', '/v1/messages']) {
    const { status, said } = await post(path, path === '/v1/responses' ? { model: 'gpt', input: 'hi' } : user('hi'))
    equal(status, 404, `${path}: ${said}`)
    match(said, /moult\.json/)
}
const run = await json('run', 'hello')
same([run.status, run.error.code], [1, 'missing'], JSON.stringify(run))
let got = await json('status')
same([got.pid, got.turns_open], [service.pid, 0])
await service.stop()

// A provider of one protocol, asked for another's name in another protocol.
configure({ models: [{ name: 'main', provider: 'anthropic', base_url: url, model: 'main', api_key: { file: 'key' } }] })
service = await serve()
for (let i = 0; i < 3; i++) {
    const { status, said } = await post('/v1/chat/completions', user('hi'))
    equal(status, 404, said)
    match(said, /takes the model \\?"gpt/)
}
got = await json('status')
equal(got.pid, service.pid)
for (const word of ['max_tokens', 'max_completion_tokens']) { // what it may cost is said in the provider's words
    match((await post('/v1/chat/completions', { ...user('hi'), max_tokens: undefined, [word]: 9, model: 'main' })).said, /Fine\./)
    equal(asked().at(-1).max_tokens, 9)
}

// Two open one new session at once: one is let in, the other told; then it goes on.
configure({ models: [{ name: 'main', provider: 'openai', base_url: `${url}/v1`, model: 'main', api_key: { file: 'key' } }], tools: { shell: 'ask' } })
await service.stop()
service = await serve()
for (let round = 0; round < 4; round++) {
    const name = { 'X-Moult-Session': `both-${round}` }
    const answers = await Promise.all([1, 2, 3].map(() => post('/v1/chat/completions', user('hi'), name)))
    same(answers.map(it => it.status).sort(), [200, 409, 409])
    for (const it of answers.filter(it => it.status === 409)) match(it.said, /a turn of this session is in work/)
    const after = await post('/v1/chat/completions', user('again'), name)
    equal(after.status, 200, after.said)
}

// A question is answered by its whole id and no other.
const asking = post('/v1/chat/completions', user('ask me'), { 'X-Moult-Session': 'asks' })
let waiting
do waiting = (await json('permissions')).permissions; while (!waiting.length)
const [{ id: whole }] = waiting
for (const [id, status] of [[`${whole}x`, 400], [`${whole}-1`, 400], ['1', 400], ['999-1', 404], [whole, 200], [whole, 404]])
    equal((await post(`/api/permissions/${id}`, { allow: false })).status, status, id)
equal((await asking).status, 200)
await service.stop()

// Two tenants: neither is shown the other's workers, nor a total that tells what the other does; the person of this
// machine is shown all of it, and so is who has an operator's token, who has no way into their sessions.
const tokens = { alice: 'a-token-of-this-home-0001', bob: 'the-token-of-somebody-else' }, operator = 'the-token-of-prometheus'
const lines = [...Object.entries(tokens).map(([name, token]) => `${token} ${name}`), `${operator} watcher operator`]
writeFileSync(join(home, 'tokens'), lines.join('\n'), { mode: 0o600 })
configure({
    models: [{ name: 'main', provider: 'openai', base_url: `${url}/v1`, model: 'main', api_key: { file: 'key' } }],
    listen: { tcp: '127.0.0.1:0', tokens: { file: 'tokens' } },
})
service = await serve()
const seen = {}
for (const [name, token] of Object.entries(tokens)) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const turn = await fetch(`${service.listening.tcp}/v1/chat/completions`, { method: 'POST', headers, body: JSON.stringify(user('hi')) })
    equal(turn.status, 200, await turn.text())
    const status = await (await fetch(`${service.listening.tcp}/api/status`, { headers })).json()
    same(Object.keys(status), ['generation', 'generation_digest', 'workers', 'uptime_s'])
    seen[name] = status.workers.map(it => it.principal)
    const metrics = await fetch(`${service.listening.tcp}/metrics`, { headers })
    equal(metrics.status, 403)
    match(await metrics.text(), /operator/)
}
same(seen, { alice: ['alice'], bob: ['bob'] })
const watches = { headers: { 'x-api-key': operator } }
match(await (await fetch(`${service.listening.tcp}/metrics`, watches)).text(), /^moult_turns_total 2$/m)
const all = await (await fetch(`${service.listening.tcp}/api/status`, watches)).json()
same([all.turns, all.workers.map(it => it.principal).sort()], [2, ['alice', 'bob']])
same((await json('status')).workers.map(it => it.principal).sort(), ['alice', 'bob'])
await service.stop()

// A port that somebody else has.
const taken = createServer().listen(0, '127.0.0.1')
await new Promise(done => taken.once('listening', done))
const { port } = taken.address()
configure({ models: [], listen: { tcp: `127.0.0.1:${port}`, tokens: { file: 'tokens' } } })
const refused = await cli(['serve'])
equal(refused.status, 1)
match(refused.stderr, new RegExp(`:${port}`))
match(refused.stderr, /listen\.tcp/)
taken.close()
console.log('ok')
process.exit(0)
