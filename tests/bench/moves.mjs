// moves - one change of the generation under a client that asks turn after turn, read back from the journal: when the
// admission was written, and when the first turn began to ask on the new one. Imported, never run.
import { spawn } from 'node:child_process'
import { env } from '../integration/crash_home.mjs'

/** A command of this home, while the clients go on. */
export const command = (it, ...args) => new Promise((done, failed) => spawn(it.moult, ['-C', it.home, '--json', ...args],
    { env, stdio: ['ignore', 'ignore', 'inherit'] })
    .on('exit', code => code === 0 ? done() : failed(new Error(`moult ${args.join(' ')} ended with ${code}`))))

const user = text => [{ role: 'user', content: text }]
let turns = 0

/** whole: how long the command took; behind: from the admission to a turn on it; in milliseconds. */
export async function onNew(it, args) {
    const before = (await it.status()).generation_digest
    let over = false
    const client = (async () => {
        while (!over) {
            const { status, text } = await it.ask(user(`turn ${++turns}`))
            if (status !== 200) throw new Error(text)
        }
    })()
    const start = performance.now()
    await command(it, ...args)
    const whole = performance.now() - start
    await it.ask(user(`turn ${++turns}`))
    over = true
    await client
    const after = (await it.status()).generation_digest
    if (after === before) throw new Error('the generation is the same')
    const [{ behind }] = it.rows(`WITH a AS (SELECT at_ms FROM admission ORDER BY number DESC LIMIT 1)
        SELECT min(effect.at_ms) - a.at_ms behind FROM effect, a WHERE generation = x'${after}' AND effect.at_ms >= a.at_ms`)
    return { whole, behind }
}
