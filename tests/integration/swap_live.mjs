#!/usr/bin/env node
// A promotion and returns under live turns, in one broker process: one open stream whose step 3 runs on the old build and
// step 4 on the new one, with both digests in its trace; 64 turns in flight at each of many swaps, none lost; memory and
// descriptors as they were. MOULT_SWAPS says how many.
import { deepStrictEqual as same, equal, notEqual, ok } from 'node:assert/strict'
import { below, calls, candidate, content, descriptors, makeHome, mined, model, resident, sanitized, says, until } from './crash_home.mjs'

const swaps = Number(process.env.MOULT_SWAPS ?? (sanitized ? 12 : 64)), TURNS = 64, STEPS = 4
// Swaps until as many sessions are at rest in memory as the service keeps. A sanitizer's memory is not judged.
const FULL = sanitized ? 2 : 36
const MEMORY = 4 << 20, DESCRIPTORS = 8

// Step n of a turn waits at its gate, if there is one: the world stands still while the generation changes.
const gates = new Map(), waiting = new Map()
function gate(name) {
    let open
    gates.set(name, new Promise(done => { open = done }))
    return { reached: count => until(() => (waiting.get(name) ?? 0) >= count), open: () => { gates.delete(name); waiting.delete(name); open() } }
}
const upstream = await model(async ({ messages }) => {
    const from = messages.findLastIndex(it => it.role === 'user'), step = (messages.length - from + 1) / 2
    const turn = messages[from].content, name = `${turn.split(' ')[0]} ${step}`
    if (gates.has(name)) {
        waiting.set(name, (waiting.get(name) ?? 0) + 1)
        await gates.get(name)
    }
    return step < STEPS ? calls([`${turn}.${step}`, 'read_file', { path: 'nothing' }]) : says(`${turn} is done`)
})
const it = makeHome(upstream.url)
mined(it)
const id = candidate(it, 'strings that denote lists')
const service = await it.serve()
const generation = async () => (await it.status()).generation_digest
const trees = () => it.rows("SELECT json_extract(body, '$.tree') tree FROM admission ORDER BY number").map(({ tree }) => tree)
const user = text => [{ role: 'user', content: text }]

/** A hosted turn with its stream open; while its model works on step 3, the generation changes. */
async function moves(text, change) {
    const before = await generation(), third = gate(`${text} 3`)
    const stream = it.open(user(text), { 'x-moult-session': text }, { stream: true })
    await third.reached(1)
    change()
    const after = await generation()
    notEqual(after, before)
    third.open()
    const said = await stream.ended
    ok(said.includes(`${text} is done`) && said.trimEnd().endsWith('[DONE]'), said)
    equal(said.split(`${text} is done`).length, 2, 'one answer, once')
    const asked = it.trace(text).filter(({ kind, data }) => kind === 'effect' && data.effect === 'model')
    same(asked.map(({ data }) => data.generation), [before, before, before, after], 'step 3 on the old one, step 4 on the new one')
    proved(it.trace(text).find(({ kind }) => kind === 'turn').seq / 4)
}
/** Told again what it was told, each generation asks for the same. */
function proved(turn) {
    const { verdict, generations, divergence } = it.json('prove', String(turn))
    same([verdict, generations, divergence], ['same', 2, null])
}
await moves('promoted', () => it.json('promote', id))
await moves('returned', () => it.json('rollback'))
same(it.tries('rollback').said.error.code, 'missing', 'a second one does not go forward again')
same(trees()[2], trees()[0], 'what was there before')
equal((await it.status()).pid, service.pid)

// Immediate: what comes behind the command runs on what it says, without a compiler.
const began = performance.now()
it.json(...it.toggle())
const took = performance.now() - began
const { headers } = await it.ask(user('now'), { 'x-moult-session': 'now' })
const digests = turn => it.rows(`SELECT DISTINCT lower(hex(generation)) g FROM effect WHERE turn = ${turn}`).map(({ g }) => g)
same(digests(headers['x-moult-turn']), [await generation()])

// Many turns, each held in its second step while the generation changes under all of them.
/** One turn of a gateway's client, which carries out the calls itself. */
async function client(number, round) {
    const messages = user(`g${round} of ${number}`), turns = new Set()
    for (;;) {
        const answer = await it.ask(messages)
        equal(answer.status, 200, answer.text)
        turns.add(answer.headers['x-moult-turn'])
        const { message } = answer.choices[0]
        messages.push(message)
        if (!message.tool_calls) return { said: content(answer), turns }
        messages.push(...message.tool_calls.map(call => ({ role: 'tool', tool_call_id: call.id, content: 'nothing there' })))
    }
}
const looks = []
for (let round = 0; round < swaps; round++) {
    const second = gate(`g${round} 2`), turns = Array.from({ length: TURNS }, (_, i) => client(i, round))
    await second.reached(TURNS)
    it.json(...it.toggle())
    second.open()
    const answers = await Promise.all(turns)
    same(answers.map(({ said }) => said), turns.map((_, i) => `g${round} of ${i} is done`))
    ok(answers.every(({ turns }) => turns.size === 1), 'one turn each, over all requests')
    if (round === 0) same(answers.slice(0, 3).map(({ turns: [turn] }) => digests(turn).length), [2, 2, 2])
    if (round === 0) answers.slice(0, 3).forEach(({ turns: [turn] }) => proved(turn))
    const { workers } = await it.status()
    looks.push({ memory: resident(service.pid), descriptors: descriptors(service.pid), workers: workers.length, below: below(service.pid).length })
}
const full = looks[FULL], last = looks.at(-1), both = JSON.stringify([full, last])
ok(sanitized || last.memory - full.memory < MEMORY, `memory grows: ${both}`)
ok(last.descriptors - full.descriptors <= DESCRIPTORS, `descriptors grow: ${both}`)
ok(last.workers <= full.workers + 1 && last.below <= full.below + 1, `processes grow: ${both}`)
const status = await it.status()
same([status.pid, status.turns_failed], [service.pid, 0])
equal(it.json('audit', 'verify').ok, true)
equal(await service.end(), 0)
equal(it.rows('SELECT count(*) n FROM turn_end WHERE how NOT IN (SELECT how FROM turn_end ORDER BY number LIMIT 1)')[0].n, 0)
console.log(`ok: ${swaps} swaps under ${TURNS} turns, ${(last.memory / 2 ** 20).toFixed(1)} MiB, ${last.descriptors} descriptors; ` +
    `a return took ${took.toFixed(0)} ms with its command`)
process.exit(0)
