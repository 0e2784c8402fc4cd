// past - live turns run again: proved one by one, put to an active harness and a candidate, and seen by a candidate
// while they come in. A turn is one request through the gateway; 16 at once.
import { spawn } from 'node:child_process'
import { env, makeHome, mined, model, proposed, says, until } from '../integration/crash_home.mjs'
import { figure } from './figures.mjs'

const TURNS = 1000, AT_ONCE = 16
const upstream = await model(() => says('here'))
const it = makeHome(upstream.url)
mined(it)
const { id } = proposed(it, 'strings that denote lists')
const service = await it.serve()

/** So many turns, each a session of its own: turns a second. */
async function turns(count) {
    const from = performance.now()
    let left = count
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
        while (left-- > 0) await it.ask([{ role: 'user', content: `turn ${left}` }])
    }))
    return count / (performance.now() - from) * 1000
}
await turns(TURNS / 10) // workers are there
const alone = await turns(TURNS)

const shadow = spawn(it.moult, ['-C', it.home, '--json', 'shadow', id], { env, stdio: ['ignore', 'ignore', 'inherit'] })
const ended = new Promise(done => shadow.once('close', done))
await until(async () => (await it.status()).watched)
const beside = await turns(TURNS)
const { watched } = await it.status()
shadow.kill('SIGINT')
await ended

const totals = (...args) => it.tries(...args).said.totals
const proved = totals('prove', '--all'), back = totals('backtest', id)
figure('turns in the journal', proved.turns, 'turns')
figure('proved a second', proved.turns_a_second, 'turns')
figure('put to both harnesses a second (backtest)', back.turns_a_second, 'turns')
figure('live turns a second, no candidate beside them', alone, 'turns')
figure('the same beside a shadow', beside, 'turns')
figure('of which the candidate saw', 100 * watched.steps / TURNS, '%')
await service.end()
process.exit(0)
