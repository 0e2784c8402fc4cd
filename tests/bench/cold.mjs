// cold - from the command `moult serve` to the answer of the first turn, in a home whose harness is built.
import { makeHome, model, says } from '../integration/crash_home.mjs'
import { figure, times } from './figures.mjs'

const ROUNDS = 15
const upstream = await model(() => says('here'))
const it = makeHome(upstream.url), ready = [], answered = []
for (let i = 0; i < ROUNDS; i++) {
    const start = performance.now(), service = await it.serve()
    ready.push(performance.now() - start)
    const { status, text } = await it.ask([{ role: 'user', content: `turn ${i}` }])
    answered.push(performance.now() - start)
    if (status !== 200) throw new Error(text)
    await service.end()
}
figure('starts', ROUNDS, 'times')
times('serve to listening', ready, 0)
times('serve to first answer', answered, 50)
process.exit(0)
