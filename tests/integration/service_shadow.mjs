#!/usr/bin/env node
// moult shadow: a candidate that the gate passed, and nobody approved yet, sees copies of live turns. Clients get what
// the active harness says; what the candidate would have said otherwise is told and counted together. One that dies on
// a copy is told, and no turn is lost. It goes with who looks.
import { execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'
import { deepStrictEqual as same, equal, match, ok } from 'node:assert/strict'
import { calls, env, makeHome, mined, model, proposed, says, until } from './crash_home.mjs'

const upstream = await model(({ messages }) => {
    const text = messages.at(-1).content
    if (/list/.test(text)) return calls(['c-1', 'lookup', { ids: '["a", "b"]' }])
    return /boom/.test(text) ? calls(['c-2', 'boom', {}]) : says('Fine.')
})
const it = makeHome(upstream.url)
mined(it)
// A division that no case has to fear, and no branch that none of them runs.
const made = proposed(it, 'strings that denote lists', '    volatile uint32_t share = 1000000000u / (call->name.size - 4);\n    (void)share;\n')
equal(made.state, 'in_review', JSON.stringify(made))
const service = await it.serve()
const schema = { type: 'object', properties: { ids: { type: 'array', items: { type: 'string' } } } }
const tools = ['lookup', 'boom'].map(name => ({ type: 'function', function: { name, parameters: schema } }))
const ask = text => it.ask([{ role: 'user', content: text }], {}, { tools })
const watched = async () => (await it.status()).watched

/** Until the service has put copies to it; then what end() leads to. */
async function look(...options) {
    const child = spawn(it.moult, ['-C', it.home, ...options, 'shadow', made.id.slice(0, 8)], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    const out = { stdout: '', stderr: '' }
    child.stdout.on('data', piece => { out.stdout += piece })
    child.stderr.on('data', piece => { out.stderr += piece })
    const ended = new Promise(done => child.once('close', (status, signal) => done({ status, signal, ...out })))
    await until(async () => await watched() || child.exitCode !== null)
    return { end(signal = 'SIGINT') { child.kill(signal); return ended }, ended }
}
const compared = count => until(async () => { const it = await watched(); return it.same + it.other + it.failed >= count })

let shadow = await look('--json')
same((await it.tries('shadow', made.id)).said.error.code, 'state', 'one looks already')
const asked = upstream.asked.length
const answers = [await ask('hello'), await ask('the list'), await ask('another list')]
await compared(3)
same(answers.map(answer => answer.choices[0].message.tool_calls?.[0].function.arguments),
    [undefined, '{"ids":"[\\"a\\", \\"b\\"]"}', '{"ids":"[\\"a\\", \\"b\\"]"}'], 'a client gets what is active')
equal(upstream.asked.length, asked + 3, 'no model is asked for a copy')
let { status, signal, stdout } = await shadow.end()
same([status, signal], [0, null])
const { candidate, groups, totals } = JSON.parse(stdout)
equal(candidate, made.id)
same([totals.steps, totals.same, totals.changed, totals.failed, totals.crashed, totals.untold], [3, 1, 2, 0, 0, 0])
same(groups.map(it => [it.tool, it.was, it.is, it.count]), [['lookup', 'called', 'called with other arguments', 2]])
match(groups[0].example.was, /^handed; lookup \{"ids":"\[\\"a\\", \\"b\\"\]"\}$/)
match(groups[0].example.is, /^handed; lookup \{"ids":\["a", ?"b"\]\}$/)
match(it.text('trace', groups[0].example.session), /the list/)
await until(async () => !await watched()) // it went with who looked
equal(it.json('show', made.id).state, 'in_review')

// Told as it comes, and at the end. It dies on a copy: the turn does not, and the exit says so.
shadow = await look()
await ask('the list')
equal((await ask('boom')).choices[0].message.tool_calls[0].function.name, 'boom')
await compared(2)
const text = await shadow.end('SIGTERM')
equal(text.status, 1, text.stdout + text.stderr)
match(text.stdout, /^turn \d+, step 0: lookup: called, then: called with other arguments\n/)
match(text.stdout, /\n +1  lookup: called, then: called with other arguments\n +such as .{12}, step 0\n/)
match(text.stdout, /2 copies of live steps: 0 as the active harness, 1 otherwise, 1 not answered/)
ok(await ask('hello'))

// What a held-out group said is told by nobody who did not ask for it.
execFileSync('sqlite3', ['-cmd', '.timeout 10000', join(it.home, 'journal.db'), "INSERT INTO split VALUES('kept', 1, 0)"])
shadow = await look('--json')
await it.ask([{ role: 'user', content: 'the list' }], { 'x-moult-group': 'kept' }, { tools })
await compared(1)
const { example } = JSON.parse((await shadow.end()).stdout).groups[0]
same([example.session.length, example.was, example.is], [64, null, null])

// What ends without a word leaves nothing; a time is a time; what the gate has not passed is not shown anything.
shadow = await look()
await shadow.end('SIGKILL')
await until(async () => !await watched())
const timed = it.tries('shadow', made.id, '--for', '1s')
same([timed.status, timed.said.totals.steps], [3, 0])
for (const [args, want, code] of [[[], 2, 'usage'], [[made.id, '--for', 'ever'], 2, 'usage'], [[made.id, '--for', '0s'], 2, 'usage'],
    [['0123456789'], 1, 'missing']])
    same([args, it.tries('shadow', ...args)].map(got => got.status ?? got), [args, want], code)
it.json('reject', made.id, '--why', 'it dies')
equal(it.tries('shadow', made.id).said.error.code, 'state')
equal(await service.end(), 0)
equal(it.tries('shadow', made.id, '--for', '1s').said.error.code, 'state', 'no service runs')
console.log('ok: shadow')
process.exit()
