#!/usr/bin/env node
// A service that was told to end, with turns in work: who comes anew is answered, operators are heard, the question of a
// turn that waits can be answered and the turn then ends well; what would begin a turn is told to come again. The service
// that is started meanwhile waits, and takes over.
import { spawn } from 'node:child_process'
import { request } from 'node:http'
import { deepStrictEqual as same, equal, match, ok } from 'node:assert/strict'
import { calls, content, env, makeHome, model, says, until } from './crash_home.mjs'

let release
const released = new Promise(done => { release = done }), held = new Set()
const upstream = await model(async ({ messages }) => {
    const { role, content } = messages.at(-1)
    if (role === 'tool') return says('It is written.')
    if (content === 'write') return calls(['c1', 'write_file', { path: 'note', content: 'kept' }])
    held.add(content)
    if (content.startsWith('wait')) await released
    return says('Here.')
})
const it = makeHome(upstream.url, { tools: { '*': 'ask' } })
const service = await it.serve()
const turn = (session, text) => it.ask([{ role: 'user', content: text }], { 'x-moult-session': session })
/** On a connection of its own. */
const http = (method, path, body = '') => new Promise((done, failed) => request({ socketPath: it.socketPath, method, path, agent: false,
    headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, async answer => {
    let text = ''
    for await (const piece of answer) text += piece
    done({ status: answer.statusCode, again: answer.headers['retry-after'], text })
}).on('error', failed).end(body))
const moult = (...args) => new Promise(done => {
    const child = spawn(it.moult, ['-C', it.home, '--json', ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout.on('data', piece => { said += piece })
    child.on('close', status => done({ status, ...JSON.parse(said || '{}') }))
})

// Three turns: one asks for leave, one waits for its model, one is going to be cancelled.
const writes = turn('writes', 'write'), waits = turn('waits', 'wait'), ends = turn('ends', 'wait, too')
await until(() => held.size === 2)
const [question] = await until(async () => { const { permissions } = await moult('permissions'); return permissions.length && permissions })
equal((await http('GET', '/readyz')).status, 200)

process.kill(service.pid, 'SIGTERM')
const unready = await until(async () => { const ready = await http('GET', '/readyz'); return ready.status === 503 && ready })
const next = it.serve()
let took_over = false
next.then(() => { took_over = true })
const [healthy, status, open, ...refused] = await Promise.all([http('GET', '/healthz'), moult('status'), moult('permissions'),
    ...[['/v1/chat/completions', 'messages'], ['/v1/responses', 'input'], ['/v1/messages', 'messages'], ['/v1/embeddings', 'input']].map(([path, list]) =>
        http('POST', path, JSON.stringify({ model: 'main', max_tokens: 9, [list]: [{ role: 'user', content: 'hello' }] })))])
match(unready.text, /ending/)
equal(healthy.status, 200)
same([status.status, status.pid, status.turns_open], [0, service.pid, 3])
same(open.permissions.map(({ id }) => id), [question.id])
for (const { status, again, text } of refused) same([status, again, /ending/.test(text)], [503, '1', true], text)
equal(JSON.parse(refused[2].text).error.type, 'overloaded_error')
ok(!held.has('hello'), 'nobody asked the model')

equal((await http('POST', '/api/sessions/ends/cancel')).status, 200)
match((await ends).text, /cancelled/)
equal((await moult('permissions', 'allow', question.id)).status, 0)
equal(content(await writes), 'It is written.')
ok(!took_over, 'the next one waits')
release()
equal(content(await waits), 'Here.')
equal(await service.ended, 0)

const after = await next
ok(after.pid !== service.pid)
equal((await http('GET', '/readyz')).status, 200)
equal(content(await turn('writes', 'hello')), 'Here.')
ok(it.json('audit', 'verify').ok)
equal(await after.end(), 0)
console.log('ok: a service ends, and what is in work with it')
process.exit(0)
