// rollback - from the command to turns on the generation before, in a service that runs: how long the command takes as
// a whole, and how long after its admission was written a turn was answered on what it says.
import { candidate, makeHome, mined, model, says } from '../integration/crash_home.mjs'
import { figure, times } from './figures.mjs'
import { onNew } from './moves.mjs'

const ROUNDS = 30
const upstream = await model(() => says('here'))
const it = makeHome(upstream.url)
mined(it)
const id = candidate(it, 'strings that denote lists')
const service = await it.serve()
it.json('promote', id)
const whole = [], behind = []
for (let i = 0; i < ROUNDS; i++) {
    const move = await onNew(it, it.toggle())
    whole.push(move.whole)
    behind.push(move.behind)
}
figure('returns', ROUNDS, 'times')
times('admission to a turn on it', behind, 5)
times('the command as a whole', whole, 0)
await service.end()
process.exit(0)
