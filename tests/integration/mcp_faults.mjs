#!/usr/bin/env node
// MCP servers that die, hang, flood and lie, as the service meets them: real processes in their boxes. Each call is told
// what came of it and the turn goes on; the server is started again for the next; memory is bounded, and the session's
// other tools notice nothing. One that never comes up is told to whoever asks, or done without where moult.json says so.
import { readFileSync } from 'node:fs'
import { match, ok, strictEqual as equal } from 'node:assert'
import { below, calls, content, makeHome, model, sanitized, says } from './crash_home.mjs'

const server = `${process.env.MOULT_SRC}/tests/tools/evil_mcp.mjs`
const evil = (mode, more = {}) => [mode, { command: 'node', args: [server, mode], timeouts_ms: { start: 60000, call: 60000 }, ...more }]

// What is said to the model is what it calls: "poke_dies", "poke_dies calm", "shell COMMAND".
const upstream = await model(({ messages, tools }) => {
    const { role, content } = messages.at(-1)
    if (role === 'tool') return says(`told: ${content}`)
    const [name, ...rest] = content.split(' ')
    const args = name === 'shell' ? { command: rest.join(' ') } : rest[0] === 'calm' ? { calm: true } : {}
    if (content === 'which') return says(tools.map(it => it.function.name).join())
    return calls([`call-${messages.length}`, name, args])
})
const speak = async (it, session, text) => {
    const answer = await it.ask([{ role: 'user', content: text }], { 'x-moult-session': session })
    return answer.status === 200 ? content(answer) : `${answer.status}: ${answer.error.message}`
}

/** The most memory that moult's own processes have had, looked at while they live. */
function watch(pid) {
    const most = { broker: 0, tool: 0 }
    const look = () => {
        for (const { pid: one, name } of [{ pid, name: 'moult-broker' }, ...below(pid)])
            try {
                if (name !== 'moult-broker' && name !== 'moult-tool') continue
                const kind = name === 'moult-tool' ? 'tool' : 'broker'
                most[kind] = Math.max(most[kind], Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${one}/status`, 'utf8'))[1]))
            } catch { } // it has ended meanwhile
    }
    const timer = setInterval(look, 20)
    return () => { clearInterval(timer); look(); return most }
}

// --- at a call: what the agent is told
const UNKNOWN = /^told: the outcome is unknown, it may have been carried out: /
const faults = [
    ['dies', /the server ended with exit code 3/],
    ['killed', /the server was ended by signal 9/],
    ['closes', /ended with exit code 0/],
    ['hangs', /did not answer in time|took longer/, { timeouts_ms: { start: 60000, call: 4000 } }],
    ['floods', /the server wrote "x+"/],
    ['notifies', /more than \d+ bytes, and no answer among them/],
    ['asks', /more than \d+ bytes, and no answer among them|did not answer in time/],
    ['line', /a line of more than \d+ bytes without an end/],
    ['huge', /a line of (more than )?\d+ bytes/],
    ['complains', /passed a limit: output/],
    ['words', /the server wrote "I am [^\u001b]*ready"/],
    ['wrong_id', /an answer to what was not asked/],
    ['no_object', /a result that is no object/],
    ['no_content', /a result without content/],
    ['both', /neither an answer nor a request/],
]
const it = makeHome(upstream.url, { mcpServers: Object.fromEntries(
    [evil('good'), evil('twice'), evil('names'), evil('changed'), ...faults.map(([mode, , more]) => evil(mode, more))]) })
const service = await it.serve()
const stop = watch(service.pid)

// Who lies about its tools: what cannot be a tool is left out, and nobody's name is taken.
const offered = (await speak(it, 'desk', 'which')).split(',')
equal(new Set(offered).size, offered.length)
for (const name of ['poke_names', 'names__shell', 'poke_escapes', 'shell', 'poke_good']) ok(offered.includes(name), name)
equal(offered.filter(name => /schema|none|bad|x{65}|\u001b/.test(name)).join(), '')
for (const why of [/"poke_names" of names is left out: the server lists it twice/, /"bad name" of names is left out: its name is not/,
    /"poke_schema" of names is left out: its inputSchema is no object/, /"poke_none" of names is left out/])
    match(service.log(), why)
equal(await speak(it, 'desk', 'shell echo the shell'), 'told: the shell\n')
equal(await speak(it, 'desk', 'names__shell'), 'told: calm shell')

// Each in turn; the good one is asked between, by this session and by another, and never started again.
let count = 0
for (const [mode, why] of faults) {
    const [told, other] = await Promise.all([speak(it, 'desk', `poke_${mode}`), speak(it, 'other', 'poke_good')])
    match(told, UNKNOWN, mode)
    match(told, why)
    equal(other, `told: call ${++count}`)
    equal(await speak(it, 'desk', 'poke_good'), `told: call ${count}`)
    equal(await speak(it, 'desk', `poke_${mode} calm`), `told: calm poke_${mode}`, 'it was started again')
}

// Two answers to one call: the second is nobody's, so what comes behind it cannot be believed.
equal(await speak(it, 'desk', 'poke_twice'), 'told: once')
match(await speak(it, 'desk', 'poke_twice calm'), /^told: the outcome is unknown, .*an answer to what was not asked/)
equal(await speak(it, 'desk', 'poke_twice calm'), 'told: calm poke_twice')

// Other tools in its second life: the list is made once, so the new one is nobody's and the old one is its own to refuse.
match(await speak(it, 'desk', 'poke_changed'), UNKNOWN)
equal(await speak(it, 'desk', 'poke_changed'), 'told: Unknown tool: poke_changed')
equal(await speak(it, 'desk', 'which'), offered.join())
match(await speak(it, 'desk', 'poke_other'), /^told: .*no tool poke_other/)

const most = stop()
const bound = sanitized ? 1 << 20 : 96 << 10
ok(most.broker < bound && most.tool > 0 && most.tool < bound, `KiB at most: ${JSON.stringify(most)}`)
for (const shown of [it.text('trace', 'desk'), service.log()]) ok(!shown.includes('\u001b'), 'no escape reaches a terminal')
equal((await it.status()).turns_open, 0)
equal(await service.end(), 0)

// --- before it has come up
const stillborn = [
    ['stillborn', /mcpServers.stillborn: not ready: .*the server ended with exit code 4/],
    ['silent', /mcpServers.silent: not ready: .*did not answer in time/, { timeouts_ms: { start: 1500 } }],
    ['loud', /mcpServers.loud: not ready: .*the server wrote/],
    ['endless', /mcpServers.endless: not ready: .*more than 64 pages/],
    ['no_list', /mcpServers.no_list: not ready: .*a list of tools that is none/],
]
for (const [mode, why, more] of stillborn) {
    const one = makeHome(upstream.url, { mcpServers: Object.fromEntries([evil(mode, more), evil('good')]) })
    const serving = await one.serve()
    match(await speak(one, 'desk', 'poke_good'), why)
    match(await speak(one, 'desk', 'poke_good'), why, 'and the next turn is told again')
    equal((await one.status()).turns_open, 0)
    equal(await serving.end(), 0)
}

// The operator does without them: the session has its other tools, and the log says what it lacks.
const all = makeHome(upstream.url, { mcpServers: Object.fromEntries([evil('good'), evil('many'),
    ...stillborn.map(([mode, , more]) => evil(mode, { ...more, optional: true })), ['absent', { command: 'no-such-program', optional: true }]]) })
const serving = await all.serve()
equal(await speak(all, 'desk', 'poke_good'), 'told: call 1')
const left = (await speak(all, 'desk', 'which')).split(',')
equal(left.length, 512)
equal(left.filter(name => /stillborn|silent|loud|endless|no_list/.test(name)).join(), '')
for (const [mode] of [...stillborn, ['absent']]) match(serving.log(), new RegExp(`a session goes on without mcpServers.${mode}: `))
match(serving.log(), /left out: there are too many tools/)
equal(await serving.end(), 0)
console.log(`ok: ${faults.length} faults at a call, ${stillborn.length} before it; KiB at most ${JSON.stringify(most)}`)
process.exit(0)
