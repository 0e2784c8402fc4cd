// turn - what a turn of two model calls and one tool costs through the gateway, beside a client of libcurl that asks the
// same model the same things by itself: processor time of broker and worker, wall time, one and sixteen at once. Every
// answer is on the disk before it is given.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { makeHome } from '../integration/crash_home.mjs'
import { figure, median, used } from './figures.mjs'

const ROUNDS = 3, load = join(process.env.MOULT_BIN, '..', 'tests', 'turn_load')
const model = spawn(load, ['model'], { stdio: ['ignore', 'pipe', 'inherit'] })
const port = Number(String((await once(model.stdout, 'data'))[0]))
const it = makeHome(`http://127.0.0.1:${port}`), service = await it.serve()
let first = 1
function run(url, socket, turns, atOnce) {
    const out = execFileSync(load, ['client', url, socket, turns, atOnce, first].map(String), { encoding: 'utf8' })
    const [done, failed, seconds, cpu] = out.split(' ').map(Number)
    first += turns
    if (failed > 0 || done !== turns) throw new Error(`${failed} of ${turns} turns failed`)
    return { wall: seconds * 1e3 / turns, cpu: cpu / turns, rate: turns / seconds }
}
const raw = (turns, atOnce) => run(`http://127.0.0.1:${port}/v1/chat/completions`, '', turns, atOnce)
async function through(turns, atOnce) {
    const pids = [service.pid, ...(await it.status()).workers.map(({ pid }) => pid)]
    const spent = () => pids.reduce((sum, pid) => sum + used(pid), 0), before = spent()
    const seen = run('http://home/v1/chat/completions', join(it.home, 'run/moult.sock'), turns, atOnce)
    return { ...seen, cpu: (spent() - before) / turns }
}
await through(50, 1)
for (const [atOnce, turns] of [[1, 500], [16, 2000]]) {
    const alone = [], gateway = []
    for (let i = 0; i < ROUNDS; i++) {
        alone.push(raw(turns, atOnce))
        gateway.push(await through(turns, atOnce))
    }
    const of = (list, what) => median(list.map(it => it[what]))
    figure(`${atOnce} at once: libcurl alone, processor a turn`, of(alone, 'cpu'), 'ms')
    figure(`${atOnce} at once: broker and worker, a turn`, of(gateway, 'cpu'), 'ms', 0.3)
    figure(`${atOnce} at once: times libcurl's`, of(gateway, 'cpu') / of(alone, 'cpu'), 'times', 4)
    figure(`${atOnce} at once: libcurl alone, wall a turn`, of(alone, 'wall'), 'ms')
    figure(`${atOnce} at once: gateway, wall a turn`, of(gateway, 'wall'), 'ms')
    figure(`${atOnce} at once: gateway, turns a second (aim 3000)`, of(gateway, 'rate'), '/s')
}
await service.end()
model.kill()
process.exit(0)
