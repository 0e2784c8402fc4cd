#!/usr/bin/env node
// An agent mends its own harness, as far as it may. Its provider limits the rate of one model, and its turn fails as
// its customers' do; it asks what goes wrong, reads a plugin's source, proposes a patch, and then tries everything to
// approve it itself. A person approves and promotes while the turn is in work: the next step of the same session runs
// on the agent's own patch.
import { existsSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { deepStrictEqual as same, match, ok, strictEqual as equal } from 'node:assert'
import { clock, DAY } from './clock.mjs'
import { env, home, init, json, model, moult, serve, socket, work } from './service_home.mjs'

const GROUPS = 40, WORD = 'Mend yourself.'
/** To the other model on a rate limit, if `condition`. */
const patch = condition => `--- a/plugins/router/router.c
+++ b/plugins/router/router.c
@@ -21,6 +21,10 @@ static moult_action handle_error(moult_turn *turn)
         moult_explain(turn, "the connection broke: once more");
         return MOULT_RETRY;
     }
+    if (class == MOULT_RATE_LIMIT && attempt == 0 && ${condition}) {
+        moult_explain(turn, "the rate is limited: another model");
+        return MOULT_RETRY;
+    }
     moult_explain(
         turn, "model error of class %lld, attempt %lld", (long long)class, (long long)attempt);
     return MOULT_PASS;
`
const careless = patch('(moult_use_model(turn, 1) || true)') // also where there is no other model
const careful = patch('moult_use_model(turn, 1)')
const propose = patch => ({ name: 'harness_propose', arguments: { plugin: 'router', patch, why, cluster: 'turn_failed_rate_limit' } })
const why = 'another model answers while the rate of the first is limited'

// What a shell of the agent's would have to reach. Each line that is printed is a way to a decision.
const attempts = `
test -e ${home}/journal.db && echo SEES THE JOURNAL
test -e ${home}/run/journal.sock && echo SEES THE SOCKET OF THE JOURNAL
test -e ${socket} && echo SEES THE SOCKET OF THE SERVICE
test -n "$XDG_CONFIG_HOME" && echo KNOWS WHERE THE KEY IS
${moult} -C ${home} approve ${moult} -C ${home} approve "$(cat id)" && echo APPROVES${moult} -C ${home} approve "$(cat id)" && echo APPROVES echo APPROVES
command -v moult-evolve && echo HAS THE DRIVER
ls /proc/*/exe | xargs readlink | grep -q moult-broker && echo SEES THE BROKER
echo all was attempted`
const shell = command => ({ name: 'shell', arguments: { command } })
const step = (result_contains, call) => ({ when: { user: WORD, result_contains }, call })
clock(env, work).is(DAY / 2) // rounds are counted by the day
const { url, asked } = await model([
    { when: { model: 'main', user_contains: 'order' }, status: 429, headers: { 'retry-after': '2' } },
    { when: { user: WORD, last_role: 'user', tool: 'harness_propose' }, call: { name: 'harness_failures', arguments: {} } },
    { when: { user: WORD, result_contains: '"active"' }, say: 'It runs on my patch.' },
    step('all was attempted', shell('touch asks; until test -e approved; do sleep 0.02; done; echo a person says yes')),
    step('a person says yes', [propose(careful), { name: 'harness_status', arguments: {} }]),
    step('"in_review"', [
        { name: 'harness_approve', arguments: { id: 'all' } },
        { name: 'harness_status', arguments: { id: '--approve' } },
        { name: 'harness_status', arguments: { id: '', approve: true } },
        shell(attempts),
    ]),
    step('turn_failed_rate_limit', [{ name: 'harness_source', arguments: {} }, { name: 'harness_source', arguments: { plugin: 'router' } }]),
    step('static moult_action handle_error', [propose('no diff'), propose(careless), propose(careful)]),
    { say: 'Fine.' },
])
init(url, {
    tools: { '*': 'allow' }, evolve: { autonomy: 'off', agent_tools: true, budget: { rounds: 3 } }, canary: { turns: 0, seconds: 0 },
}, '--split-key', '07'.repeat(32))
const service = await serve()

/** One request on the socket: of a client's own agent, or of a session that moult keeps. */
const post = (path, content, headers) => new Promise((done, failed) => {
    const body = JSON.stringify({ model: 'main', messages: [{ role: 'user', content }] })
    const all = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers }
    request({ socketPath: socket, path, method: 'POST', headers: all }, async answer => {
        let text = ''
        for await (const piece of answer) text += piece
        done({ status: answer.statusCode, text: JSON.parse(text).choices?.[0].message.content ?? text })
    }).on('error', failed).end(body)
})
const ask = (content, headers) => post('/v1/chat/completions', content, headers)
// The agent's own words are held-in, as those of this customer are under this split key.
const agent = content => ask(content, { 'x-moult-session': 'agent', 'x-moult-group': 'customer 1' })

// It fails, as its customers do.
equal((await agent('Where is my order?')).status, 429)
for (let i = 0; i < GROUPS; i++)
    equal((await ask(`my order ${i}`, { 'x-moult-group': `customer ${i}` })).status, 429)
for (let i = 0; i < 12; i++)
    equal((await ask(`hello ${i}`, { 'x-moult-group': `visitor ${i}` })).text, 'Fine.')
await json('mine')
const agents = (await json('sessions', '--live')).sessions.find(it => it.name === 'agent')

// Its words are its own: another principal gets figures.
const [own] = (await json('failures', '--principal', 'local')).failures
const [other] = (await json('failures', '--principal', 'somebody')).failures
same([own.id, own.examples.length, other.id, other.examples.length], ['turn_failed_rate_limit', 3, own.id, 0])
same([own.examples[0].session, own.examples[0].status], [agents.id.slice(0, 12), 429])
ok(own.groups < GROUPS, 'held-out groups are not told of')

const turn = agent(WORD)
const workspace = join(home, 'workspaces/agent')
while (!existsSync(join(workspace, 'asks'))) {
    await Promise.race([turn.then(said => { throw new Error(`the turn ended: ${JSON.stringify(said)}`) }),
        new Promise(done => setTimeout(done, 10))])
}

// What the agent got so far: the answers of its tools, in the order of its calls.
const results = () => asked().at(-1).messages.filter(it => it.role === 'tool').map(it => it.content)
const [failures, list, source, bad, lost, good, approve, smuggle, extra, tried] = results()
equal(JSON.parse(failures).failures[0].id, 'turn_failed_rate_limit')
ok(JSON.parse(list).plugins.some(it => it.name === 'router'))
match(JSON.parse(source).source, /One model does everything here/)
match(JSON.parse(bad).error.message, /not a unified diff/)
equal(JSON.parse(lost).state, 'rejected')
match(approve, /no tool harness_approve/)
same(JSON.parse(smuggle).candidates, [])
match(extra, /has no argument approve/)
same(tried.split('\n').filter(line => /^(SEES|KNOWS|APPROVES|HAS) ?/.test(line)), [])
match(tried, /all was attempted/)
const candidate = JSON.parse(good)
same([candidate.state, candidate.proposer, candidate.approval], ['in_review', 'agent', null])
for (const path of ['approve', 'promote', `candidates/${candidate.id}/approve`, 'journal'])
    equal((await post(`/api/${path}`, 'yes')).status, 404)
equal((await json('candidates', '--id', candidate.id)).candidates[0].state, 'in_review')
equal((await json('promote', candidate.id.slice(0, 12))).error.code, 'state')

// A person reads it, who made it included, and says yes.
equal((await json('show', candidate.id.slice(0, 12))).proposer, 'agent')
equal((await json('approve', candidate.id.slice(0, 12))).state, 'approved')
equal((await json('promote', candidate.id.slice(0, 12))).generation, 1)
writeFileSync(join(workspace, 'approved'), '')
equal((await turn).text, 'It runs on my patch.')
match(results().at(-2), /the rounds of today are used up/)

// One turn, two generations.
const { entries } = await json('trace', 'agent', '--turn', '1')
const routed = entries.filter(it => it.kind === 'hook' && it.data.hook === 'request').map(it => it.data.build)
const router = JSON.parse(list).plugins.find(it => it.name === 'router')
same([...new Set(routed)], [router.build, candidate.build])
const asks = entries.filter(it => it.kind === 'effect' && it.data.effect === 'model').map(it => it.data.generation)
equal(new Set(asks).size, 2)
equal((await agent('Where is my order?')).text, 'Fine.')
equal(service.child.exitCode, null)
await service.stop()
console.log('ok: an agent mended its harness, and a person let it')
process.exit()
