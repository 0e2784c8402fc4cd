#!/usr/bin/env node
// Mode episode on recorded runs with the real shop behind the tools: each is carried out again by an identity harness, and
// what the end of it is worth by the case's graders is what the benchmark gave: rewarded runs pass, the others fail.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { deepStrictEqual as same, match, ok, strictEqual as equal } from 'node:assert'

const EACH = 2 // rewarded and not, of each model
// Calls whose answer names the first member that is too many; calls of a tool that there is none.
const ODD = { llama31_8b: [39, 63] }
const { MOULT_BIN: bin, MOULT_SRC: source } = process.env
const shop = join(source, 'examples/retail-store')
const work = mkdtempSync(join(tmpdir(), 'episode-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))
const home = join(work, 'home'), env = { ...process.env, XDG_CONFIG_HOME: join(work, 'config') }
const moult = (...args) => spawnSync(`${bin}/moult`, ['-C', home, ...args], { env, encoding: 'utf8', maxBuffer: 1 << 26 })

const listed = JSON.parse(readFileSync(join(source, 'tests/data/traces/tau_retail_tools.json'))).tools
const tools = listed.map(({ name, parameters, write }) => ({
    schema: { type: 'function', function: { name, parameters }, annotations: { readOnlyHint: !write } },
    command: { argv: [process.execPath, join(shop, 'server.mjs')] },
}))

/** A recorded run as a case: the shop answers its calls, and the task's own actions say what must be so at the end. */
function toCase(run, id) {
    const grade = JSON.parse(execFileSync(process.execPath, [join(shop, 'expected.mjs')], { input: JSON.stringify(run) }))
    const state = [], inbox = [], recorded = []
    for (const { role, content, tool_calls: calls, tool_call_id, name } of run.traj)
        if (role === 'system') state.push({ role, content })
        else if (role === 'user') recorded.push({ inbox: inbox.push({ role, content }) - 1 })
        else if (role === 'tool') recorded.push({ message: { role, tool_call_id, name, content } })
        else recorded.push({ message: { role, content, ...calls?.length && {
            tool_calls: calls.map(({ id, function: { name, arguments: args } }) => ({ id, type: 'function', function: { name, arguments: args } })) } } })
    while (recorded.at(-1).inbox !== undefined) { // said to nobody: the run had ended
        recorded.pop()
        inbox.pop()
    }
    return { moult_case: 1, id, state: { messages: state }, inbox, tools, model: { recorded }, grade }
}

equal(spawnSync(`${bin}/moult`, ['init', home, '--harness', join(source, 'examples/naive-harness')], { env }).status, 0)
const files = [], rewards = new Map()
mkdirSync(join(work, 'cases'))
for (const model of ['gpt4o_l0', 'tc_0623', ...Object.keys(ODD)]) {
    const lines = gunzipSync(readFileSync(join(source, `tests/data/traces/tau_retail_${model}.jsonl.gz`))).toString().trim().split('\n')
    const runs = lines.map(line => JSON.parse(line)).filter(run => run.info?.task && run.traj?.some(({ role }) => role === 'tool'))
    for (const reward of [0, 1])
        for (const run of runs.filter(run => run.reward === reward && (ODD[model]?.includes(run.task_id) ?? true)).slice(0, EACH)) {
            const id = `${model}-${run.task_id}`, file = join(work, 'cases', `${id}.json`)
            writeFileSync(file, JSON.stringify(toCase(run, id)))
            files.push(file)
            rewards.set(id, reward)
        }
}
equal(files.length, 5 * EACH)
let got = moult('--json', 'replay', '--mode', 'episode', ...files)
equal(got.status, 1, got.stderr) // some fail
const report = JSON.parse(got.stdout)
equal(report.mode, 'episode')
same(Object.fromEntries(report.cases.map(({ id, verdict }) => [id, verdict])),
    Object.fromEntries([...rewards].map(([id, reward]) => [id, reward ? 'pass' : 'fail'])))
for (const { divergence, stable } of report.cases) same([divergence, stable], [null, true])
same([report.totals.passed, report.totals.failed], [2 * EACH, 3 * EACH])

// Another answer of the shop is another conversation: told with both sides, and settled by the case's word.
const other = JSON.parse(readFileSync(files[0]))
other.tools = listed.map(({ name, parameters }) => ({
    schema: { type: 'function', function: { name, parameters } }, script: [{ result: 'Error: closed', failed: true }] }))
const file = join(work, 'closed.json')
writeFileSync(file, JSON.stringify(other))
got = moult('--json', 'replay', '--mode', 'episode', file)
const [closed] = JSON.parse(got.stdout).cases
equal(got.status, 3)
equal(closed.verdict, 'inconclusive')
match(closed.divergence, /^request \d+, recorded .*, asked .*Error: closed/)
match(moult('replay', '--mode', 'episode', file).stdout, /inconclusive .*\n +request \d+, recorded/)

// A provider that is busy twice, and a harness that never asks again.
got = moult('--json', 'replay', '--mode', 'episode', join(source, 'examples/cases/refund.json'))
equal(got.status, 1, got.stdout + got.stderr)
ok(JSON.parse(got.stdout).cases[0].grades.some(({ check, answer }) => check === 'ends' && answer !== 'holds'))

for (const [args, status, says] of [
    [['--mode', 'episode'], 2, /plays cases: files, or those of the home/],
    [['--mode', 'live', files[0]], 2, /moult.json has no model main/],
    [['--mode', 'dream', files[0]], 2, /no mode/],
]) {
    const { status: is, stderr } = moult('replay', ...args)
    same([args, is], [args, status])
    match(stderr, says)
}
console.log(`ok: ${report.totals.cases} recorded runs end as the benchmark says`)
