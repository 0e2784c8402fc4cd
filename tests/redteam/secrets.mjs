#!/usr/bin/env node
// Where keys and tokens come: a provider's key goes to that provider and nowhere else (not to a worker, a tool, a
// trace, the journal, a log), a client's token goes to nobody, and of two principals neither sees or answers what
// is the other's. The judges are a provider of our own, the bytes of the home, and /proc.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, readSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { deepStrictEqual as same, equal, ok } from 'node:assert/strict'

const { MOULT_BIN: bin, MOULT_SRC: source } = process.env, moult = `${bin}/moult`
const work = mkdtempSync(join(tmpdir(), 'secrets-')), home = join(work, 'home')
chmodSync(work, 0o711) // the tools of root are nobody's
const KEYS = { env: 'sk-of-the-provider-by-variable-7Qx', file: 'sk-of-the-provider-by-file-b2Kd' }
const TOKENS = { alice: 'token-of-alice-5f1c2a9d40', bob: 'token-of-bob-e07b66318c' }
const secrets = [...Object.values(KEYS), ...Object.values(TOKENS)]
const env = { ...process.env, XDG_CONFIG_HOME: join(work, 'config'), PROVIDER_KEY: KEYS.env, MOULT_LOG: 'debug' }
let service
process.on('exit', () => { service?.kill('SIGKILL'); rmSync(work, { recursive: true, force: true }) })

// The provider: what it was asked, with all headers. Where a text asks for it, it has the agent look around.
const asked = []
const LOOK = 'env; cat /proc/*/environ /proc/*/cmdline; cat ../../provider.key ../../tokens; touch here; until [ -e go ]; do sleep 0.05; done'
const provider = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    asked.push({ headers: request.headers, raw: JSON.stringify(request.rawHeaders), body, url: request.url })
    const { messages } = JSON.parse(body), last = messages?.at(-1)
    const call = (name, args) => ({ role: 'assistant', content: null,
        tool_calls: [{ id: `c${asked.length}`, type: 'function', function: { name, arguments: JSON.stringify(args) } }] })
    const message = last?.content === 'look' ? call('shell', { command: LOOK })
        : last?.content === 'write' ? call('write_file', { path: 'mine', content: 'x' }) : { role: 'assistant', content: `answer ${asked.length}` }
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ id: 'x', object: 'chat.completion', created: 1, model: 'm',
        choices: [{ index: 0, message, finish_reason: message.tool_calls ? 'tool_calls' : 'stop' }] }))
}).listen(0, '127.0.0.1')
await once(provider, 'listening')
const url = `http://127.0.0.1:${provider.address().port}/v1`

execFileSync(moult, ['init', home, '--harness', `${source}/examples/naive-harness`, '--tier', 'container'], { env, stdio: ['ignore', 'ignore', 'inherit'] })
chmodSync(home, 0o711)
writeFileSync(join(home, 'provider.key'), KEYS.file + '\n', { mode: 0o600 })
writeFileSync(join(home, 'tokens'), `${TOKENS.alice} alice\n${TOKENS.bob} bob\n`, { mode: 0o600 })
writeFileSync(join(home, 'moult.json'), JSON.stringify({
    models: [{ name: 'by_env', provider: 'openai', base_url: url, model: 'm', api_key: { env: 'PROVIDER_KEY' } },
        { name: 'by_file', provider: 'openai', base_url: url, model: 'm', api_key: { file: 'provider.key' } }],
    tools: { shell: 'allow', write_file: 'ask' }, evolve: { autonomy: 'off' }, sandbox: { tier: 'container' },
    listen: { tcp: '127.0.0.1:0', tokens: { file: 'tokens' }, passthrough: true } }))
const log = openSync(join(work, 'log'), 'w')
service = spawn(moult, ['-C', home, '--json', 'serve'], { env, stdio: ['ignore', 'pipe', log] })
const { listening, pid } = JSON.parse((await once(createInterface({ input: service.stdout }), 'line'))[0])

async function http(who, method, path, body, headers = {}) {
    const all = { authorization: `Bearer ${TOKENS[who]}`, 'content-type': 'application/json', ...headers }
    const answer = await fetch(listening.tcp + path, { method, body: body && JSON.stringify(body),
        headers: Object.entries(all).filter(([, value]) => value !== undefined) })
    return { status: answer.status, text: await answer.text() }
}
const chat = (who, text, session, model = 'by_env') => http(who, 'POST', '/v1/chat/completions',
    { model, messages: [{ role: 'user', content: text }] }, session && { 'X-Moult-Session': session })
const clean = (text, where) => { for (const secret of secrets) ok(!text.includes(secret), `${where} has ${secret.slice(0, 14)}`) }
async function until(what) { // returns what it gave, once that is something
    for (;;) {
        const got = await what()
        if (got) return got
        await new Promise(done => setTimeout(done, 20))
    }
}

// 1. Gateway, hosted and passed on: the provider gets its own key, and never a token; x-api-key is one as well.
equal((await chat('alice', 'hello')).status, 200)
equal((await chat('alice', 'hello', undefined, 'by_file')).status, 200)
equal((await http('alice', 'POST', '/v1/chat/completions', { model: 'by_env', messages: [{ role: 'user', content: 'keyed' }] },
    { authorization: undefined, 'x-api-key': TOKENS.alice })).status, 200)
equal((await http('alice', 'POST', '/v1/embeddings', { model: 'by_env', input: 'x' })).status, 200)
same(asked.map(it => it.headers.authorization), [KEYS.env, KEYS.file, KEYS.env, KEYS.env].map(key => `Bearer ${key}`))
equal(asked.at(-1).url, '/v1/embeddings')

// 2. While a tool of a hosted turn looks for them: no process but the broker has a secret in what it was started
// with, and no worker in its memory.
const family = () => {
    const parents = new Map(readdirSync('/proc').filter(it => /^\d+$/.test(it)).map(it => {
        try { return [Number(it), Number(readFileSync(`/proc/${it}/stat`, 'utf8').replace(/.*\) . /s, '').split(' ')[0])] } catch { return [0, 0] }
    }))
    const below = it => [...parents].filter(([, parent]) => parent === it).flatMap(([child]) => [child, ...below(child)])
    return below(pid)
}
/** The writable memory of a process; null where the kernel does not let us. */
function memory(number) {
    let file
    try { file = openSync(`/proc/${number}/mem`) } catch { return null }
    const pieces = []
    for (const line of readFileSync(`/proc/${number}/maps`, 'utf8').split('\n')) {
        const [, from, to] = line.match(/^([0-9a-f]+)-([0-9a-f]+) rw/) ?? []
        if (!from || Number(`0x${to}`) - Number(`0x${from}`) > 64 << 20) continue
        const piece = Buffer.alloc(Number(`0x${to}`) - Number(`0x${from}`))
        try { pieces.push(piece.subarray(0, readSync(file, piece, 0, piece.length, BigInt(`0x${from}`)))) } catch { continue }
    }
    closeSync(file)
    return Buffer.concat(pieces).toString('latin1')
}
const looking = chat('alice', 'look', 'looking')
const here = join(home, 'workspaces/@alice/looking')
await Promise.race([until(() => existsSync(join(here, 'here'))), looking.then(it => { throw new Error(`ended early: ${it.text}`) })])
const workers = JSON.parse((await http('alice', 'GET', '/api/status')).text).workers.map(it => it.pid)
const seen = family()
ok(workers.length > 0 && workers.every(it => seen.includes(it)), 'workers are found')
ok(seen.length > workers.length, 'and a tool')
let read = 0
for (const number of seen) {
    for (const part of ['environ', 'cmdline']) {
        let text = ''
        try { text = readFileSync(`/proc/${number}/${part}`, 'latin1') } catch { continue }
        clean(text, `${part} of ${number}`)
        read++
    }
    const all = workers.includes(number) ? memory(number) : null
    if (all) clean(all, `memory of the worker ${number}`)
}
ok(read > 0, 'something could be read')
writeFileSync(join(here, 'go'), '')
equal((await looking).status, 200)
for (const it of asked) {
    clean(it.body, `a request's body ${it.url}`)
    for (const token of Object.values(TOKENS)) ok(!it.raw.includes(token), 'a token went to the provider')
}

// 3. Two principals: one name of a session is two sessions; nobody's questions, turns or answers are the other's.
equal((await chat('alice', 'the secret of alice', 'notes')).status, 200)
const before = asked.length
equal((await chat('bob', 'what did I say?', 'notes')).status, 200)
equal(JSON.parse(asked[before].body).messages.filter(it => it.role === 'user').length, 1)
ok(!asked[before].body.includes('the secret of alice'))
const waiting = chat('alice', 'write', 'waits')
const [question] = await until(async () => {
    const { permissions } = JSON.parse((await http('alice', 'GET', '/api/permissions')).text)
    return permissions.length > 0 && permissions
})
same(JSON.parse((await http('bob', 'GET', '/api/permissions')).text).permissions, [])
equal((await http('bob', 'POST', `/api/permissions/${question.id}`, { allow: true })).status, 404)
equal((await http('bob', 'POST', '/api/sessions/waits/cancel')).status, 404)
equal((await http('alice', 'POST', `/api/permissions/${question.id}`, { allow: false })).status, 200)
equal((await waiting).status, 200)
ok(!existsSync(join(home, 'workspaces/@alice/waits/mine')))
const own = asked.length // what bob repeats of alice's is asked again, not answered out of her journal
equal((await chat('bob', 'hello')).status, 200)
equal(asked.length, own + 1)
const refused = await http('alice', 'GET', '/api/status', undefined, { authorization: 'Bearer token-of-nobody-00000000' })
equal(refused.status, 401)

// 4. What was asked for and refused by the provider, and then all that is on the disk and in the log.
service.kill('SIGTERM')
await once(service, 'exit')
const files = readdirSync(home, { recursive: true }).map(it => join(home, it)).filter(it => statSync(it, { throwIfNoEntry: false })?.isFile())
ok(files.some(it => it.endsWith('journal.db')))
for (const file of files) if (!/\/home\/(tokens|provider\.key)$/.test(file)) clean(readFileSync(file, 'latin1'), file)
clean(readFileSync(join(work, 'log'), 'latin1'), 'the log')
for (const session of ['looking', 'notes']) {
    const list = JSON.parse(execFileSync(moult, ['-C', home, '--json', 'sessions'], { env })).sessions.filter(it => it.name === session)
    for (const { id } of list) clean(execFileSync(moult, ['-C', home, 'trace', id, '--export'], { env }).toString(), `the trace of ${session}`)
}
console.log('ok')
process.exit(0)
