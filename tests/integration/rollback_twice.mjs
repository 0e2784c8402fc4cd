#!/usr/bin/env node
// A build that ends turns is live, kills one, and its generation is quarantined. Who then says `moult rollback` once, and
// once more, is never put back on it: only its own name does that.
import { equal, match, ok, strictEqual as same } from 'node:assert/strict'
import { calls, candidate, content, makeHome, mined, model, proposed, says } from './crash_home.mjs'

// Without a branch that no case runs, and no number that is always zero: these would keep it from the gate (docs/why/0042).
const CRASHES = '    volatile uint32_t share = 1000000000u / (call->name.size * 1000 + call->name.at[0] - 4098);\n    (void)share;\n'
const upstream = await model(async ({ messages }) => {
    const { role, content } = messages.at(-1)
    return role === 'user' && /boom/.test(content) ? calls([`call-${messages.length}`, 'boom', {}]) : says(`${content} is answered`)
})
const tools = [{ type: 'function', function: { name: 'boom', parameters: { type: 'object' } } }]
const user = text => [{ role: 'user', content: text }]
const it = makeHome(upstream.url)
mined(it)
const bad = candidate(it, 'one that crashes', CRASHES), service = await it.serve()
it.json('promote', bad)
const { build, commit } = it.json('log').entries.find(entry => entry.candidate === bad)
same((await it.ask(user('boom'), {}, { tools })).choices[0].message.tool_calls[0].function.name, 'boom')
equal((await it.status()).generation, 0, 'left by itself')
const shown = it.json('show', bad)
equal(shown.state, 'quarantined')
match(shown.why, /generation 1 was left/)
same(it.tries('promote', bad).said.error.code, 'state')
match(it.tries('promote', bad).said.error.message, /quarantined/)

const active = () => it.json('plugins').plugins.map(plugin => plugin.build)
it.json('rollback')
ok(!active().includes(build))
const again = it.tries('rollback')
same(again.said.error.code, 'missing', JSON.stringify(again.said))
match(again.said.error.hint, /--to COMMIT/)
ok(!active().includes(build))
same(content(await it.ask(user('hello'))), 'hello is answered')

it.json('rollback', '--to', commit)
ok(active().includes(build))
it.json('rollback') // what is older than it, though it came back under another number
ok(!active().includes(build))

// Nobody but a person may try the same again, and that costs no look at what is held out.
const looks = () => it.rows('SELECT count(*) n FROM look')[0].n, before = looks()
const same_again = proposed(it, 'the same again', CRASHES, '--by', 'agent')
equal(same_again.state, 'rejected', JSON.stringify(same_again))
match(it.json('show', same_again.id).why, new RegExp(`the same code as candidate ${bad.slice(0, 12)}, which was quarantined`))
equal(looks(), before)
equal(proposed(it, 'another repair', '', '--by', 'agent').state, 'in_review')
equal(it.json('audit', 'verify').ok, true)
equal(await service.end(), 0)
console.log('ok: nothing that was left is active again by itself')
process.exit(0)
