// recover - how long a turn is held up by a plugin that ends its worker, and how long a killed broker that has ten
// thousand sessions on its disk takes until a turn is answered again.
import { calls, candidate, makeHome, mined, model, says } from '../integration/crash_home.mjs'
import { figure, median, times } from './figures.mjs'

const CRASHES = 9, KILLS = 7, SESSIONS = 10000, AT_ONCE = 32
const user = text => [{ role: 'user', content: text }]
const DEFECT = '    if (call->name.size == 4 && call->name.at[0] == 98)\n        state->turn /= call->name.size - 4;\n'
const tools = ['boom', 'look'].map(name => ({ type: 'function', function: { name, parameters: { type: 'object' } } }))

async function timed(ask) {
    const start = performance.now(), answer = await ask()
    if (answer.status !== 200) throw new Error(answer.text)
    return performance.now() - start
}

// The tool `boom` ends the worker of the newer generation; the turn goes on with the one before. `look` is the same turn
// without that. What is quarantined stays so: each crash has a home of its own, from one that is built.
const upstream = await model(({ messages }) => {
    const { role, content } = messages.at(-1)
    return role === 'user' && /boom|look/.test(content) ? calls(['c1', content.slice(0, 4), {}]) : says('here')
})
const crashed = [], calm = []
for (let i = 0; i < CRASHES; i++) {
    const it = makeHome(upstream.url)
    mined(it)
    const bad = candidate(it, 'one that crashes', DEFECT), service = await it.serve()
    it.json('promote', bad)
    for (const text of ['look', 'look too'])
        await timed(() => it.ask(user(text), {}, { tools }))
    calm.push(await timed(() => it.ask(user('look'), {}, { tools })))
    crashed.push(await timed(() => it.ask(user('boom'), {}, { tools })))
    if ((await it.status()).generation !== 0) throw new Error('nothing crashed')
    await service.end()
    if (performance.now() > 25000) break
}
figure('crashes of a plugin', crashed.length, 'times')
figure('a turn without a crash, median', median(calm), 'ms')
times('a turn that crashes on its way', crashed, 50)

const it = makeHome(upstream.url)
let service = await it.serve(), next = 0
async function client() {
    for (let i = next++; i < SESSIONS; i = next++)
        await timed(() => it.ask(user(`session ${i}`)))
}
await Promise.all(Array.from({ length: AT_ONCE }, client))
const back = []
for (let i = 0; i < KILLS; i++) {
    await service.end('SIGKILL')
    back.push(await timed(async () => {
        service = await it.serve()
        return it.ask(user(`after ${i}`))
    }))
}
figure('sessions on disk', it.rows('SELECT count(*) n FROM session')[0].n, 'sessions')
times('kill of the broker to the first answer', back, 200)
await service.end()
process.exit(0)
