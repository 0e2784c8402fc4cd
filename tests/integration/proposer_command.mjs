#!/usr/bin/env node
// A proposer that is a program of the operator's: what it changed in the one file becomes a candidate like any other;
// whatever else it does has all of it refused, with the reason, and the cluster is open for the next.
import { copyFileSync, mkdirSync, readdirSync, realpathSync } from 'node:fs'
import { deepStrictEqual as same, strictEqual as equal, match, ok } from 'node:assert'
import { execFileSync, spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cli, home, init, json, model, serve, work } from './service_home.mjs'

const { MOULT_SRC: source } = process.env
const data = join(work, 'data'), traces = join(source, 'tests/data/traces'), patch = join(data, 'leak_tagged.patch')
mkdirSync(data)
copyFileSync(join(source, 'tests/data/proposers/leak_tagged.patch'), patch)
for (const name of ['asking_proposer.mjs', 'searching_proposer.py'])
    copyFileSync(join(source, 'tests/tools', name), join(data, name))
const node = realpathSync(process.execPath), mounts = ['/usr/bin', data, ...node.startsWith('/usr/') ? [] : [node]]
const sh = (script, more) => ({ command: ['/usr/bin/sh', '-c', script], mounts, seconds: 60, ...more })
const searching = key => ['/usr/bin/python3', join(data, 'searching_proposer.py'), [...key].reverse().join('')]
const apply = `git apply ${patch}`
// Folders of attempts that nobody holds (flock(1)); what others at work hold is theirs.
const unheld = path => spawnSync('flock', ['-n', path, 'true']).status === 0
const scratch = () => readdirSync(tmpdir()).filter(name => name.startsWith('moult-scratch-command') && unheld(join(tmpdir(), name)))
const left = scratch()

// [name, command, what the attempt says]
const refused = [
    ['outside', sh(`${apply}; echo a >plugins/replies/notes.txt`), 'refused', /^plugins\/replies\/notes\.txt was not there/],
    ['link', sh('ln -sf /etc/passwd plugins/replies/replies.c'), 'refused', /^plugins\/replies\/replies\.c is a link/],
    ['commits', sh(`git config --global --add safe.directory "*"; git init -q . && git add -A && git -c user.name=a -c user.email=a@b commit -qm a`), 'refused', /^\.git is a repository/],
    ['daemon', sh(`${apply}; setsid sleep 1000 >/dev/null 2>&1 & exit 0`), 'refused', /^it left processes running/],
    ['network', { command: ['/usr/bin/python3', '-c', 'import socket\ntry: socket.create_connection(("192.0.2.1", 80))\nexcept OSError: pass'], mounts: ['/usr/bin'] }, 'refused', /^it asked for a network/],
    ['never', sh('sleep 1000', { seconds: 1 }), 'over its time', /^it did not end in its time/],
    ['floods', sh('yes'), 'over its bytes', /^ended by its limit on output/],
    ['fails', sh('printf "\\033[2Jno luck" >&2; exit 3'), 'failed', /^exit 3; it said: \\x1b\[2Jno luck$/],
    ['absent', { command: ['/opt/nowhere'] }, 'failed', /^exit 127; it said: \/opt\/nowhere: No such file/],
    ['finds', { command: searching('index 8bec330..323128b'), mounts }, 'failed', /^exit 1; it said: \S+\/data\/leak_tagged\.patch$/], // as it would a key
    ['nothing', sh('ls $MOULT_BUNDLE/bundle.json $MOULT_BUNDLE/TASK.md $MOULT_SDK/moult.h'), 'stopped', /^it left the sources as they were$/],
    ['bundle', sh('echo >$MOULT_BUNDLE/bundle.json'), 'failed', /Read-only file system|Permission denied/],
]
const { url, asked } = await model([{ when: { user: 'what does it cost?' }, say: 'much', usage: { input: 1e9, output: 1e9 } }, { when: { user: 'take your time' }, delay_ms: 600000, say: 'late' }, { say: 'the marks are not read' }])
const proposers = { ...Object.fromEntries(refused.map(([name, command]) => [name, command])), good: sh(`${apply} && echo mended`),
    asks: { command: [node, join(data, 'asking_proposer.mjs'), patch, 'a-key'], model: 'main', mounts, seconds: 60, tokens: 50000, usd: 1 },
    searches: { command: searching('a-key'), model: 'main', mounts, seconds: 60 },
    waits: { command: [node, '-e', "fetch(process.env.OPENAI_BASE_URL + '/chat/completions', { method: 'POST', body: JSON.stringify({ model: 'any', messages: [{ role: 'user', content: 'take your time' }] }) })"], model: 'main', mounts },
    home: { command: ['/usr/bin/true'], mounts: ['/usr/bin', join(home, 'keys')] } }
init(url, { proposers, evolve: { autonomy: 'off', proposers: ['command:searches', 'command:outside', 'command:asks'] } }, '--split-key', '00112233445566778899aabbccddeeff'.repeat(2))
const imported = await cli(['import', 'tau-bench', '--tools', join(traces, 'tau_retail_tools.json'), join(traces, 'tau_retail_qwen25_7b.jsonl.gz')])
equal(imported.status, 0, imported.stderr)
const mined = await cli(['mine'])
equal(mined.status, 0, mined.stderr)
const evolve = (name, ...more) => json('evolve', '--quick', '--cluster', 'leak_tagged', '--proposer', name, ...more)

for (const [name, , end, why] of refused) {
    const { status, candidates, attempts } = await evolve(`command:${name}`)
    same([status, candidates.length, attempts[0].proposer, attempts[0].end], [0, 0, `command:${name}`, end], `${name}: ${attempts[0].why}`)
    match(attempts[0].why, why)
}
const none = await cli(['evolve', '--proposer', 'command:nobody'])
same([none.status, /no proposer command:nobody/.test(none.stderr)], [2, true])
const inside = await cli(['evolve', '--cluster', 'leak_tagged', '--proposer', 'command:home'])
same([inside.status, /overlaps the moult home/.test(inside.stderr)], [1, true], inside.stderr)

// Without a service nobody has a key; the cluster stays as it is.
const alone = await cli(['evolve', '--cluster', 'leak_tagged', '--proposer', 'command:asks'])
same([alone.status, /no service runs for this home/.test(alone.stderr), /moult serve/.test(alone.stderr)], [4, true, true], alone.stderr)

const service = await serve()
const sessions = (await json('sessions')).sessions.length
// Whoever is killed while it waits takes its door along.
const doors = () => readdirSync(join(home, 'run')).filter(name => name.startsWith('ask-')), soon = () => new Promise(done => setTimeout(done, 10))
let driver
const killed = cli(['evolve', '--cluster', 'leak_tagged', '--proposer', 'command:waits'], { onError: (_, child) => { driver = child } })
while (asked().length === 0)
    await soon()
equal(doors().length, 1)
driver.kill('SIGKILL')
await killed
while (doors().length > 0)
    await soon()
left.push(...scratch()) // the next sweep takes what is older

// One behind the other, until a candidate waits.
const first = await json('evolve', '--quick', '--cluster', 'leak_tagged')
same(first.attempts?.map(({ proposer, end }) => [proposer, end]), [['command:searches', 'stopped'], ['command:outside', 'refused'], ['command:asks', 'stopped']],
    JSON.stringify(first))
same(first.candidates.map(({ state, proposer }) => [state, proposer]), [['in_review', 'command:asks']])
const { stop } = first.attempts[2]
same([stop.requests > 7, stop.failed, stop.tokens > 100], [true, 0, true], JSON.stringify(stop))
const shown = await json('show', first.candidates[0].id.slice(0, 12))
equal(shown.contract.hypothesis, 'mended as the model said')
// What came to the provider has moult's name of the model and nothing that the codec does not know.
same(asked().slice(1, 4).map(it => [it.model, it.user, (it.tools ?? []).length]), [['main', undefined, 1], ['main', undefined, 0], ['main', undefined, 0]])
// It is no session, so nothing of it is mined; the journal has a row for each request, before and behind.
equal((await json('sessions')).sessions.length, sessions)
const db = sql => execFileSync('sqlite3', ['-readonly', '-cmd', '.timeout 10000', join(home, 'journal.db'), sql], { encoding: 'utf8' }).trim()
equal(db("select count(*) from document where kind = 'asked'"), `${stop.requests + 1}`)
while (Number(db("select count(*) from document where kind = 'answered'")) <= stop.requests)
    await soon() // what nobody waits for comes to the disk with the next group
equal(db("select count(*) from document where kind = 'answered'"), `${stop.requests + 1}`)
equal(db("select count(*) from document where kind = 'answered' and json_extract(body, '$.end') = 'cancelled'"), '5')
same(doors(), [])
await service.stop()
same(scratch().filter(name => !left.includes(name)), [])
process.exit() // the model would run on
