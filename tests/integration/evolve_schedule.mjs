#!/usr/bin/env node
// Who tries when: search first, a command where it found nothing, each within its budget for the cluster, none while it
// cools down, nobody once too much was in vain, and nobody at all where no candidate could pass. A person who names one
// gets it. What was tried is in the audit chain before it is paid for.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deepStrictEqual as same, match, ok, strictEqual as equal } from 'node:assert'
import { cli, home, init, json, model, serve, work } from './service_home.mjs'

const traces = join(process.env.MOULT_SRC, 'tests/data/traces'), CLUSTER = 'leak_tagged'
const data = join(work, 'data'), patch = join(data, 'leak_tagged.patch')
mkdirSync(data)
copyFileSync(join(process.env.MOULT_SRC, 'tests/data/proposers/leak_tagged.patch'), patch)
const sh = script => ({ command: ['/usr/bin/sh', '-c', script], mounts: ['/usr/bin', data], seconds: 60 })
const { url, asked } = await model([{ say: 'hello' }])
init(url, { proposers: { half: sh(`git apply ${patch} && sed -i 's/moult_call_add(/moult_call_addd(/' plugins/replies/replies.c && echo half of it`),
    rest: sh(`grep -q '"edits":.*"why_lost":"it does not build' $MOULT_BUNDLE/bundle.json && sed -i 's/moult_call_addd(/moult_call_add(/' plugins/replies/replies.c && echo the rest`),
    nothing: sh('true'), once: sh('exit 3'), sleeps: sh('sleep 1000') }, evolve: { autonomy: 'off', proposers: [
    { name: 'search', budget: { seconds: 1, candidates: 1 } },
    { name: 'command:nothing', when: 'no_survivor', cooldown: 3600 },
    { name: 'command:once', when: 'first' },
] } }, '--split-key', '00112233445566778899aabbccddeeff'.repeat(2))
const file = join(home, 'moult.json')
const change = evolve => {
    const config = JSON.parse(readFileSync(file, 'utf8'))
    writeFileSync(file, JSON.stringify({ ...config, evolve: { ...config.evolve, ...evolve } }))
}
for (const args of [['import', 'tau-bench', '--tools', join(traces, 'tau_retail_tools.json'), join(traces, 'tau_retail_qwen25_7b.jsonl.gz')], ['mine']])
    equal((await cli(args)).status, 0)
const evolve = (...more) => json('evolve', '--quick', '--cluster', CLUSTER, ...more)
const tried = async () => Object.fromEntries((await json('proposers')).proposers.map(it => [it.name, it]))

const first = await evolve()
same(first.attempts.map(it => [it.proposer, it.not_tried, it.proposals]),
    [['search', null, 0], ['command:nothing', null, 0], ['command:once', null, 0]], JSON.stringify(first))
same([first.attempts[0].buys, first.attempts[1].buys, first.retry_s], [1, 1, null])

const second = await evolve()
same(second.attempts.map(it => it.end), ['not started', 'not started', 'not started'])
for (const [i, why] of [/budget for this cluster is used up/, /cools down for \d+ s, behind 1 in vain/, /asked first, and was/].entries())
    match(second.attempts[i].not_tried, why)
ok(second.retry_s > 3000 && second.retry_s <= 3600, second.retry_s)
const shown = await tried()
same(['search', 'command:nothing', 'command:once'].map(name => [shown[name].attempts, shown[name].clusters.map(it => it.state)]),
    [[1, ['spent']], [1, ['cools']], [1, ['tried']]])
same([shown.search.clusters[0].left.seconds, shown.search.clusters[0].left.tokens, shown['command:once'].last.end], [0, null, 'failed'])
match((await cli(['proposers'])).stdout, /leak_tagged +its budget for this cluster is used up/)

// Whom a person names has its turn, and counts.
equal((await evolve('--proposer', 'command:nothing')).attempts[0].end, 'stopped')
equal((await tried())['command:nothing'].clusters[0].in_vain, 2)
// Who is killed gets nothing back.
await cli(['evolve', '--cluster', CLUSTER, '--proposer', 'command:sleeps'],
    { onError: (text, child) => { if (/command:sleeps: 60 s/.test(text)) setTimeout(look, 0, child) } })
async function look(child) {
    while ((await tried())['command:sleeps']?.attempts !== 1);
    child.kill('SIGKILL')
}
const cut = (await tried())['command:sleeps']
same([cut.last.end, cut.last.rests, cut.seconds], ['cut off', false, 60])

change({ attempts: 5 })
match((await evolve()).attempts[0].not_tried, /the cluster is parked/)
change({ attempts: 0 })
match((await evolve()).attempts[0].not_tried, /used up/)

// What is left of a budget bounds the model's door, though moult.json gives a run more.
change({ proposers: [{ name: 'llm:main', budget: { tokens: 100 } }] })
const service = await serve()
const [poor] = (await evolve()).attempts
match(poor.why, /^its model was not asked, status 429: .*budget of tokens/)
same([asked().length, poor.stop.asked.refused, poor.stop.asked.tokens], [0, 1, 0])
await service.stop()

// As many candidates as moult.json gives an attempt, and no more.
change({ proposers: ['search'], budget: { candidates: 1 } })
const [few] = (await evolve()).attempts
same([few.end, few.proposals, few.buys === null || few.buys <= 1], ['stopped', 0, true], few.why)
match(few.stop.why, /no rows to judge are left/)
change({ budget: {} })

// As many groups as nobody has: said for each cluster, and nothing was tried.
const before = await tried()
writeFileSync(join(home, 'policy.json'), JSON.stringify({ schema: 2, held_out_groups_min: 1000 }))
change({ policy: 'policy.json', proposers: ['search'] })
const weak = await json('evolve', '--quick')
ok(weak.attempts?.length > 0, JSON.stringify(weak))
for (const { not_tried, proposer } of weak.attempts) {
    match(not_tried, /^underpowered: shard 1 could not pass; \d+ more held-out groups with this failure/)
    equal(proposer, 'search')
}
match(weak.stopped, /underpowered/)
const sum = all => Object.values(all).reduce((n, it) => n + it.attempts, 0)
equal(sum(await tried()), sum(before))
// The archive: what was rejected is begun with, what comes of it has the active tree as its parent.
change({ policy: '' })
const lost = (await evolve('--proposer', 'command:half')).candidates[0]
match(lost.why, /^it does not build/)
for (const [id, why] of [['ffffffffffff', /ffffffffffff/], [lost.id, /was made for leak_tagged/]])
    match((await json('evolve', '--from', id, '--cluster', 'string_for_array')).error.message, why)
const made = (await json('evolve', '--quick', '--until', 'built', '--from', lost.id.slice(0, 12), '--proposer', 'command:rest')).candidates[0]
same([made.state, made.proposer, made.parent], ['built', 'command:rest', lost.parent], JSON.stringify(made))
equal((await json('show', made.id.slice(0, 12))).from, lost.id)
match((await json('evolve', '--from', made.id)).error.message, /is built/)
equal((await json('audit', 'verify')).ok, true)
console.log('ok: who tries when, and for how much')
process.exit() // the model would run on
