#!/usr/bin/env node
// What a person sees of live sessions, while the service runs, after kill -9, and from a broker that stands alone:
// sessions, trace, flag; and that what a client was told is there.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { deepStrictEqual as same, match, ok, strictEqual as equal } from 'node:assert'

const { MOULT_BIN: bin, MOULT_SRC: source } = process.env
const moult = `${bin}/moult`
const work = mkdtempSync(join(tmpdir(), 'live-trace-'))
const home = join(work, 'home'), socket = join(home, 'run/moult.sock')
const env = { ...process.env, XDG_CONFIG_HOME: join(work, 'config') }
const children = []
process.on('exit', () => { children.forEach(child => child.kill('SIGKILL')); rmSync(work, { recursive: true, force: true }) })

const text = (...args) => execFileSync(moult, ['-C', home, ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] }).toString()
const says = (...args) => JSON.parse(text('--json', ...args))
const refused = (...args) => {
    const { status, stdout } = spawnSync(moult, ['-C', home, '--json', ...args], { env })
    return [status, JSON.parse(stdout).error.code]
}

/** A program that says on its first line that it listens. */
async function start(...args) {
    const child = spawn(moult, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    children.push(child)
    const line = await new Promise((done, failed) => {
        createInterface({ input: child.stdout }).once('line', done)
        child.once('exit', code => failed(new Error(`moult ${args.join(' ')} ended with ${code}`)))
    })
    return { child, line }
}

const ask = (messages, more = {}, tools) => new Promise((done, failed) => {
    const body = JSON.stringify({ model: 'main', messages, tools })
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...more }
    request({ socketPath: socket, path: '/v1/chat/completions', method: 'POST', headers }, async answer => {
        let all = ''
        for await (const piece of answer) all += piece
        done({ status: answer.statusCode, ...JSON.parse(all) })
    }).on('error', failed).end(body)
})

const script = join(work, 'script.json')
writeFileSync(script, JSON.stringify({ models: ['main'], rules: [{ when: { user_contains: 'go on' }, call: { name: 'look', arguments: {} } }, { say: 'Fine.' }] }))
const { line } = await start('--json', 'mock-model', script)
execFileSync(moult, ['init', home, '--harness', `${source}/examples/naive-harness`], { env })
writeFileSync(join(home, 'key'), 'a-key\n', { mode: 0o600 })
writeFileSync(join(home, 'moult.json'), JSON.stringify({
    models: [{ name: 'main', provider: 'openai', base_url: `${JSON.parse(line).listening}/v1`, model: 'main', api_key: { file: 'key' } }],
    evolve: { autonomy: 'off' },
    limits: { steps: 1 },
}))
const service = await start('-C', home, 'serve')

// A client of a gateway brings its own history; a named session is kept here.
const first = [{ role: 'user', content: 'hello' }]
const answer = await ask(first)
equal(answer.choices[0].message.content, 'Fine.')
const second = [...first, answer.choices[0].message, { role: 'user', content: 'and more' }]
equal((await ask(second)).status, 200)
for (const content of ['one', 'two', 'three'])
    equal((await ask([{ role: 'user', content }], { 'x-moult-session': 'work' })).status, 200)

// One request a turn: the client's second one, with the result of its call, is over the limit.
const look = [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }]
const third = [{ role: 'user', content: 'go on' }]
const called = (await ask(third, {}, look)).choices[0].message
equal((await ask([...third, called, { role: 'tool', tool_call_id: called.tool_calls[0].id, content: 'seen' }], {}, look)).status >= 400, true)

const list = () => says('sessions', '--live').sessions.map(({ kind, name, turns, messages }) => [kind, name, turns, messages])
const all = [['gateway', null, 2, 4], ['hosted', 'work', 3, 6], ['gateway', null, 1, 3]]
same(list(), all)

// One order of entries; each result stands behind what asked for it.
const exported = id => text('trace', id, '--export').trim().split('\n').map(it => JSON.parse(it))
function check(entries, turns) {
    entries.forEach((entry, i) => ok(i === 0 || entry.seq > entries[i - 1].seq))
    const bySeq = new Map(entries.map(entry => [entry.seq, entry]))
    for (const { kind, causation, standing, data } of entries) {
        if (kind === 'result' || kind === 'delivered') equal(bySeq.get(causation).kind, 'effect')
        if (kind === 'hook' || kind === 'state') equal(standing, 'testimony')
        if (kind === 'effect') match(data.generation, /^[0-9a-f]{64}$/)
        if (kind === 'message' && data.message.role === 'assistant') equal(bySeq.get(causation).data.effect, 'model')
    }
    same(entries.filter(it => it.kind === 'end').map(it => it.turn), turns)
    equal(entries.filter(it => it.kind === 'effect' && it.data.effect === 'model').length, turns.length)
}
check(exported('work'), [0, 1, 2])
const gateway = says('sessions').sessions[0].id
check(exported(gateway.slice(0, 10)), [0, 1])
// Whole, in the forms that other programs read.
equal(JSON.parse(text('trace', 'work', '--format', 'moult')).moult, 'session')
equal(JSON.parse(text('trace', 'work', '--format', 'chat')).messages.every(it => it.role !== 'error'), true)
equal(JSON.parse(text('trace', gateway, '--format', 'atif')).steps[0].step_id, 1)
equal(says('trace', gateway, '--turn', '1').entries.every(it => it.turn === 1), true)
match(text('trace', 'work'), /turn 2\n.* effect +effect=model /s)

// A person's word: an entry, a record, and nothing where there is nothing.
text('flag', 'work', '--turn', '1', '--why', 'it did not listen')
equal(exported('work').at(-1).data.why, 'it did not listen')
equal(says('sessions', '--live').sessions[1].flags, 1)
match(text('audit', 'show'), /flag .*it did not listen/)
same(refused('flag', 'work', '--turn', '9', '--why', 'x'), [1, 'missing'])
same(refused('trace', 'nobody'), [1, 'missing'])
same(refused('trace', 'work', '--turn', '9'), [1, 'missing'])
same(refused('flag', 'work'), [2, 'usage'])

// What a client was told is there, whatever ends the service; then a broker for these commands alone reads it.
const before = exported('work'), mined = says('mine').detectors
same([mined.flagged.sessions, mined.step_limit.sessions, mined.hook_failed.sessions], [1, 1, 0])
service.child.kill('SIGKILL')
await new Promise(done => service.child.once('exit', done))
same(list(), all)
same(exported('work'), before)
equal(says('audit', 'verify').ok, true)

// The next service goes on with the same session.
await start('-C', home, 'serve')
equal((await ask([{ role: 'user', content: 'four' }], { 'x-moult-session': 'work' })).status, 200)
check(exported('work').filter(it => it.kind !== 'flag'), [0, 1, 2, 3])

// What one client sends and no reader understands is no reason to read nothing.
equal((await ask([...first, { role: 'function', name: 'f', content: 'x' }])).status, 200)
equal(says('sessions').sessions.length, 4)
const again = says('mine')
same([again.sessions, again.read], [3, 1]) // one has grown since it was mined
console.log('ok: sessions, traces and flags')
process.exit()
