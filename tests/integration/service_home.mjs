// service_home - what the stories of the running service share: a home, a scripted model, the service, and the
// command line before it. Imported, never run.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { strictEqual as equal } from 'node:assert'

const { MOULT_BIN: bin, MOULT_SRC: source } = process.env
export const moult = `${bin}/moult`
export const work = mkdtempSync(join(tmpdir(), 'service-'))
export const home = join(work, 'home'), socket = join(home, 'run/moult.sock')
export const env = { ...process.env, XDG_CONFIG_HOME: join(work, 'config') }

// What waits for ever says what it waits for, before whoever runs it gives up.
const BOUND_S = 570
let latest = 'its start'
setTimeout(() => {
    console.error(`nothing came of ${latest} within ${BOUND_S} s`)
    process.exit(1)
}, BOUND_S * 1000).unref()

const children = new Set()
process.on('exit', () => { children.forEach(child => child.kill('SIGKILL')); rmSync(work, { recursive: true, force: true }) })

/** A command of this home: its status and what it wrote. input: given to it on standard input, which then ends. */
export function cli(args, { input = '', onError = () => {}, onStart = () => {} } = {}) {
    latest = `moult ${args.join(' ')} and what follows it`
    const child = spawn(moult, ['-C', home, ...args], { env })
    children.add(child)
    onStart(child)
    const out = { stdout: '', stderr: '' }
    child.stdout.on('data', data => { out.stdout += data })
    child.stderr.on('data', data => { out.stderr += data; onError(out.stderr, child) })
    child.stdin.on('error', () => {}) // it may end without reading
    child.stdin.end(input)
    return new Promise(done => child.on('close', status => { children.delete(child); done({ status, ...out }) }))
}
export async function json(...args) {
    const { status, stdout } = await cli(['--json', ...args])
    return { status, ...JSON.parse(stdout) }
}

/** A program that says on its first line, in JSON, where it listens. */
async function start(...args) {
    const child = spawn(moult, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    children.add(child)
    const ended = new Promise(done => child.once('exit', code => { children.delete(child); done(code) }))
    const line = await Promise.race([
        new Promise(done => createInterface({ input: child.stdout }).once('line', done)),
        ended.then(code => { throw new Error(`moult ${args.join(' ')} ended with ${code}`) }),
    ])
    return { child, ended, ...JSON.parse(line) }
}

/** A scripted model that is as strict as a provider; asked() are the bodies of the requests that came. */
export async function model(rules) {
    const file = join(work, 'model.json'), log = join(work, 'model.log')
    writeFileSync(file, JSON.stringify({ strict: true, rules }))
    const { listening } = await start('--json', 'mock-model', file, '--log', log)
    const lines = () => readFileSync(log, 'utf8').split('\n').slice(0, -1).map(text => JSON.parse(text))
    return { url: listening, asked: () => lines().filter(line => line.request && line.method === 'POST').map(line => JSON.parse(line.body)) }
}

export function init(url, config, ...more) {
    execFileSync(moult, ['init', home, '--harness', `${source}/examples/naive-harness`, ...more], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    writeFileSync(join(home, 'key'), 'a-key\n', { mode: 0o600 })
    const alias = name => ({ name, provider: 'openai', base_url: `${url}/v1`, model: name, api_key: { file: 'key' } })
    writeFileSync(join(home, 'moult.json'), JSON.stringify({ models: ['main', 'other'].map(alias), evolve: { autonomy: 'off' }, ...config }))
}

/** The service; stop() sees that it ends well. */
export async function serve() {
    const it = await start('-C', home, '--json', 'serve')
    return { ...it, async stop(signal = 'SIGTERM') {
        it.child.kill(signal)
        const code = await it.ended
        if (signal === 'SIGTERM') equal(code, 0, 'the service ends well')
    } }
}
