#!/usr/bin/env node
// A model as proposer, scripted, over real HTTP. One that works as it should mends a cluster by tool calls and changes of nodes, behind
// a refusal of the compiler and one of the replay. Each that does not ends with a reason, has paid for what it asked, and leaves the
// cluster to the next.
import { deepStrictEqual as same, strictEqual as equal, match, ok } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { cli, home, init, json, model, serve } from './service_home.mjs'

const traces = join(process.env.MOULT_SRC, 'tests/data/traces')
const MB = 1 << 20, call = (name, args = {}) => ({ name, arguments: args })
const contract = { hypothesis: 'calls stand in the text', blamed: ['look_at_reply'], fixes: [0], risks: ['a quoted call'], risk_steps: [], falsified_by: 'a group that stays' }
const attempt = (changes, more) => call('try_candidate', { plugin: 'replies', changes, ...contract, ...more })

// --- the good one. Its nodes are those of the naive harness's plugin, as the outline shows them.
const [item, entry, promise] = ['n81', 'n97', 'n299']
const add = edge => ({ op: 'insert_before', node: item, text: `static void add_calls(moult_turn *turn)
{
    moult_text text = moult_body(turn);
    for (moult_it it = { 0 }; moult_text_between(turn, text, moult_str("<tool_call>"), moult_str("</tool_call>"), &it);) {
        const moult_json *value = moult_parse(turn, it.text, MOULT_STRICT);
        const moult_json *arguments = moult_get(turn, value, moult_str("arguments"));
        moult_text name = moult_text_of(turn, moult_get(turn, value, moult_str("name")));
        if (!moult_fits(turn, moult_schema_of(turn, name, moult_str("")), arguments)${edge})
            continue;
        moult_call_add(turn, name, arguments);
        moult_cut(turn, it.span);
    }
}` })
const use = { op: 'insert_before', node: entry, text: 'add_calls(turn);' }, keep = { op: 'delete', node: promise }
const broken = [add(' || value + "no"'), use, keep], eager = [add(''), use, keep]
const good = [add(' || !moult_span_edge(turn, text, it.span, MOULT_LINE_START)'), use, keep]
const of = (name, rules) => rules.map(({ when, ...rest }) => ({ when: { model: name, ...when }, ...rest }))
const rules = of('good', [
    { when: { times: 1 }, status: 429, headers: { 'retry-after-ms': '20' } },
    { when: { times: 1 }, call: [call('read_outline'), call('read_outline', { plugin: 'replies' }), call('list_cases', { kind: 'overreach' }), call('read_sdk')] },
    { when: { result_contains: `${item} lines` }, call: [call('read_source', { plugin: 'replies', node: item }), call('read_source', { plugin: 'replies', node: 'n226' })] },
    { when: { result_contains: 'moult_action look_at_reply' }, call: attempt(broken) },
    { when: { result_contains: 'Refused at stage compile' }, call: attempt(eager) },
    { when: { result_contains: 'Changed although they must stay' }, call: attempt(good) },
    { when: { result_contains: 'It holds, and is kept' }, call: call('finish', { why: 'mended' }) },
])

// --- the bad ones: [alias, rules, why]. What else a model may do wrong is in tests/unit/propose_llm_test.c.
const bad = [
    ['prose', [{ say: 'I would first look at the code. Here is a diff:\n--- a/x\n+++ b/x' }], /^4 of its replies in a row came to nothing/],
    ['huge', [{ call: attempt([{ op: 'replace', node: item, text: 'x'.repeat(100000) }]) }], /^4 of its replies/],
    ['bytes', [{ body: '\u0000\u0001 no JSON', headers: { 'content-type': 'application/json' } }], /^its model was not asked, status 502: /],
    ['dead', [{ when: { times: 1 }, call: attempt([{ op: 'insert_before', node: entry, text: 'if (turn->step > 1000000)\n        return MOULT_FINISH;' }, keep]) }, { call: call('finish', { why: 'enough' }) }], /^enough$/],
    ['costs', [{ call: call('read_sdk'), usage: { input: 1e9, output: 1 } }], /^its model was not asked, status 429: .*budget of tokens/],
    ['refuses', [{ status: 529, headers: { 'retry-after-ms': '20' }, error: { type: 'overloaded_error', message: 'not \u001b[2J now' } }], /^its model was not asked, status 529: .*not \\u001b\[2J now/],
]
const silent = 'silent', aliases = [...bad.map(([name]) => name), silent, 'good']
const { url, asked } = await model([...bad.flatMap(([name, list]) => of(name, list)), ...of(silent, [{ fault: { silent: true } }]), ...rules])
const alias = name => ({ name, provider: 'openai', base_url: `${url}/v1`, model: name, api_key: { file: 'key' } })
init(url, { models: aliases.map(alias),
    evolve: { autonomy: 'off', proposers: [...bad.map(([name]) => `llm:${name}`), 'llm:good'], llm: { rounds: 8, seconds: 120 } } },
    '--split-key', '00112233445566778899aabbccddeeff'.repeat(2))
const imported = await cli(['import', 'tau-bench', '--tools', join(traces, 'tau_retail_tools.json'), join(traces, 'tau_retail_qwen25_7b.jsonl.gz')])
equal(imported.status, 0, imported.stderr)
equal((await cli(['mine'])).status, 0)

const nobody = await cli(['evolve', '--proposer', 'llm:nobody'])
same([nobody.status, /no proposer llm:nobody/.test(nobody.stderr)], [2, true])
const alone = await cli(['evolve', '--cluster', 'leak_tagged', '--proposer', 'llm:good'])
same([alone.status, /no service runs for this home/.test(alone.stderr), /moult serve/.test(alone.stderr)], [4, true, true], alone.stderr)

const service = await serve()
const sessions = (await json('sessions')).sessions.length
const late = await json('evolve', '--quick', '--cluster', 'leak_tagged', '--proposer', `llm:${silent}`, '--budget', '4')
same([late.status, late.candidates.length, late.attempts[0].end], [0, 0, 'stopped'])
match(late.attempts[0].why, /^its model did not answer: /)

// One behind the other, until a candidate waits.
const { attempts, candidates } = await json('evolve', '--quick', '--cluster', 'leak_tagged')
for (const [i, [name, , why]] of bad.entries()) {
    same([attempts[i].proposer, attempts[i].end, attempts[i].proposals], [`llm:${name}`, 'stopped', 0], JSON.stringify(attempts[i]))
    match(attempts[i].why, why, name)
    ok(attempts[i].stop.asked.requests > 0 && (attempts[i].stop.asked.tokens > 0 || name === 'refuses'), `${name} has paid for nothing`)
}
const last = attempts.at(-1)
same([last.proposer, last.end, last.why, last.tries, last.proposals], ['llm:good', 'stopped', 'mended', 3, 1], JSON.stringify(last))
same(candidates.map(({ state }) => state), ['in_review'])
match(candidates[0].proposer, /^llm:good@[0-9a-f]{12}$/)
const shown = await json('show', candidates[0].id.slice(0, 12))
same([shown.contract.hypothesis, shown.contract.blamed, shown.contract.predicts.fixes], [contract.hypothesis, contract.blamed, [0]])
// Its prediction is held against what was replayed: of one case it was said, and that one is mended.
const proposers = Object.fromEntries((await json('proposers')).proposers.map(it => [it.name, it]))
const { score, kinds } = proposers['llm:good']
same([score.n, score.predicted, score.hits, score.precision, score.correlation, Object.keys(kinds)], [1, 1, 1, 1, null, ['replace']])
ok(score.mended > 1 && Math.abs(score.recall - 1 / score.mended) < 1e-3, JSON.stringify(score))
// It said that nothing is at risk, and nothing else changed: that is no hundred percent of anything.
same([score.risks.n, score.risks.quiet, score.risks.precision, kinds.replace.risks.quiet], [1, 1, null, 1], JSON.stringify(score.risks))
same([proposers['llm:costs'].score.n, proposers['llm:costs'].last.proposals], [0, 0])
ok(proposers['llm:costs'].tokens >= 1e9, 'what it took is charged')
// Who is busy is asked again, four times in all; who is busy once goes on.
same([attempts.find(it => it.proposer === 'llm:refuses').stop.asked.requests, last.stop.said.requests, last.stop.asked.requests], [4, 6, 7])
// What the dead one tried was replayed and not proposed; what cannot be made never cost a build.
same(['dead', 'huge'].map(name => attempts.find(it => it.proposer === `llm:${name}`).tries), [1, 0])

// It was told what refused it, by whom, and no more than that of what it may not see.
const told = asked().filter(it => it.model === 'good').at(-1).messages, results = told.filter(it => it.role === 'tool').map(it => it.content)
ok(results.some(it => /Refused at stage compile:\n- compile: .*\n.*error: invalid operands/.test(it)), 'the compiler')
ok(results.some(it => /groups mended.*\n[^]*Changed although they must stay, \d+: cases \d/.test(it)), 'the replay')
ok(!JSON.stringify(told).includes('held-out'), 'what is held out is not spoken of')
ok(asked().every(it => JSON.stringify(it).length < MB && it.tools.length === 9), 'bounded, and with the same nine tools')
// And a person can look it up.
const db = sql => execFileSync('sqlite3', ['-readonly', '-cmd', '.timeout 10000', join(home, 'journal.db'), sql], { encoding: 'utf8' }).trim()
const kept = JSON.parse(db(`select body from document where kind = 'evidence' and lower(hex(digest)) = '${last.stop.conversation}'`))
same(kept.messages.filter(it => it.role === 'tool').map(it => it.content), results)
// It is no session; each request has a row before and behind it.
equal((await json('sessions')).sessions.length, sessions)
equal(db("select count(*) from document where kind = 'asked' and json_extract(body, '$.proposer') = 'llm:good'"), '7')
await service.stop()
process.exit() // the model would run on
