// swap - approvals until every worker runs on what was approved; then returns, each a swap, under 64 clients: what they
// add to a turn at its 99.9th percentile, beside `nginx -s reload` under the same clients at the same rate; then so many
// (MOULT_SWAPS) one behind the other: turns that were lost, memory and descriptors on the way.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { candidate, descriptors, env, makeHome, mined, model, pause } from '../integration/crash_home.mjs'
import { approvals, stragglers } from './active.mjs'
import { figure, quantile, skip } from './figures.mjs'
import { load, paced, provider } from './load.mjs'
import { command } from './moves.mjs'
import { nginx } from './nginx.mjs'
import { series } from './series.mjs'

const swaps = Number(process.env.MOULT_SWAPS ?? 200), CLIENTS = 64, SAMPLES = 40
const ROUNDS = 3, PHASE_MS = 5000, EVERY_MS = 250
const upstream = await model(provider)
await approvals(upstream.url)

const it = makeHome(upstream.url)
mined(it)
const id = candidate(it, 'strings that denote lists'), service = await it.serve()
await command(it, 'promote', id)
const ends = it.rows("SELECT json_extract(body, '$.commit') at FROM admission ORDER BY number").map(({ at }) => at)
let moves = 0
/** So many, one behind the other. */
const swapped = count => new Promise((done, failed) => {
    spawn(join(process.env.MOULT_BIN, 'swap_load'), [it.home, moves, count, ...ends].map(String), { env, stdio: ['ignore', 'ignore', 'inherit'] })
        .on('exit', code => code === 0 ? done() : failed(new Error(`swap_load ended with ${code}`)))
    moves += count
})
const swap = () => command(it, 'rollback', '--to', ends[moves++ % ends.length]) // back, and forward again

/** Calm and changing by turns, so that what else the machine does falls on both. */
async function beside(name, clients, change) {
    const calm = [], moved = []
    let count = 0
    await clients.under(() => pause(PHASE_MS / 2))
    for (let i = 0; i < ROUNDS; i++) {
        calm.push(...await clients.under(() => pause(PHASE_MS)))
        moved.push(...await clients.under(async () => { count += await paced(PHASE_MS, EVERY_MS, change) }))
    }
    figure(`${name}: changes, one in ${EVERY_MS} ms`, count, 'times')
    figure(`${name}: turns without and with them`, calm.length + moved.length, 'turns')
    figure(`${name}: turns lost`, clients.lost, 'turns')
    for (const [word, q] of [['median', 0.5], ['p99', 0.99], ['p99.9', 0.999]]) {
        figure(`${name}: a turn without them, ${word}`, quantile(calm, q), 'ms')
        figure(`${name}: added, ${word}`, quantile(moved, q) - quantile(calm, q), 'ms')
    }
}
const clients = load(it.socketPath, CLIENTS)
await beside('moult', clients, swap)
await nginx(skip, upstream.url, (socket, reload) => beside('nginx', load(socket, CLIENTS), reload))

const { turns } = clients, held = series(service.pid), open = descriptors(service.pid)
const start = performance.now()
await clients.under(async () => {
    const piece = Math.ceil(swaps / SAMPLES)
    for (let done = 0; done < swaps; done += piece) {
        held.sample(done)
        await swapped(Math.min(piece, swaps - done))
    }
    held.sample(swaps)
})
figure('in a row: swaps', swaps, 'times')
figure('in a row: a swap, admission and refs included', (performance.now() - start) / swaps, 'ms')
const late = stragglers(it)
for (const [word, q] of [['p50', 0.5], ['p99', 0.99]])
    figure(`all swaps: admitted to active on all workers, ${word}`, quantile(late, q), 'ms', 50)
figure('in a row: turns', clients.turns - turns, 'turns')
figure('in a row: turns lost', clients.lost, 'turns')
figure('at rest, descriptors of the broker, added', descriptors(service.pid) - open, 'descriptors')
for (const [column, name, unit] of [['broker MiB', 'memory of the broker', 'MiB'], ['of it anonymous', 'of it no pages of files', 'MiB'],
    ['descriptors', 'descriptors of the broker', 'descriptors'], ['processes', 'processes of the broker', 'processes'],
    ['theirs MiB', 'their memory', 'MiB']]) figure(`slope, a thousand swaps: ${name}`, held.slope(column), unit)
await service.end()
process.exit(0)
