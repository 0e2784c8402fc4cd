#!/usr/bin/env node
// The whole loop on live traffic, and of the router: a provider limits the rate of one model while another stands
// idle; turns fail, their sessions are mined, the router's source is patched, a person approves, and the next request
// of the same client is answered by the other model, in the same broker process.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { deepStrictEqual as same, match, ok, strictEqual as equal } from 'node:assert'

const { MOULT_BIN: bin, MOULT_SRC: source } = process.env
const moult = `${bin}/moult`
const work = mkdtempSync(join(tmpdir(), 'live-routing-'))
const home = join(work, 'home'), socket = join(home, 'run/moult.sock')
const env = { ...process.env, XDG_CONFIG_HOME: join(work, 'config') }
const children = []
process.on('exit', () => { children.forEach(child => child.kill('SIGKILL')); rmSync(work, { recursive: true, force: true }) })

const run = (...args) => execFileSync(moult, ['-C', home, '--json', ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
const says = (...args) => JSON.parse(run(...args))

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

/** One request of a client that knows nothing of moult but where it is. */
const ask = (group, content) => new Promise((done, failed) => {
    const body = JSON.stringify({ model: 'big', messages: [{ role: 'user', content }] })
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), 'x-moult-group': group }
    request({ socketPath: socket, path: '/v1/chat/completions', method: 'POST', headers }, async answer => {
        let text = ''
        for await (const piece of answer) text += piece
        done({ status: answer.statusCode, retry: answer.headers['retry-after'], ...JSON.parse(text) })
    }).on('error', failed).end(body)
})

const script = join(work, 'script.json'), log = join(work, 'log')
writeFileSync(script, JSON.stringify({
    models: ['big', 'small'],
    rules: [
        { when: { model: 'big', user_contains: 'order' }, status: 429, headers: { 'retry-after': '2' } },
        { when: { model: 'big', user_contains: 'secret' }, status: 401 },
        { say: 'Fine.' },
    ],
}))
const { line } = await start('--json', 'mock-model', script, '--log', log)
const base_url = `${JSON.parse(line).listening}/v1`
execFileSync(moult, ['init', home, '--harness', `${source}/examples/naive-harness`, '--split-key', '07'.repeat(32)], { env })
writeFileSync(join(home, 'key'), 'a-key\n', { mode: 0o600 })
const alias = name => ({ name, provider: 'openai', base_url, model: name, api_key: { file: 'key' } })
writeFileSync(join(home, 'moult.json'), JSON.stringify({
    models: [alias('big'), alias('small')], evolve: { autonomy: 'off' }, canary: { turns: 0, seconds: 0 },
}))
const service = await start('-C', home, 'serve')

// A day with a provider that limits the rate. The client hears what the provider said.
for (let i = 0; i < 40; i++) {
    const limited = await ask(`customer ${i}`, `my order ${i}`)
    same([limited.status, limited.retry, limited.error.code], [429, '2', 'rate_limit_exceeded'])
}
for (let i = 0; i < 12; i++) {
    equal((await ask(`visitor ${i}`, `hello ${i}`)).model, 'big')
    equal((await ask(`stranger ${i}`, `a secret ${i}`)).status, 502)
}

// The failures are rows of the journal; the harness as it is does them again in a replay.
const mined = says('mine')
const cluster = mined.clusters.find(it => it.id === 'turn_failed_rate_limit')
equal(cluster.groups, 40)
const before = says('replay').totals
equal(before.same, before.steps)

const evolved = says('evolve', '--quick', '--cluster', 'turn_failed_rate_limit')
const candidate = evolved.candidates.at(-1)
equal(candidate.state, 'in_review')
const shown = says('show', candidate.id.slice(0, 12))
same([shown.plugin, shown.verdict.verdict], ['router', 'pass'])
match(shown.contract.hypothesis, /the class of the error is rate limit/)
says('approve', candidate.id.slice(0, 12))
says('promote', candidate.id.slice(0, 12))

// The same client, the same process, another harness.
equal(service.child.exitCode, null)
const answered = await ask('customer 0', 'my order, please')
same([answered.status, answered.model, answered.choices[0].message.content], [200, 'small', 'Fine.'])
equal((await ask('stranger 0', 'a secret again')).status, 502) // a key that is wrong stays wrong
const asked = readFileSync(log, 'utf8').trim().split('\n').map(it => JSON.parse(it)).filter(it => it.answered).slice(-3)
same(asked.map(it => it.status), [429, 200, 401])
ok(says('replay').totals.resolved >= 40)
process.exit(0)
