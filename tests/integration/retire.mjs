#!/usr/bin/env node
// A plugin that is never used goes by the gate, a person's word and a swap, and comes back by a rollback; one that is used
// stays, and so does whatever is not only less.
import { deepEqual, equal, match } from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeHome, work } from './crash_home.mjs'

// Conversations that have nothing in common: what is alike counts once.
let seed = 1
const draw = most => { seed = (seed * 48271) % 2147483647; return seed % most }
const word = () => Array.from({ length: 3 + draw(6) }, () => 'abcdefghijklmnopqrstuvwxyz'[draw(26)]).join('')
const words = count => Array.from({ length: count }, word).join(' ')
const tools = [{ type: 'function', function: { name: 'look_up', parameters: { type: 'object', properties: { key: { type: 'string' } } } } }]
const call = (id, key) => ({ role: 'assistant', content: null, tool_calls: [{ id, type: 'function', function: { name: 'look_up', arguments: JSON.stringify({ key }) } }] })
const result = (tool_call_id, content) => ({ role: 'tool', tool_call_id, content })
function talk(user, loops) {
    const key = word(), messages = [{ role: 'user', content: words(40) }]
    for (let i = 0; i < (loops ? 3 : 1); i++)
        messages.push(call(`c${i}`, key), result(`c${i}`, loops ? 'Error: no such key' : words(30)))
    return JSON.stringify({ user, tools, messages: [...messages, { role: 'assistant', content: words(20) }] })
}
const bring = (it, name, from, to, loops) => {
    const file = join(work, `${name}.jsonl`)
    writeFileSync(file, Array.from({ length: to - from }, (_, i) => talk(`person ${from + i}`, loops)).join('\n'))
    it.json('import', 'openai', file)
    it.json('mine')
}
const it = makeHome('http://127.0.0.1:1/v1', {}, { harness: join(process.env.MOULT_BIN, '../share/moult/stock') })
const order = () => it.json('plugins', '--source', 'order').source
const looks = () => it.rows('SELECT count(*) n FROM look')[0].n
const retire = (plugin, ...more) => it.tries('propose', '--retire', plugin, '--why', `${plugin} does nothing here`, ...more)
// A patch of the order by hand: rows is what becomes of its lines.
const propose = (why, change) => {
    const lines = order().split('\n'), now = change(lines), file = join(work, 'order.patch')
    const whole = (sign, list) => list.slice(0, -1).map(line => `${sign}${line}`)
    writeFileSync(file, ['--- a/pipeline/order.c', '+++ b/pipeline/order.c', `@@ -1,${lines.length - 1} +1,${now.length - 1} @@`,
        ...whole('-', lines), ...whole('+', now), ''].join('\n'))
    return it.tries('propose', '--plugin', 'order', '--patch', file, '--why', why)
}
const without = (...names) => lines => lines.filter(line => !names.some(name => line.includes(`"${name}"`)))
const row = (lines, name) => lines.find(line => line.includes(`"${name}"`))

// Too few conversations: nothing is looked at, and it says how many are missing.
bring(it, 'few', 0, 40)
let { status, said } = retire('short_results')
deepEqual([status, said.state, looks()], [3, 'rejected', 0])
match(said.why, /before any look at held-out groups: .* [1-9][0-9]* more held-out groups are needed, [1-9][0-9]* are there$/)

// Enough of them, with a tool that thirty people's models call in vain: the guard acts, the rest has nothing to do.
bring(it, 'many', 40, 420)
bring(it, 'loops', 420, 450, true)
const before = order()
for (const [why, change] of [
    ['a second change rides along', lines => without('short_results')(lines).map(line => line.replace('places_count = sizeof(places)', 'places_count = 0 + sizeof(places)'))],
    ['it comes back at another place', lines => [...without('orphans')(lines).slice(0, 10), row(lines, 'orphans'), ...without('orphans')(lines).slice(10)]],
    ['two at once, and a hook that nobody stands at', without('fit_args', 'loop_guard')],
]) {
    ({ status, said } = propose(why, change))
    deepEqual([status, said.state], [1, 'rejected'], `${why}: ${said.why}`)
    match(said.why, /no batch speaks for it/, why)
}
for (const answer of [retire('loop_guard'), propose('nobody needs it', without('loop_guard'))]) {
    deepEqual([answer.status, answer.said.state], [1, 'rejected'])
    match(answer.said.why, /^gate: fail, before any look at held-out groups: regression: [1-9][0-9]* of [0-9]+ cases go from pass to fail/)
}
equal(looks(), 0, 'none of these had a look')
equal(it.tries('propose', '--retire', 'nobody', '--why', 'it is not there').said.error.code, 'input')
equal(it.tries('propose', '--retire', 'orphans', '--plugin', 'order', '--why', 'both').said.error.code, 'usage');

// One look, a person's word, and a swap.
({ status, said } = retire('short_results'))
deepEqual([status, said.state, looks()], [0, 'in_review', 1], said.why)
const { id } = said, shown = it.json('show', id)
deepEqual(shown.patch.less, { plugin: 'short_results', hooks: ['after_tool'] })
deepEqual(shown.patch.description.map(line => line.split(':')[0]), ['guard weaker', 'the same with less', 'guard weaker'])
const review = it.text('review', id)
match(review, /The same with less: nothing is mended, and nothing may be worse\n/)
match(review, /goes +short_results\n/)
equal(it.tries('promote', id).said.error.code, 'state', 'not without a word')
it.json('approve', id)
it.json('promote', id)
equal(order(), before.split('\n').filter(line => !line.includes('"short_results"')).join('\n'))
equal(it.json('plugins').plugins.length, 7, 'its source stays')
equal(it.json('audit', 'verify').ok, true)
it.json('rollback')
equal(order(), before)
equal(it.json('audit', 'verify').ok, true)
console.log('ok: a plugin that does nothing goes, and what does something stays')
