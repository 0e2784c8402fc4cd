// swap - a promotion until a turn runs on it, then returns one behind another under 64 clients: turns that were lost,
// memory and descriptors before and after, and what the swaps add to a turn at its 99.9th percentile, against the same
// clients without swaps. MOULT_SWAPS says how many. Beside it the reload of nginx, if that can be had.
import { spawn } from 'node:child_process'
import { calls, candidate, descriptors, env, makeHome, mined, model, pause, resident, says } from '../integration/crash_home.mjs'
import { figure, quantile, skip } from './figures.mjs'
import { onNew } from './moves.mjs'
import { nginx } from './nginx.mjs'

const swaps = Number(process.env.MOULT_SWAPS ?? 200), TURNS = 64, CALM_MS = 6000, MIB = 2 ** 20
// A turn has two requests to its model, and a call in between that the client answers.
const upstream = await model(async ({ messages }) => {
    await pause(20)
    return messages.at(-1).role === 'user' ? calls([`c${messages.length}`, 'look', {}]) : says('done')
})
const it = makeHome(upstream.url)
mined(it)
const id = candidate(it, 'strings that denote lists'), service = await it.serve()
const promoted = await onNew(it, ['promote', id])
figure('admission to a turn on it', promoted.behind, 'ms', 50)
figure('the promotion as a whole', promoted.command, 'ms')

let lost = 0, over = false, took = []
async function turn(text) {
    const start = performance.now(), messages = [{ role: 'user', content: text }]
    const first = await it.ask(messages)
    if (first.status !== 200) return void lost++
    const { message } = first.choices[0]
    const second = await it.ask([...messages, message, { role: 'tool', tool_call_id: message.tool_calls[0].id, content: 'seen' }])
    if (second.status !== 200 || second.choices[0].message.content !== 'done') return void lost++
    took.push(performance.now() - start)
}
/** So many clients, turn after turn, until work has ended; how long their turns took. */
async function under(name, work) {
    took = []
    over = false
    const clients = Array.from({ length: TURNS }, async (_, i) => { for (let n = 0; !over; n++) await turn(`${name} ${i} ${n}`) })
    await work()
    over = true
    await Promise.all(clients)
    return took
}
const command = (...args) => new Promise(done => spawn(it.moult, ['-C', it.home, '--json', ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] })
    .on('exit', done))

await under('warm', () => pause(CALM_MS))
const calm = await under('calm', () => pause(CALM_MS))
const memory = resident(service.pid), open = descriptors(service.pid)
const moved = await under('swap', async () => {
    for (let i = 0; i < swaps; i++) {
        const code = await command(...it.toggle())
        if (code !== 0) throw new Error(`rollback ${i} ended with ${code}`)
    }
})
figure('swaps', swaps, 'times')
figure('turns in flight', TURNS, 'turns')
figure('turns during them', moved.length, 'turns')
figure('turns lost', lost, 'turns')
figure('memory of the broker, added', (resident(service.pid) - memory) / MIB, 'MiB')
figure('descriptors of the broker, added', descriptors(service.pid) - open, 'descriptors')
for (const [name, q] of [['median', 0.5], ['p99.9', 0.999]]) {
    figure(`a turn without swaps, ${name}`, quantile(calm, q), 'ms')
    figure(`a turn under swaps, ${name}`, quantile(moved, q), 'ms')
    figure(`added, ${name}`, quantile(moved, q) - quantile(calm, q), 'ms')
}
await service.end()
await nginx(skip)
process.exit(0)
