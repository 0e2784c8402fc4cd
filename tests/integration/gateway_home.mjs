// gateway_home - what the stories of the gateway share: a home that serves, a scripted model behind it whose log
// shows what came, and a client that writes its bytes itself. Imported, never run.
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { strictEqual as equal } from 'node:assert'

const { MOULT_BIN: bin, MOULT_SRC: source } = process.env
export const moult = `${bin}/moult`
export const work = mkdtempSync(join(tmpdir(), 'gateway-'))
export const env = { ...process.env, XDG_CONFIG_HOME: join(work, 'config') }
export const KEY = 'sk-of-the-provider-0001', TOKEN = 'a-token-of-this-home-0001', OTHER = 'the-token-of-somebody-else'

const children = new Set()
process.on('exit', () => {
    children.forEach(child => child.kill('SIGKILL'))
    rmSync(work, { recursive: true, force: true })
})

/** A program that says on its first line, in JSON, where it listens. */
async function start(...args) {
    const child = spawn(moult, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    children.add(child)
    const ended = new Promise(done => child.once('exit', (code, signal) => { children.delete(child); done(code ?? signal) }))
    const line = await Promise.race([
        new Promise(done => createInterface({ input: child.stdout }).once('line', done)),
        ended.then(code => { throw new Error(`moult ${args.join(' ')} ended with ${code}`) }),
    ])
    const end = async signal => {
        child.kill(signal ?? 'SIGTERM')
        return ended
    }
    return { child, end, ...JSON.parse(line) }
}

let count = 0

/** A scripted model; keys are checked, so that nothing passes with a client's own. */
export async function model(script, port = 0) {
    const file = join(work, `model-${++count}.json`), log = `${file}.log`
    writeFileSync(file, JSON.stringify({ keys: [KEY], ...script }))
    const it = await start('--json', 'mock-model', file, '--log', log, '--listen', `127.0.0.1:${port}`)
    const lines = () => readFileSync(log, 'utf8').split('\n').slice(0, -1).map(text => JSON.parse(text))
    return {
        ...it, url: it.listening, lines,
        /** Requests that came, in order. */
        asked: () => lines().filter(line => line.request),
        last: () => lines().filter(line => line.request).at(-1),
        async logged(holds) {
            for (;;) {
                const found = lines().find(holds)
                if (found) return found
                await new Promise(done => setTimeout(done, 5))
            }
        },
    }
}

/** Its plugins promise only to look, so that what the provider says passes as it comes; without that it is held. */
function harness(name) {
    const from = `${source}/examples/naive-harness`
    if (name === 'passing') return from
    const to = join(work, 'held-harness')
    cpSync(from, to, { recursive: true })
    for (const plugin of ['replies', 'calls', 'answers']) {
        const file = join(to, `plugins/${plugin}/${plugin}.c`), text = readFileSync(file, 'utf8')
        writeFileSync(file, text.replace('    .traits = MOULT_ONLY_LOOKS,\n', ''))
    }
    return to
}

/** A home that serves: kind is `held` or `passing`. */
export async function serve(kind, models, config = {}) {
    const home = join(work, `home-${++count}`)
    execFileSync(moult, ['init', home, '--harness', harness(kind)], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    writeFileSync(join(home, 'key'), `${KEY}\n`, { mode: 0o600 })
    writeFileSync(join(home, 'tokens'), `${TOKEN} alice\n${OTHER} bob\n`, { mode: 0o600 })
    writeFileSync(join(home, 'moult.json'), JSON.stringify({
        models: models.map(it => ({ api_key: { file: 'key' }, ...it })),
        listen: { tcp: '127.0.0.1:0', tokens: { file: 'tokens' } },
        evolve: { autonomy: 'off' },
        ...config,
    }))
    return open(home)
}

async function open(home) {
    const it = await start('-C', home, '--json', 'serve')
    const stop = async () => equal(await it.end(), 0, 'the service ends well')
    const json = (...args) => JSON.parse(execFileSync(moult, ['-C', home, '--json', ...args], { env, maxBuffer: 1 << 30 }).toString())
    const trace = id => execFileSync(moult, ['-C', home, 'trace', id, '--export'], { env, maxBuffer: 1 << 30 })
        .toString().trim().split('\n').map(line => JSON.parse(line))
    return {
        ...it, home, json, trace, url: it.listening.tcp, socket: it.listening.unix,
        port: Number(it.listening.tcp.split(':').at(-1)),
        sessions: () => json('sessions', '--live').sessions,
        stop,
        /** The same home, served by another process. */
        async again() { await stop(); return open(home) },
    }
}

/** Writes the pieces one after the other; everything that the socket says until it ends, as Latin-1 text. */
export function raw(to, ...pieces) {
    const socket = typeof to === 'string' ? connect(to) : connect(to, '127.0.0.1')
    const said = []
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('data', piece => said.push(piece))
    const text = () => Buffer.concat(said).toString('latin1')
    const whole = new Promise(done => socket.on('close', () => done(text())))
    const write = async () => {
        for (const piece of pieces) {
            if (typeof piece === 'function') await piece(text)
            else await new Promise(done => socket.write(piece, done))
        }
    }
    socket.on('connect', write)
    return Object.assign(whole, { socket, text })
}

/** Waits, without a clock, until what was said has it in it. */
export const heard = what => async text => {
    while (!text().includes(what)) await new Promise(done => setTimeout(done, 2))
}

export const AUTH = { authorization: `Bearer ${TOKEN}` }

/** The bytes of a request, with its length and an end of the connection behind it. */
export function post(path, body, headers = AUTH) {
    const head = Object.entries({ host: 'a', connection: 'close', 'content-type': 'application/json',
        'content-length': Buffer.byteLength(body), ...headers })
    return Buffer.concat([
        Buffer.from(`POST ${path} HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`),
        Buffer.from(body),
    ])
}

/** An answer as it came: status, headers (lower case), the body's bytes, and whether the transfer was whole. */
export function answer(said) {
    const end = said.indexOf('\r\n\r\n')
    const [line, ...lines] = said.slice(0, end).split('\r\n')
    const headers = Object.fromEntries(lines.map(it => [it.slice(0, it.indexOf(':')).toLowerCase(), it.slice(it.indexOf(':') + 1).trim()]))
    const [body, whole] = unframed(said.slice(end + 4), headers)
    return { status: Number(line.split(' ')[1]), headers, whole, body: Buffer.from(body, 'latin1').toString() }
}

function unframed(rest, headers) {
    if (!/chunked/i.test(headers['transfer-encoding'] ?? ''))
        return [rest, rest.length === Number(headers['content-length'] ?? rest.length)]
    let body = ''
    for (;;) {
        const found = /^([0-9a-f]+)\r\n/i.exec(rest)
        if (!found) return [body, false]
        const size = parseInt(found[1], 16), from = found[0].length
        if (size === 0) return [body, rest.slice(from) === '\r\n']
        body += rest.slice(from, from + size)
        rest = rest.slice(from + size + 2)
    }
}

/** One request, one answer. */
export const ask = async (to, path, body, headers) => answer(await raw(to, post(path, body, headers)))

/** What each protocol asks, where, and which provider of moult.json speaks it. */
export const PROTOCOLS = {
    chat: { path: '/v1/chat/completions', provider: 'openai',
        body: (text, more) => ({ model: 'm', messages: [{ role: 'user', content: text }], ...more }) },
    responses: { path: '/v1/responses', provider: 'openai',
        body: (text, more) => ({ model: 'm', input: [{ role: 'user', content: text }], ...more }) },
    messages: { path: '/v1/messages', provider: 'anthropic',
        body: (text, more) => ({ model: 'm', max_tokens: 99, messages: [{ role: 'user', content: text }], ...more }) },
}

/** One model of each provider's, both by the name `m` and `n`. */
export const models = (url, more = {}) => [
    { name: 'gpt', provider: 'openai', base_url: `${url}/v1`, ...more },
    { name: 'claude', provider: 'anthropic', base_url: url, ...more },
]
