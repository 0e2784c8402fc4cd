#!/usr/bin/env node
// What was written before: a function that a promotion lost comes back and what was promoted stays; what was taken back is no
// donor; a plugin that nobody asks gets its row; of a stock plugin comes what the home allows.
import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { befall, faults, recorded, solved } from '../bench/faultbank.mjs'
import { Home, harnessFor, workspace } from '../bench/loop.mjs'

const src = process.env.MOULT_SRC, work = workspace(), model = 'tau_retail_gpt41_l0', RUNS = 36
const played = (id, count) => solved(model).map(run => befall(faults().find(it => it.id === id), run, 'graft')).filter(Boolean).slice(0, count).map(it => it.run)
const path = 'plugins/calls/calls.c'

function drive(home, cluster, ...options) {
    const told = spawnSync(join(process.env.MOULT_BIN, 'propose_drive'), ['-C', home.path, 'drive', '--cluster', cluster, '--seconds', '60', ...options], { encoding: 'utf8' })
    assert(told.status === 0 || told.status === 1, told.stdout + told.stderr)
    return told.stdout
}

const guard = `static moult_action stop_third(moult_turn *turn, moult_call *call)
{
    if (moult_past(turn, call, MOULT_SAME_NAME | MOULT_SAME_ARGS | MOULT_FAILED | MOULT_IN_A_ROW) < 2)
        return MOULT_PASS;
    moult_explain(turn, "%s failed twice", call->tool);
    return MOULT_DENY;
}

`
const lists = `static void mend_lists(moult_turn *turn, moult_call *call)
{
    for (moult_it it = { 0 }; moult_each(turn, call->args, &it);) {
        const moult_schema *schema = moult_schema_of(turn, call->name, it.key);
        const moult_json *value = moult_parse(turn, moult_text_of(turn, it.value), MOULT_LENIENT);
        if (schema && !moult_fits(turn, schema, it.value) && moult_fits(turn, schema, value))
            moult_arg_set(turn, call, it.key, value);
    }
}

`
const harness = harnessFor(null, work), file = join(harness, path)
const first = readFileSync(file, 'utf8').replace('    .traits = MOULT_ONLY_LOOKS,\n', '')
    .replace('static moult_action count_call', `${guard}static moult_action count_call`)
    .replace('    state->turn++;', '    if (stop_third(turn, call) == MOULT_DENY)\n        return MOULT_DENY;\n    state->turn++;')
writeFileSync(file, first)
const second = first.replace(/(moult_action stop_third[^]*?\n{\n)[^]*?\n}\n/, '$1    moult_explain(turn, "%s is asked for", call->tool);\n    return MOULT_PASS;\n}\n')
    .replace('static moult_action count_call', `${lists}static moult_action count_call`).replace('    state->turn++;', '    mend_lists(turn, call);\n    state->turn++;')

// A patch that mends what fails, and loses what fails no more where the home can see.
const home = new Home(join(work, 'home'), { harness })
home.bring('lists', played('list-as-python', RUNS))
home.bring('others', solved('tau_retail_gpt4o_l0').slice(0, 60))
home.mine()
cpSync(file, join(work, 'a', path), { recursive: true })
cpSync(file, join(work, 'b', path), { recursive: true })
writeFileSync(join(work, 'b', path), second)
const patch = join(work, 'patch')
writeFileSync(patch, spawnSync('git', ['diff', '--no-index', '--no-prefix', 'a', 'b'], { cwd: work, encoding: 'utf8' }).stdout)
const by_hand = home.run('propose', '--plugin', 'calls', '--patch', patch, '--why', 'strings that denote lists', '--cluster', 'string_for_array')
assert.equal(by_hand.state, 'in_review', JSON.stringify(by_hand))
home.approve(by_hand.id)

// Now it is seen again.
home.bring('thirds', played('third-failure', RUNS))
home.mine()
const told = home.evolve('failed_call_repeated', 30), best = told.candidates.at(-1)
assert.equal(best?.state, 'in_review', JSON.stringify(told))
const shown = home.show(best.id), after = shown.diff.split('\n').filter(line => /^\+(?!\+)/.test(line)).map(line => line.slice(1)).join('\n')
assert.deepEqual(told.attempts[0].stop.ingredients.map(it => it.replace(/[0-9a-f]{12}$/, 'BUILD')), ['graft:earlier:BUILD'])
assert.match(after, /moult_explain\(turn, "%s failed twice", call->tool\);/)
assert.doesNotMatch(after, /mend_lists/) // it was there and is
assert.equal(told.attempts[0].judged, 0)

// What was taken back is no donor, what was there before it is.
home.approve(best.id)
const bundleOf = () => {
    const at = join(work, 'bundle.json')
    drive(home, 'failed_call_repeated', '--program', 'none', '--recorded', '--bundle', at)
    return JSON.parse(readFileSync(at, 'utf8'))
}
assert.equal(bundleOf().earlier.length, 2)
home.run('rollback')
const bundle = bundleOf()
assert.deepEqual(bundle.earlier.map(it => it.source), [first])
assert.deepEqual(bundle.stock, [])

// A plugin that is there and that nobody asks; and one that is not there.
const beside = harnessFor(null, work)
cpSync(join(src, 'plugins/stock/leaked_calls/leaked_calls.c'), join(beside, 'plugins/leaked_calls/leaked_calls.c'))
const rows = new Home(join(work, 'rows'), { harness: beside })
rows.bring('leaks', recorded('tau_retail_qwen25_7b').slice(0, 60))
rows.mine()
const row = drive(rows, 'leak_tagged')
assert.match(row, /leaked_calls, which is there and was not asked, is asked\./)
assert.match(row, /\{ MOULT_REPLY, "replies" \},\n {4}\{ MOULT_REPLY, "leaked_calls" \},/)
const copied = drive(home, 'failed_call_repeated', '--stock', '--without', bundle.earlier.map(it => `graft:earlier:${it.build}`).join())
assert.match(copied, /stop_third_2 of the stock plugin loop_guard is asked first, in calls\./) // a stop_third is there
assert.match(copied, /"ingredients":\["graft:loop_guard"\]/)
assert.match(copied, /\n {4}moult_action grafted = stop_third_2\(turn, call\);\n/)
console.log('ok')
