#!/usr/bin/env node
// A cluster of two forms: arguments in a code fence, and arguments as JSON in a string. No patch of one function mends both,
// each mends half of the groups, and the gate wants more. What the first leaves is searched for again, and one proposal has both.
import { strict as assert } from 'node:assert'
import { join } from 'node:path'
import { befall, faults, solved } from '../bench/faultbank.mjs'
import { Home, harnessFor, workspace } from '../bench/loop.mjs'

const FORMS = ['arguments-in-a-fence', 'arguments-twice'], SECONDS = 120
const work = workspace(), home = new Home(join(work, 'home'), { harness: harnessFor(null, work) })
const forms = FORMS.map(id => faults().find(fault => fault.id === id))
home.bring('two-forms', solved('tau_retail_gpt41_l0').map((run, i) => befall(forms[i % forms.length], run, 'two')?.run).filter(Boolean))
home.bring('untouched', solved('tau_retail_tc_0623'))
const clusters = home.mine().clusters.filter(cluster => cluster.mendable).map(cluster => cluster.id)
assert.deepEqual(clusters, ['args_wrapped'])

const told = home.evolve('args_wrapped', SECONDS), [attempt] = told.attempts, [best] = told.candidates
assert.equal(attempt.stop.why, 'found')
assert.equal(best?.state, 'in_review', JSON.stringify(told.candidates))
const { diff, verdict, contract } = home.show(best.id)
assert.equal(verdict.held_in.fixed, verdict.held_in.groups, 'every held-in group')
assert.equal(verdict.held_out.fixed, verdict.held_out.groups, 'every held-out group')
assert(diff.includes('+static void rewrite_call(') && diff.includes('+static void rewrite_call_2('), diff)
for (const word of ['text_json', 'parse', 'call_set']) assert(attempt.stop.ingredients.includes(word), word)
assert.match(JSON.stringify(contract), /And of what that leaves: /)
console.log('ok')
