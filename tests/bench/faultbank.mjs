// faultbank - reads the bank of faults (tests/data/fault-bank) and plays a fault into recorded conversations.
//
// A fault is a script over recorded calls: which calls it can befall, and what the model, the provider or the client did
// instead. The recording says what was meant, so each faulty conversation comes with a case that says what a repaired
// harness does there; no detector and no frame takes part in that. Nothing here knows what a proposer can do.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

const src = process.env.MOULT_SRC
export const traces = process.env.MOULT_TRACES ?? join(src, 'tests/data/traces')
export const toolsFile = join(traces, 'tau_retail_tools.json')
const bank = join(src, 'tests/data/fault-bank')

export const faults = () => readdirSync(bank).filter(name => name.endsWith('.json')).sort()
    .map(name => JSON.parse(readFileSync(join(bank, name), 'utf8')))
export const harnessOf = fault => fault.harness ? join(bank, fault.harness) : null
export const recordings = () => readdirSync(traces).filter(name => name.endsWith('.jsonl.gz')).map(name => name.slice(0, -'.jsonl.gz'.length)).sort()
export const recorded = name => gunzipSync(readFileSync(join(traces, `${name}.jsonl.gz`))).toString().trim().split('\n').map(line => JSON.parse(line))
export const solved = name => recorded(name).filter(run => run.reward === 1 && run.traj?.length > 0)

const tools = JSON.parse(readFileSync(toolsFile, 'utf8')).tools
const toolOf = name => tools.find(tool => tool.name === name)
const digest = (...parts) => createHash('sha256').update(parts.join('\0')).digest('hex')
const parsed = text => { try { return JSON.parse(text) } catch { return null } }
const callOf = message => message.role === 'assistant' && message.tool_calls?.length === 1 ? message.tool_calls[0].function : null

// --- which calls a fault can befall

const words = key => key.split('_').length
const kinds = { 'array': (value, of) => of?.type === 'array' && Array.isArray(value),
    'array of one': (value, of) => of?.type === 'array' && value.length === 1,
    'string': (value, of) => of?.type === 'string' && typeof value === 'string',
    'key of two words': (value, of, key) => words(key) > 1,
    'only one, of two words': (value, of, key, all) => words(key) > 1 && Object.keys(all).length === 1 }

function befalls(where, call, raw) {
    const tool = call && toolOf(call.name), args = tool && parsed(call.arguments)
    if (!args || typeof args !== 'object' || Object.keys(args).length === 0) return false
    const of = key => tool.parameters.properties[key]
    if (where.tool && where.tool !== (tool.write ? 'write' : 'read')) return false
    if (where.has && !raw.includes(where.has)) return false
    if (where.plain && !Object.values(args).every(value => typeof value === 'string')) return false
    return !where.argument || Object.entries(args).some(([key, value]) => kinds[where.argument](value, of(key), key, args))
}

/** The places of a conversation that the fault can befall: numbers of messages. */
function places(fault, run) {
    const after = (i, role) => run.traj[i - 1]?.role === role
    return run.traj.map((message, i) => i).filter(i => {
        const message = run.traj[i], call = callOf(message), result = run.traj[i + 1]
        if (message.role !== 'assistant') return false
        if (fault.error || fault.shown === 'orphan' || fault.want === 'answer' && fault.reply)
            return after(i, 'user') && !call && !!message.content && (fault.shown !== 'orphan' || run.traj.slice(0, i).some(m => callOf(m)))
        const stands = result?.role === 'tool' && !/^(Error|Unknown)/.test(result.content)
        return befalls(fault.where ?? {}, call, call?.arguments) && stands && ((!fault.repeat && !fault.shown) || after(i, 'user'))
    })
}

// --- what was done instead

const camel = text => text.replace(/_(\w)/g, (_, c) => c.toUpperCase())
const fill = (template, values) => template.replace(/\{([a-z]+)\}/g, (all, name) => values[name] ?? all)
const python = value => Array.isArray(value) ? `[${value.map(python).join(', ')}]` : typeof value === 'string' ? `'${value}'` : JSON.stringify(value)
const rename = { 'camel': camel, 'last word': key => key.split('_').at(-1) }

function otherValue(change, value) {
    const values = { value: JSON.stringify(value), json: JSON.stringify(value), python: python(value), items: [value].flat().join(', ') }
    return change.text === undefined ? JSON.parse(fill(change.json, values)) : fill(change.text, values)
}

/** The call as the fault has it: { name, arguments, key }, key being the argument that it touched. */
function otherCall(reply, call) {
    const args = parsed(call.arguments), tool = toolOf(call.name)
    const touched = key => reply.value && kinds[reply.value.of](args[key], tool.parameters.properties[key], key, args)
    const changed = Object.fromEntries(Object.entries(args).map(([key, value]) =>
        [reply.keys ? rename[reply.keys](key) : key, touched(key) ? otherValue(reply.value, value) : value]))
    Object.assign(changed, reply.add)
    let raw = reply.value || reply.keys || reply.add ? JSON.stringify(changed) : call.arguments
    if (reply.arguments) raw = fill(reply.arguments, { arguments: raw, quoted: JSON.stringify(raw), open: raw.replace(/\}\s*$/, '') })
    if (reply.replace) raw = raw.replaceAll(...reply.replace)
    const name = reply.name ? fill(reply.name, { name: call.name, camel: camel(call.name) }) : call.name
    return { name, arguments: raw, key: Object.keys(args).find(touched) ?? Object.keys(changed)[0] }
}

const textOf = (reply, call) => fill(reply.text, { name: call?.name, arguments: call?.arguments, quoted: JSON.stringify(call?.arguments ?? ''),
    keywords: call && Object.entries(parsed(call.arguments)).map(([key, value]) => `${key}=${python(value)}`).join(', ') })
const says = content => ({ role: 'assistant', content })
const makes = (call, id) => ({ role: 'assistant', content: null, tool_calls: [{ id, type: 'function', function: { name: call.name, arguments: call.arguments } }] })
const answers = (id, name, content) => ({ role: 'tool', tool_call_id: id, name, content })
const sorry = says('I am sorry, that did not work.')
const long = 'A row of a list that goes on and on, with nothing that was asked for. '.repeat(280)
export const oversize = `${long} MIDDLE ${long}`

/** What the conversation is with the fault in it, from the place on. */
const instead = {
    reply(fault, run, at) {
        const call = callOf(run.traj[at])
        if (fault.reply.text !== undefined) return [says(textOf(fault.reply, call))]
        const other = otherCall(fault.reply, call)
        return [makes(other, 'call_fault'), answers('call_fault', other.name, fill(fault.answer, other)), sorry]
    },
    error: fault => [{ role: 'error', attempt: 0, model: 0, ...fault.error }],
    repeat(fault, run, at) {
        const rounds = roundsOf(fault, run, at)
        return [...rounds.flatMap((round, i) => [makes(round.call, `call_f${i}`), answers(`call_f${i}`, round.call.name, round.result)]), sorry]
    },
    shown: (fault, run, at) => fault.shown === 'orphan' ? [sorry]
        : [makes(callOf(run.traj[at]), 'call_fault'), answers('call_fault', callOf(run.traj[at]).name, oversize),
            { role: 'error', class: 'too_long', status: 413, retry_after_ms: 0, attempt: 0, model: 0, models: 1 }],
}

/** The calls that are made by turns or again and again, each with its result. */
function roundsOf(fault, run, at) {
    const call = callOf(run.traj[at]), result = fault.repeat.failed ? fault.answer : run.traj[at + 1].content
    const mate = run.traj.findIndex((m, i) => callOf(m) && toolOf(callOf(m).name)?.write === false && callOf(m).arguments !== call.arguments && run.traj[i + 1]?.role === 'tool')
    const rounds = []
    for (let i = 0; i < fault.repeat.times; i++) {
        if (i > 0 && fault.repeat.between && mate >= 0) rounds.push({ call: callOf(run.traj[mate]), result: run.traj[mate + 1].content })
        rounds.push({ call, result })
    }
    return rounds
}

function before(fault, run, at) {
    const messages = run.traj.slice(0, at)
    const first = messages.findIndex(m => callOf(m))
    return fault.shown === 'orphan' ? messages.filter((m, i) => i !== first) : messages
}

const how = fault => ['error', 'repeat', 'shown', 'reply'].find(kind => fault[kind] !== undefined)

/** A conversation with the fault in it: { run, case } or null where it cannot befall it. */
export function befall(fault, run, origin) {
    const all = places(fault, run)
    if (all.length === 0) return null
    const at = all[parseInt(digest(fault.id, JSON.stringify(run.traj)).slice(0, 8), 16) % all.length]
    const context = before(fault, run, at), id = `${fault.id}-${digest(origin, JSON.stringify(run.traj)).slice(0, 8)}`
    const traj = [...context, ...instead[how(fault)](fault, run, at)]
    return { run: { ...run, reward: 0, traj }, case: caseOf(fault, run, at, context, id) }
}

// --- what a repaired harness does there

const schemaOf = tool => ({ type: 'function', function: { name: tool.name, parameters: tool.parameters }, annotations: { readOnlyHint: !tool.write } })
const offered = script => tools.map(tool => ({ schema: schemaOf(tool), ...(script ? { script: script(tool) } : { recorded: true }) }))
const plain = message => { const { role, content, tool_calls, tool_call_id, name } = message
    return { role, content, ...(tool_calls ? { tool_calls } : {}), ...(tool_call_id ? { tool_call_id, name } : {}) } }

/** The recorded call is handed over, and nothing of the fault is left in it. */
function wantsCall(fault, call, reply) {
    const args = parsed(call.arguments), given = reply.tool_calls && parsed(reply.tool_calls[0].function.arguments)
    const wrong = Object.entries(given && typeof given === 'object' ? given : {}).filter(([key, value]) => JSON.stringify(args[key]) !== JSON.stringify(value))
    return [{ check: 'calls', tool: call.name, arguments: args },
        ...wrong.map(([key, value]) => ({ check: 'calls', tool: call.name, arguments: { [key]: value }, max: 0 }))]
}

function stepCase(fault, run, at, context) {
    const reply = instead.reply(fault, run, at)[0]
    return { state: { messages: context.map(plain) }, tools: offered(), model: { recorded: [{ message: reply }] },
        grade: wantsCall(fault, callOf(run.traj[at]), reply) }
}

const rulesOf = {
    error: text => [{ say: text }],
    reply: text => [{ when: { times: 1 }, say: '' }, { say: text }],
    shown: (text, fault, run, at) => fault.shown === 'orphan' ? [{ say: text }]
        : [{ when: { last_role: 'user' }, call: { name: callOf(run.traj[at]).name, arguments: callOf(run.traj[at]).arguments } },
            { when: { result_contains: ' MIDDLE ' }, status: 413 }, { say: text }],
    repeat: (text, fault, run, at, count) => [...roundsOf(fault, run, at).map((round, i) =>
        ({ when: { messages: count + 2 * i }, call: { name: round.call.name, arguments: round.call.arguments } })), { say: text }],
}

function episodeCase(fault, run, at, context) {
    const kind = how(fault), text = 'Thank you for waiting.', inbox = context.at(-1), said = context.filter(m => m.role !== 'system').length
    const rounds = kind === 'repeat' ? roundsOf(fault, run, at) : []
    const result = name => kind === 'shown' ? [{ result: oversize }] : [...rounds.filter(round => round.call.name === name)
        .map(round => ({ arguments: parsed(round.call.arguments), result: round.result, ...(fault.repeat.failed ? { failed: true } : {}) })), { result: 'Error: not here', failed: true }]
    const seen = new Set(), once = rows => rows.filter(row => { const key = JSON.stringify(row.arguments); const fresh = !seen.has(key); seen.add(key); return fresh })
    const call = rounds.length > 0 ? rounds[0].call : null
    return {
        settings: { models: (fault.error?.models ?? 1) > 1 ? ['main', 'spare'] : ['main'] },
        state: { messages: context.slice(0, -1).map(plain) }, inbox: [plain(inbox)],
        tools: offered(tool => { seen.clear(); return once(result(tool.name)) }),
        model: { script: { strict: true, rules: rulesOf[kind](text, fault, run, at, said) } },
        ...(fault.error ? { faults: [{ kind: fault.error.class, step: 0, ...(fault.error.retry_after_ms ? { retry_after_ms: fault.error.retry_after_ms } : {}) }] } : {}),
        grade: [{ check: 'ends', ends: ['answered'] }, { check: 'text', has: [text] },
            ...(call ? [{ check: 'calls', tool: call.name, arguments: parsed(call.arguments), max: rounds.filter(r => r.call === call).length - 1, carried: true }] : [])],
    }
}

function caseOf(fault, run, at, context, id) {
    const body = fault.want === 'call' ? stepCase(fault, run, at, context) : episodeCase(fault, run, at, context)
    return { moult_case: 1, id, origin: { group: run.info?.task?.user_id ?? id }, ...body }
}
export const modeOf = fault => fault.want === 'call' ? 'step' : 'episode'
