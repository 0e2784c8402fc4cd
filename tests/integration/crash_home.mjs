// crash_home - what the stories of crashes share: a home that serves and can be killed and started again, a model
// that is a function of the request, and one that only counts. Imported, never run.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const { MOULT_BIN: bin, MOULT_SRC: source } = process.env
export const work = mkdtempSync(join(tmpdir(), 'crash-'))
export const env = { ...process.env, XDG_CONFIG_HOME: join(work, 'config') }
const children = new Set(), nothing = openSync('/dev/null')
process.on('exit', () => {
    children.forEach(child => child.kill('SIGKILL'))
    rmSync(work, { recursive: true, force: true, maxRetries: 50 })
})
/** A sanitizer keeps what was freed. */
export const sanitized = execFileSync('ldd', [`${bin}/moult-broker`]).includes('libasan')
export const pause = ms => new Promise(done => setTimeout(done, ms))

/** Looks again until there is something to return: an event that nobody announces. */
export async function until(look) {
    for (;;) {
        const found = await look()
        if (found) return found
        await pause(2)
    }
}

/** A provider in this process: answer(body) is a message, or a function of the response. `asked` has all requests. */
export async function model(answer) {
    const asked = []
    const server = createServer(async (req, res) => {
        let text = ''
        try {
            for await (const piece of req) text += piece
        } catch { return } // who asked was killed
        const body = JSON.parse(text)
        asked.push(body)
        const message = await answer(body, asked.length)
        if (typeof message === 'function') message(res)
        else reply(res, body, message)
    })
    server.keepAliveTimeout = 0
    await new Promise(done => server.listen(0, '127.0.0.1', done))
    server.unref()
    return { asked, url: `http://127.0.0.1:${server.address().port}/v1`, close: () => server.closeAllConnections() }
}

function reply(res, body, message) {
    const finish_reason = message.tool_calls ? 'tool_calls' : 'stop'
    const chunk = (delta, finish = null) => `data: ${JSON.stringify({ id: 'x', object: 'chat.completion.chunk', created: 1,
        model: body.model, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`
    if (!body.stream) {
        res.setHeader('content-type', 'application/json')
        res.end(JSON.stringify({ id: 'x', object: 'chat.completion', created: 1, model: body.model,
            choices: [{ index: 0, message, finish_reason }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }))
        return
    }
    const calls = message.tool_calls?.map((call, index) => ({ index, ...call }))
    res.setHeader('content-type', 'text/event-stream')
    res.end(chunk({ ...message, ...(calls && { tool_calls: calls }) }) + chunk({}, finish_reason) + 'data: [DONE]\n\n')
}

export const says = content => ({ role: 'assistant', content })
/** calls: [id, tool, arguments]... */
export const calls = (...list) => ({ role: 'assistant', content: null, tool_calls: list.map(([id, name, args]) =>
    ({ id, type: 'function', function: { name, arguments: JSON.stringify(args) } })) })
export const content = message => message.choices[0].message.content

let count = 0

const naive = `${source}/examples/naive-harness`
/** A hook that does more than look may not promise otherwise. */
const acts = text => text.replace('    .traits = MOULT_ONLY_LOOKS,\n', '')
/** The naive harness with more of C in the hook that sees each call. */
export function harness(more) {
    const to = mkdtempSync(join(work, 'harness-')), calls = join(to, 'plugins/calls/calls.c'), turn = '    state->turn++;'
    cpSync(naive, to, { recursive: true })
    writeFileSync(calls, acts(readFileSync(calls, 'utf8')).replace(turn, more + turn))
    return to
}

/** A home; serve() starts the service in it, any number of times, one after the other. */
export function makeHome(url, config = {}, { from = bin, harness = naive } = {}) {
    const home = join(work, `home-${++count}`)
    execFileSync(`${bin}/moult`, ['init', home, '--harness', harness, '--split-key', '07'.repeat(32)],
        { env, stdio: ['ignore', 'ignore', 'inherit'] })
    writeFileSync(join(home, 'key'), 'a-key\n', { mode: 0o600 })
    writeFileSync(join(home, 'moult.json'), JSON.stringify({
        models: [{ name: 'main', provider: 'openai', base_url: url, model: 'main', api_key: { file: 'key' } }],
        tools: { '*': 'allow' }, evolve: { autonomy: 'off' }, canary: { turns: 0, seconds: 0 }, ...config,
    }))
    return homeAt(home, from)
}

/** What can be done with a home that is there. */
export function homeAt(home, from = bin) {
    const moult = `${from}/moult`, socketPath = join(home, 'run/moult.sock')
    const text = (...args) => execFileSync(moult, ['-C', home, ...args], { env, maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'inherit'] })
        .toString()
    return {
        home, moult, socketPath, text,
        json: (...args) => JSON.parse(text('--json', ...args)),
        /** Exit status and what it said, of a command that may be refused. */
        tries(...args) {
            const { status, stdout } = spawnSync(moult, ['-C', home, '--json', ...args], { env })
            return { status, said: stdout.length ? JSON.parse(stdout) : {} }
        },
        trace: id => text('trace', id, '--export').trim().split('\n').map(line => JSON.parse(line)),
        rows: sql => JSON.parse(execFileSync('sqlite3', ['-readonly', '-json', '-cmd', '.timeout 10000', join(home, 'journal.db'), sql],
            { maxBuffer: 1 << 30 }).toString() || '[]'),
        /** What brings back what was active before, forward again too: `moult rollback` alone goes further back. */
        toggle() {
            const [, { before }] = this.rows("SELECT json_extract(body, '$.commit') before FROM admission ORDER BY number DESC LIMIT 2")
            return ['rollback', '--to', before]
        },
        serve: (more = {}, taken = 0) => serve(moult, home, more, taken),
        /** A broker that a command started goes a moment after it; it holds this lock as long as it lives. */
        rests: () => execFileSync('flock', [join(home, 'run/broker.lock'), 'true']),
        status: () => get(socketPath, '/api/status'),
        ask: (messages, headers = {}, more = {}) => ask(socketPath, { model: 'main', messages, ...more }, headers),
        open: (messages, headers = {}, more = {}) => open(socketPath, { model: 'main', messages, ...more }, headers),
    }
}

/** taken: so many descriptors it has from the start that are nothing to it. */
async function serve(moult, home, more, taken) {
    const child = spawn(moult, ['-C', home, '--json', 'serve'], { env: { ...env, ...more },
        stdio: ['ignore', 'pipe', 'pipe', ...Array(taken).fill(nothing)] })
    children.add(child)
    let log = ''
    child.stderr.on('data', piece => { log += piece })
    const ended = new Promise(done => child.once('exit', (code, signal) => { children.delete(child); done(code ?? signal) }))
    const line = await Promise.race([
        new Promise(done => createInterface({ input: child.stdout }).once('line', done)),
        ended.then(code => { throw new Error(`moult serve ended with ${code}: ${log}`) }),
    ])
    const said = JSON.parse(line)
    if (said.error) throw new Error(said.error.message)
    return {
        ...said, ended, log: () => log,
        async end(signal = 'SIGTERM') { process.kill(said.pid, signal); return ended },
    }
}

/** One request; status, headers and what was said, or `lost` if the connection ended first. */
export function ask(socketPath, { path = '/v1/chat/completions', ...body }, headers) {
    return new Promise(done => {
        const bytes = JSON.stringify(body)
        const out = request({ socketPath, path, method: 'POST', agent: false,
            headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes), ...headers } }, async answer => {
            let text = ''
            try {
                for await (const piece of answer) text += piece
                done({ status: answer.statusCode, headers: answer.headers, text, ...(text.startsWith('{') && JSON.parse(text)) })
            } catch (error) { done({ lost: error.code ?? String(error) }) }
        })
        out.on('error', error => done({ lost: error.code ?? String(error) })).end(bytes)
    })
}

function get(socketPath, path) {
    return new Promise((done, failed) => request({ socketPath, path, agent: false }, async answer => {
        let text = ''
        for await (const piece of answer) text += piece
        done(JSON.parse(text))
    }).on('error', failed).end())
}

/** A stream that stays open: text() is what has come, ended resolves with all of it; `reads: false` takes nothing. */
function open(socketPath, body, headers) {
    const { reads = true, path = '/v1/chat/completions', ...rest } = body
    const bytes = JSON.stringify(rest)
    let text = '', out
    const begun = new Promise((done, failed) => {
        out = request({ socketPath, path, method: 'POST', agent: false,
            headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes), ...headers } }, done)
        out.on('error', failed).end(bytes)
    })
    begun.catch(() => {})
    const ended = begun.then(async answer => {
        if (!reads) return answer
        for await (const piece of answer) text += piece
        return text
    })
    ended.catch(() => {})
    return { begun, ended, text: () => text, hangUp: () => out.destroy() }
}

/** Processes below this one, with their names and the process that started each. */
export function below(pid) {
    const all = readdirSync('/proc').filter(name => /^\d+$/.test(name)).flatMap(name => {
        try {
            const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
            const [, , parent] = stat.slice(stat.lastIndexOf(')')).split(' ')
            return [{ pid: Number(name), parent: Number(parent), name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
                line: readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ') }]
        } catch { return [] }
    })
    const found = [], known = new Set([pid])
    for (let grew = true; grew;) {
        grew = false
        for (const it of all)
            if (known.has(it.parent) && !known.has(it.pid)) {
                known.add(it.pid)
                found.push(it)
                grew = true
            }
    }
    return found
}

export const descriptors = pid => readdirSync(`/proc/${pid}/fd`).length
export const resident = pid => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024
export const program = pid => { try { return readlinkSync(`/proc/${pid}/exe`) } catch { return '' } }

/** Recorded failures, mined, so that candidates of the plugin `calls` can be proposed by hand. */
export function mined(it) {
    const data = `${source}/tests/data/traces`
    it.json('import', 'tau-bench', '--tools', `${data}/tau_retail_tools.json`, `${data}/tau_retail_llama31_8b.jsonl.gz`)
    it.json('mine')
}

/** The repair that the gate passes, with more of C in its hook, as `moult propose` answers. */
export function proposed(it, why, more = '', ...options) {
    const git = (...args) => execFileSync('git', ['-C', join(it.home, 'harness'), ...args]).toString()
    const before = git('show', 'active:plugins/calls/calls.c'), turn = '    state->turn++;', count = 'static moult_action count_call'
    const mend = `static void mend_lists(moult_turn *turn, moult_call *call)
{
    for (moult_it it = { 0 }; moult_each(turn, call->args, &it);) {
        const moult_schema *schema = moult_schema_of(turn, call->name, it.key);
        const moult_json *value = moult_parse(turn, moult_text_of(turn, it.value), MOULT_LENIENT);
        if (schema && !moult_fits(turn, schema, it.value) && moult_fits(turn, schema, value))
            moult_arg_set(turn, call, it.key, value);
    }
}

`
    const after = acts(before).replace(count, mend + count).replace(turn, `    mend_lists(turn, call);\n${more}${turn}`)
    const folder = mkdtempSync(join(work, 'patch-')), patch = join(folder, 'patch')
    for (const [name, text] of [['a', before], ['b', after]]) {
        mkdirSync(join(folder, name, 'plugins/calls'), { recursive: true })
        writeFileSync(join(folder, name, 'plugins/calls/calls.c'), text)
    }
    writeFileSync(patch, spawnSync('git', ['diff', '--no-index', '--no-prefix', 'a', 'b'], { cwd: folder }).stdout)
    return it.tries('propose', '--plugin', 'calls', '--patch', patch, '--why', why, '--cluster', 'string_for_array', ...options).said
}

/** The same, approved. Its id. */
export function candidate(it, why, more = '') {
    const made = proposed(it, why, more)
    if (made.state !== 'in_review') throw new Error(`${why}: ${JSON.stringify(made)}`)
    it.json('approve', made.id)
    return made.id
}
