// active - from an approval until every worker runs on what was approved: clients of several principals (each has a
// worker of its own) go on turn after turn while a candidate is approved and promoted. Each time in a copy of one home.
// Imported, never run.
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { homeAt, makeHome, mined, proposed } from '../integration/crash_home.mjs'
import { figure, median, quantile } from './figures.mjs'
import { command } from './moves.mjs'

const COPIES = 20, PRINCIPALS = 4

/** For each admission: how long after it the last worker of an older generation still asked for something, in ms. */
export function stragglers(it) {
    const asked = it.rows(`WITH
        e AS (SELECT at_ms, 0 number, generation FROM effect UNION ALL SELECT at_ms, number, NULL FROM admission),
        w AS (SELECT at_ms, generation, max(number) OVER (ORDER BY at_ms, number DESC) n FROM e)
        SELECT n number, lower(hex(generation)) generation, max(at_ms) last FROM w WHERE generation IS NOT NULL GROUP BY n, generation`)
    const admitted = new Map(it.rows("SELECT number, at_ms, json_extract(body, '$.generation') generation FROM admission WHERE number > 0")
        .map(({ number, at_ms, generation }) => [number, { at_ms, generation, late: 0 }]))
    for (const { number, generation, last } of asked) {
        const one = admitted.get(number)
        if (one && generation !== one.generation) one.late = Math.max(one.late, last - one.at_ms)
    }
    return [...admitted.values()].map(({ late }) => late)
}

const token = i => `the-token-of-principal-${i}`

async function approved(it, id) {
    const service = await it.serve()
    let over = false, turns = 0
    const ask = async i => {
        const answer = await fetch(`${service.listening.tcp}/v1/chat/completions`, { method: 'POST',
            headers: { authorization: `Bearer ${token(i)}`, 'content-type': 'application/json' },
            body: JSON.stringify({ model: 'main', messages: [{ role: 'user', content: `turn ${++turns}` }] }) })
        if (answer.status !== 200) throw new Error(await answer.text())
        return answer.json()
    }
    const all = Array.from({ length: PRINCIPALS }, (_, i) => i)
    await Promise.all(all.map(ask)) // each has its worker
    const clients = all.map(async i => { while (!over) await ask(i) })
    await command(it, 'approve', id)
    const start = performance.now()
    await command(it, 'promote', id)
    const whole = performance.now() - start
    await Promise.all(all.map(ask))
    over = true
    await Promise.all(clients)
    await service.end()
    const [behind] = stragglers(it)
    return { whole, behind }
}

export async function approvals(url) {
    const it = makeHome(url, { listen: { tcp: '127.0.0.1:0', tokens: { file: 'tokens' } } }), seen = []
    const tokens = Array.from({ length: PRINCIPALS }, (_, i) => `${token(i)} p${i}\n`)
    writeFileSync(join(it.home, 'tokens'), tokens.join(''), { mode: 0o600 })
    mined(it)
    const { id } = proposed(it, 'strings that denote lists')
    it.rests()
    for (let i = 0; i < COPIES; i++) {
        const home = `${it.home}-${i}`
        cpSync(it.home, home, { recursive: true, filter: name => !name.endsWith('.sock') })
        const copy = homeAt(home)
        copy.text('trust')
        seen.push(await approved(copy, id))
    }
    for (const [what, name] of [['whole', 'approved to active, the promotion as a whole'], ['behind', 'admitted to active on all workers']]) {
        const list = seen.map(one => one[what])
        figure(`${name}, p50 of ${COPIES}`, median(list), 'ms', 50)
        figure(`${name}, p99 (the largest)`, quantile(list, 0.99), 'ms', 50)
    }
}
