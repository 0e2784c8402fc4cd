// turn - what a turn of two model calls and one tool costs, beside a client of libcurl that asks the same model the
// same things by itself: processor time and wall time, one and sixteen at once. Through the gateway the client carries
// out the tool; hosted, the service does, with its own list_files in the session's sandbox. Every answer is on the disk
// before it is given. The floor is the same requests on a path that the broker passes on as they are: HTTP in and out,
// without harness or journal.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { below, makeHome } from '../integration/crash_home.mjs'
import { figure, median, used } from './figures.mjs'

const ROUNDS = 3, SESSION_TURNS = 20, load = join(process.env.MOULT_BIN, '..', 'tests', 'turn_load')
const model = spawn(load, ['model'], { stdio: ['ignore', 'pipe', 'inherit'] })
const port = Number(String((await once(model.stdout, 'data'))[0]))
const it = makeHome(`http://127.0.0.1:${port}`, { listen: { passthrough: true } })
let first = 1
function run(url, socket, turns, atOnce, ...more) {
    const out = execFileSync(load, ['client', url, socket, turns, atOnce, first, ...more].map(String), { encoding: 'utf8' })
    const [done, failed, seconds, cpu] = out.split(' ').map(Number)
    first += turns
    if (failed > 0 || done !== turns) throw new Error(`${failed} of ${turns} turns failed`)
    return { wall: seconds * 1e3 / turns, cpu: cpu / turns, rate: turns / seconds }
}
const raw = (turns, atOnce) => run(`http://127.0.0.1:${port}/v1/chat/completions`, '', turns, atOnce)
const socket = join(it.home, 'run/moult.sock')
const through = (...args) => run('http://home/v1/chat/completions', socket, ...args)
const passed = (...args) => run('http://home/v1/embeddings', socket, ...args)

const isTool = ({ line }) => line.includes('moult-tool') // and the init of its sandbox
/** Processor time of broker and workers, and of the boxes in which tools run, up to now (their start is in it). */
function spent(service) {
    const all = below(service.pid), sum = list => list.reduce((total, { pid }) => total + used(pid), 0)
    return { broker: used(service.pid) + sum(all.filter(one => !isTool(one))), boxes: sum(all.filter(isTool)) }
}
function measured(service, how, turns, ...args) {
    const before = spent(service), seen = how(turns, ...args), after = spent(service)
    return { ...seen, cpu: (after.broker - before.broker) / turns, boxes: (after.boxes - before.boxes) / turns }
}
const of = (list, what) => median(list.map(one => one[what]))
function figures(name, atOnce, alone, seen) {
    const figureOf = (what, ...rest) => figure(`${name}, ${atOnce} at once: ${what}`, ...rest)
    figureOf('broker and worker, a turn', of(seen, 'cpu'), 'ms', 0.3)
    figureOf("times libcurl's", of(seen, 'cpu') / of(alone, 'cpu'), 'times', 4)
    if (name === 'hosted') figureOf('boxes of tools, a turn', of(seen, 'boxes'), 'ms')
    figureOf('wall a turn', of(seen, 'wall'), 'ms')
    figureOf('turns a second (aim 3000)', of(seen, 'rate'), '/s')
}
let service = await it.serve()
through(50, 1)
for (const [atOnce, turns, hostedTurns] of [[1, 500, 200], [16, 2000, 640]]) {
    const alone = [], floor = [], gateway = [], hosted = []
    for (let i = 0; i < ROUNDS; i++) {
        alone.push(raw(turns, atOnce))
        floor.push(measured(service, passed, turns, atOnce))
        gateway.push(measured(service, through, turns, atOnce))
        through(atOnce, atOnce, SESSION_TURNS) // a worker is up; the boxes of the sessions that follow are not
        hosted.push(measured(service, through, hostedTurns, atOnce, SESSION_TURNS))
        await service.end() // the boxes of those sessions go with it
        service = await it.serve()
        through(50, 1)
    }
    figure(`libcurl alone, ${atOnce} at once: processor a turn`, of(alone, 'cpu'), 'ms')
    figure(`libcurl alone, ${atOnce} at once: wall a turn`, of(alone, 'wall'), 'ms')
    figure(`passed on, ${atOnce} at once: broker, a turn`, of(floor, 'cpu'), 'ms')
    figures('gateway', atOnce, alone, gateway)
    figures('hosted', atOnce, alone, hosted)
}
await service.end()
model.kill()
process.exit(0)
