#!/usr/bin/env node
// moult prove: turns of live sessions, run again from the journal in a locked worker, ask for the same effects: hosted
// and gateway, failed ones, one that a second service went on with. Of a journal that says otherwise they do not.
import { execFileSync, spawnSync } from 'node:child_process'
import { request } from 'node:http'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { deepStrictEqual as same, match, strictEqual as equal } from 'node:assert'
import { cli, home, init, json, model, serve, socket } from './service_home.mjs'

const { url } = await model([
    { when: { last_role: 'user', user_contains: 'write' }, call: [
        { name: 'write_file', arguments: { path: 'a.txt', content: 'one' } },
        { name: 'read_file', arguments: { path: 'a.txt' } }] },
    { when: { last_role: 'user', user_contains: 'shell' }, call: { name: 'shell', arguments: { command: 'echo two' } } },
    { when: { last_role: 'user', user_contains: 'lookup' }, call: { name: 'lookup', arguments: { key: 'k' } } },
    { when: { user: 'fail' }, status: 400, error: { message: 'no' } },
    { say: 'Fine.' },
])
init(url, { tools: { write_file: 'allow', shell: 'ask' } })
let service = await serve()

// Hosted: texts, tools, a failure in between, plugin states that go from turn to turn.
const turns = []
for (const text of ['hello', 'write it', 'fail', 'write it again'])
    turns.push(JSON.parse((await cli(['--json', 'run', text, '--session', 'work'])).stdout).turn)
turns[2] = (await entries('work')).filter(it => it.kind === 'turn')[2].seq / 4
async function entries(id) {
    return (await json('trace', id)).entries
}

// Gateway: a turn of two requests, whose client carries the call out.
const ask = messages => new Promise((done, failed) => {
    const tools = [{ type: 'function', function: { name: 'lookup', parameters: { type: 'object', properties: { key: { type: 'string' } } } } }]
    request({ socketPath: socket, path: '/v1/chat/completions', method: 'POST' }, async answer => {
        let all = ''
        for await (const piece of answer) all += piece
        done({ turn: Number(answer.headers['x-moult-turn']), ...JSON.parse(all).choices[0].message })
    }).on('error', failed).end(JSON.stringify({ model: 'main', messages, tools }))
})
const history = [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'lookup' }]
const { turn: gateway, ...call } = await ask(history)
equal((await ask([...history, call, { role: 'tool', tool_call_id: call.tool_calls[0].id, content: '7' }])).turn, gateway)
turns.push(gateway)

// One that waits for a person when the service is killed: the next service goes on with it.
const waiting = cli(['run', 'use the shell', '--session', 'late'])
const asked = async () => { for (;;) { const { permissions } = await json('permissions'); if (permissions?.length) return permissions[0] } }
await asked()
const late = (await entries('late'))[0].seq / 4
const mid = await json('prove', String(late))
same([mid.status, mid.verdict, mid.error], [3, 'open', undefined])
await service.stop('SIGKILL')
equal((await waiting).status, 1)
service = await serve()
equal((await cli(['permissions', 'deny', (await asked()).id])).status, 0) // it is put again
while ((await json('status')).turns_open > 0);
turns.push(late)

for (const turn of turns) {
    const { status, verdict, effects, same: equal_, divergence } = await json('prove', String(turn))
    same([turn, status, verdict, equal_, divergence], [turn, 0, 'same', effects, null])
}
match((await cli(['prove', String(turns[1])])).stdout, /: 5 of 5 recorded effects asked for again\n$/)
const all = await json('prove', '--all')
same([all.status, all.totals.turns, all.totals.same, all.totals.effects], [0, turns.length, turns.length, all.totals.effects_same])
same(all.turns.map(it => [it.turn, it.verdict]).sort((a, b) => a[0] - b[0]), turns.map(turn => [turn, 'same']).sort((a, b) => a[0] - b[0]))
match((await cli(['prove', '--all'])).stdout, new RegExp(`^( +\\d+  [0-9a-f]{12}  same  .*\n){${turns.length}}${turns.length} turns: ${turns.length} the same, 0 different, .* turns a second\n$`))
for (const [args, status, code] of [[['prove'], 2, 'usage'], [['prove', '--all', '7'], 2, 'usage'], [['prove', 'x'], 2, 'usage'], [['prove', '9999999'], 1, 'missing']]) {
    const it = await json(...args)
    same([it.status, it.error.code], [status, code])
}

// With no service: the same. A record that was changed is not proved.
await service.stop()
equal((await json('prove', String(turns[1]))).verdict, 'same')
if (spawnSync('sqlite3', ['--version']).error) {
    console.log('ok, but for a changed journal: no sqlite3')
    process.exit()
}
const sql = text => execFileSync('sqlite3', [join(home, 'journal.db'), text]).toString().trim()
for (const name of sql("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'effect'").split('\n')) sql(`DROP TRIGGER ${name}`)
sql(`UPDATE effect SET body = replace(body, 'a.txt', 'b.txt') WHERE turn = ${turns[1]}`)
const changed = await json('prove', String(turns[1]))
same([changed.status, changed.verdict, changed.same], [1, 'different', 1])
match(changed.divergence, /^effect 1: another call/)
const some = await json('prove', '--all')
same([some.status, some.totals.different, some.totals.same], [1, 1, turns.length - 1])
match(some.turns.find(it => it.turn === turns[1]).divergence, /^effect 1: another call/)
// A generation whose builds are gone proves nothing, and hides nothing of the others.
rmSync(join(home, 'builds'), { recursive: true })
const gone = await json('prove', '--all')
same([gone.status, gone.totals.unread, gone.totals.same], [3, turns.length, 0])
console.log('ok: turns are proved')
process.exit()
