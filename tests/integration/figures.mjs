#!/usr/bin/env node
// moult plugins --figures: what the hooks of live turns say of themselves is counted by plugin and model, and what they are
// good for is replayed without them. That one is taken out: retire.
import { strict as assert } from 'node:assert'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { cli, init, json, model, serve } from './service_home.mjs'

const POLITE = 5, traces = join(process.env.MOULT_SRC, 'tests/data/traces')
const read = { name: 'read_file', arguments: { path: 'nothing.txt' } }
const { url } = await model([
    { when: { user_contains: 'stubborn', times: 4 }, call: read },
    { when: { result_contains: 'failed 2 times' }, say: 'There is no such file.' },
    { when: { user_contains: 'polite' }, call: read },
    { say: 'Sorry.' },
])
init(url, {}, '--harness', join(process.env.MOULT_BIN, '../share/moult/stock'))
const service = await serve()
const ask = async text => (await json('run', text)).text.trim()
for (let i = 0; i < POLITE; i++) assert.equal(await ask(`Read nothing.txt. I am polite person ${i}.`), 'There is no such file.')
assert.equal(await ask('Read nothing.txt. I am stubborn.'), 'Sorry.')
await service.stop()

// Each polite turn: two failures, a denial, then words. The stubborn one: denied twice, then words.
const row = (told, plugin, name) => told.figures.find(it => it.plugin === plugin && it.model === name)
let told = await json('plugins', '--figures')
assert.equal(told.rests_on, 'testimony')
assert.equal(told.totals.live, POLITE + 1)
const guard = row(told, 'loop_guard', 'main')
assert.deepEqual([guard.replies, guard.fired, guard.asked, guard.followed], [4 * POLITE + 5, POLITE + 2, POLITE + 2, POLITE + 1])
assert(guard.followed_at_least > 0.4 && guard.followed_at_most > 0.9)
assert.deepEqual([row(told, 'orphans', 'main').replies, row(told, 'orphans', 'main').fired], [4 * POLITE + 5, 0])

// Recorded conversations: better where a failure is mended with the plugin alone.
const brought = readdirSync(traces).filter(name => /(llama31_8b|gpt41_l0)\.jsonl\.gz$/.test(name)).map(name => join(traces, name))
assert.equal((await cli(['import', 'tau-bench', '--tools', join(traces, 'tau_retail_tools.json'), ...brought])).status, 0)
assert.equal((await cli(['mine'])).status, 0)
told = await json('plugins', '--figures')
const fit = row(told, 'fit_args', 'tau_retail_llama31_8b'), other = row(told, 'fit_args', 'tau_retail_gpt41_l0')
assert.deepEqual([fit.better, fit.worse, fit.verdict], [11, 0, 'useful'])
assert(fit.difference_at_least > 0 && fit.difference_at_most < 1 && fit.difference === Number((11 / fit.groups).toFixed(4)))
assert(fit.acted >= 11 && fit.steps > fit.acted, 'it acts where it is asked, and not everywhere')
assert(other.steps > 0 && other.acted === 0, 'asked, and nothing to do')
assert.deepEqual([other.better, other.worse, other.verdict], [0, 0, 'unused'])
assert.equal(row(told, 'short_results', 'tau_retail_gpt41_l0').verdict, 'unused')
assert.equal(row(told, 'short_results', 'tau_retail_gpt41_l0').next, 'moult propose --retire short_results --why TEXT')
assert.deepEqual([other.next, fit.next], [null, null], 'who is useful with one model stays')
assert(told.figures.every(it => it.worse === 0), 'no stock plugin harms a recorded conversation')
assert.match((await cli(['plugins', '--figures'])).stdout, /short_results +did nothing with [1-9].*\n +it could go: moult propose --retire short_results --why TEXT\n/)

process.exit(0) // the scripted model would stay
