#!/usr/bin/env node
// The clock of the day is put forward by a day and back by a year under a running service, and between two of them. What
// is in work stays in work: no limit, lease, question or time-out passes. Rows keep their order, approvals their place in
// the line, and nobody who was revoked comes back with the old time.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { match, ok, strictEqual as equal } from 'node:assert'
import { DAY, clock } from './clock.mjs'
import { calls, candidate, content, env, makeHome, mined, model, says, until, work } from './crash_home.mjs'

const { jump: shift } = clock(env, work), jump = days => shift(days * DAY)

// --- what is in work while it jumps
let open, gate, held = 0
const close = () => { held = 0; gate = new Promise(done => { open = done }) }
const upstream = await model(async ({ messages }) => {
    const { role, content } = messages.at(-1)
    if (role === 'tool') return says(`told: ${content}`)
    const [what, ...rest] = content.split(' ')
    if (what === 'held') { held++; await gate }
    if (what === 'run' || what === 'may') return calls([`c-${messages.length}`, what === 'run' ? 'shell' : 'write_file',
        what === 'run' ? { command: rest.join(' ') } : { path: 'asked', content: 'yes' }])
    if (what === 'hand') return calls([`h-${messages.length}`, 'look', {}])
    return says(`${content} is answered`)
})
const it = makeHome(upstream.url, { tools: { shell: 'allow', write_file: 'ask' }, limits: { seconds: 600 } })
const user = text => [{ role: 'user', content: text }]
const hosted = (session, text) => it.ask(user(text), { 'x-moult-session': session })
const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }]
const workspace = (...path) => join(it.home, 'workspaces', ...path)
let service = await it.serve()
const wall = () => it.rows('SELECT max(number), at_ms FROM (SELECT number, at_ms FROM turn UNION ALL SELECT number, at_ms FROM turn_end)')[0].at_ms

let round = 0
async function in_work(days) {
    const name = `at${++round}`
    close()
    const running = hosted(`${name}-tool`, 'run echo begun > begun; while [ ! -e go ]; do sleep 0.02; done; echo ended')
    const asking = hosted(`${name}-asks`, 'may')
    const waiting = it.ask(user(`held ${name}`))
    const handed = await it.ask(user(`hand ${name}`), {}, { tools })
    const question = await until(() => it.json('permissions').permissions[0])
    await until(() => held === 1 && existsSync(workspace(`${name}-tool`, 'begun')))
    const before = (await it.status()).turns_open
    equal(before, 4)

    jump(days)
    for (let i = 0; i < 3; i++) equal(content(await it.ask(user(`${name}, ${i}`))), `${name}, ${i} is answered`)
    ok(Math.abs(wall() - Date.now() - days * DAY * 1000) < DAY * 100, 'the service has the other time')
    equal((await it.status()).turns_open, before, 'nothing has ended')
    equal(it.json('permissions').permissions[0].id, question.id)

    open()
    equal(content(await waiting), `held ${name} is answered`)
    writeFileSync(workspace(`${name}-tool`, 'go'), '')
    equal(content(await running), 'told: ended\n')
    it.json('permissions', 'allow', question.id)
    match(content(await asking), /^told: /)
    equal(readFileSync(workspace(`${name}-asks`, 'asked'), 'utf8'), 'yes')
    const call = handed.choices[0].message
    const back = await it.ask([...user(`hand ${name}`), call, { role: 'tool', tool_call_id: call.tool_calls[0].id, content: 'seen' }], {}, { tools })
    equal(content(back), 'told: seen')
    equal(back.headers['x-moult-turn'], handed.headers['x-moult-turn'], 'it is the same turn')
    equal((await it.status()).turns_open, 0)
    ok(!/time|hung|late/.test(service.log()), service.log())
}
for (const days of [1, -365, 0]) await in_work(days)

// --- and across a restart: a turn with a command that runs is taken up again, once, under a lease that none had before
for (const days of [-365, 1, 0]) {
    const name = `again${days}`
    const cut = hosted(name, 'run echo once >> out; while :; do sleep 1; done')
    await until(() => existsSync(workspace(name, 'out')) && readFileSync(workspace(name, 'out')).length > 0)
    await service.end('SIGKILL')
    jump(days)
    service = await it.serve()
    ok((await cut).lost)
    await until(async () => (await it.status()).turns_open === 0)
    equal(readFileSync(workspace(name, 'out'), 'utf8'), 'once\n')
    const said = it.trace(name).filter(({ kind, data }) => kind === 'message' && data.message.role === 'assistant').at(-1)
    match(said.data.message.content, /whether it took effect is not known/)
    equal(content(await hosted(name, 'run cat out')), 'told: once\n')
}

// --- the journal: in order by number, whatever the times say
let back = 0
for (const { id, name } of it.rows('SELECT lower(hex(id)) id, name FROM live JOIN session ON number = session')) {
    const rows = it.trace(name || id), place = new Map(rows.map(({ seq }, i) => [seq, i]))
    const kinds = rows.map(({ kind }) => kind)
    equal(kinds[0], 'turn')
    ok(rows.every(({ seq }, i) => i === 0 || seq > rows[i - 1].seq), 'rows grow')
    ok(rows.every(({ causation }, i) => causation === null || place.get(causation) < i), 'causes stand before')
    equal(kinds.filter(kind => kind === 'turn').length, kinds.filter(kind => kind === 'end').length)
    back += rows.filter(({ at }, i) => i > 0 && Date.parse(at) < Date.parse(rows[i - 1].at) - 1000).length
}
ok(back > 0, 'there are rows whose time is before that of the row before')
const leases = it.rows('SELECT turn, CAST(lease AS TEXT) lease FROM effect ORDER BY number').map(({ lease }) => BigInt(lease))
const starts = leases.filter((lease, i) => i > 0 && lease - leases[i - 1] > 1n << 19n)
ok(starts.length >= 3, 'each start begins above all leases before')
ok(leases.every((lease, i) => i === 0 || lease > leases[i - 1] - (1n << 19n)), 'no lease comes again')
equal(it.json('audit', 'verify').ok, true)
equal(await service.end(), 0)

// --- approvals and admissions
const home = makeHome(upstream.url)
mined(home)
const first = candidate(home, 'the first')
jump(-365)
let serving = await home.serve()
home.json('promote', first)
equal((await home.status()).generation, 1)
equal(await serving.end(), 0)
jump(1)
serving = await home.serve()
equal(serving.generation, 1, 'the chain holds, though its admission is a year older than its approval')
home.json('rollback')
equal((await home.status()).generation, 2)
equal(await serving.end('SIGKILL'), 'SIGKILL')
jump(0)
serving = await home.serve()
equal(serving.generation, 2)

// An approval that has expired by the clock is refused, and holds again with the right time.
const second = candidate(home, 'the second', '    moult_explain(turn, "one call more");\n')
jump(8)
const late = home.tries('promote', second)
equal(late.said.error?.code, 'denied', JSON.stringify(late))
match(late.said.error.message, /expired/)
jump(0)

// Who was revoked does not come back with an old time.
const { reviewers } = home.json('reviewer', 'list')
home.json('reviewer', 'revoke', reviewers[0].name)
jump(-365)
const revoked = home.tries('promote', second)
equal(revoked.said.error?.code, 'denied', JSON.stringify(revoked))
match(revoked.said.error.message, /was revoked/)
equal((await home.status()).generation, 2)
equal(await serving.end(), 0)
serving = await home.serve()
equal(serving.generation, 2, 'what was admitted before stays')
equal(home.json('audit', 'verify').ok, true)
equal(await serving.end(), 0)
console.log('ok: a day forward, a year back, under the service and between two')
process.exit(0)
