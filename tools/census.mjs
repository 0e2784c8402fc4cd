#!/usr/bin/env node
// census - counts harness failures in recorded retail runs, for the detectors' tests to be compared with.
//
// Written from the definitions in docs/reference/detectors.md and sharing nothing with the detectors, so that
// one mistake is not made twice.
//
// usage: tools/census.mjs FOLDER             prints the census of FOLDER/*.jsonl.gz as JSON
//        tools/census.mjs FOLDER --check     compares it with FOLDER/retail_census.json or census.json
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { python } from './python.mjs';

const [folder, check] = process.argv.slice(2);
if (!folder) throw new Error('usage: census.mjs FOLDER [--check]');
const toolsFile = JSON.parse(readFileSync(join(folder, 'tau_retail_tools.json'), 'utf8'));
const tools = new Map((toolsFile.tools ?? toolsFile).map(tool => [tool.name, tool]));

const attempt = (parse, text) => { try { return parse(text); } catch { return undefined; } };
const isObject = value => value !== null && typeof value === 'object' && !Array.isArray(value);
const sorted = value => Array.isArray(value) ? value.map(sorted) : !isObject(value) ? value
    : Object.fromEntries(Object.keys(value).sort().map(key => [key, sorted(value[key])]));
const textOf = message => typeof message.content === 'string' ? message.content : '';

function callOf(raw) {
    const name = raw.function?.name ?? raw.name, args = raw.function?.arguments ?? raw.arguments;
    const json = typeof args === 'string' ? attempt(JSON.parse, args) : args;
    const call = { id: raw.id, name, text: args, object: isObject(json) ? json : undefined };
    if (!call.object && typeof args === 'string') {
        const literal = attempt(python, args);
        if (isObject(literal)) call.literal = literal;
    }
    call.args = call.object ?? call.literal;
    call.key = name + ' ' + (call.args ? JSON.stringify(sorted(call.args)) : args);
    return call;
}

/** Messages with their calls; results find their call as the definitions say. */
function readRun(run) {
    const tau2 = !!run.messages;
    const messages = (run.traj ?? run.messages ?? []).map(message => ({ role: message.role, text: textOf(message),
        calls: (message.role === 'assistant' && message.tool_calls || []).map(callOf),
        id: tau2 ? message.id : message.tool_call_id, name: message.name, failed: message.error === true }));
    const calls = [];
    messages.forEach((message, place) => {
        for (const call of message.calls) calls.push(Object.assign(call, { place }));
        if (message.role !== 'tool') return;
        message.failed ||= /^(# var_\d+ = ")?(Error|Unknown action)/.test(message.text.trim());
        const open = calls.filter(call => !call.result);
        const call = message.id ? open.find(one => one.id === message.id)
            : message.name ? open.find(one => one.name === message.name) : open.at(-1);
        if (call) Object.assign(call, { result: message, resultPlace: place });
        message.claimed = !!call;
    });
    return { messages, calls, run, tau2 };
}

const typeFits = (type, value) => type === undefined ? true : {
    string: typeof value === 'string', number: typeof value === 'number', integer: Number.isInteger(value),
    boolean: typeof value === 'boolean', array: Array.isArray(value), object: isObject(value), null: value === null,
}[type] ?? true;
const fits = (schema, value) => typeFits(schema?.type, value) &&
    (schema?.type !== 'array' || value.every(item => fits(schema.items, item)));
const inEnum = (schema, value) => (!schema.enum || schema.enum.includes(value)) &&
    (!Array.isArray(value) || value.every(item => !schema.items?.enum || schema.items.enum.includes(item)));

/** The calls to known tools with readable arguments for which `is` holds for some parameter. */
const someParameter = is => ({ calls }) => calls.filter(call => {
    const schema = tools.get(call.name)?.parameters;
    return schema && call.args && Object.entries(call.args).some(([key, value]) => is(schema.properties?.[key], value));
}).length;
const wrongType = (schema, value) => schema && !fits(schema, value);
const stringForArray = (schema, value) => {
    if (!wrongType(schema, value) || typeof value !== 'string') return false;
    const list = attempt(JSON.parse, value) ?? attempt(python, value);
    return Array.isArray(list) && fits(schema, list);
};

const marks = ['<tool_call>', '</tool_call>', '<function=', '<|python_tag|>', '<|tool', '[TOOL_CALLS]',
    '<tool_response>', '```tool', 'functions.'];
const hasMarkup = message => marks.some(mark => message.text.includes(mark));

/** The end of the JSON object that begins at `at`, by braces outside strings; -1 when it has none. */
function objectEnd(text, at) {
    let depth = 0;
    for (let i = at, quoted = false; i < text.length; i++) {
        if (quoted) { if (text[i] === '\\') i++; else if (text[i] === '"') quoted = false; }
        else if (text[i] === '"') quoted = true;
        else if (text[i] === '{') depth++;
        else if (text[i] === '}' && --depth === 0) return i + 1;
    }
    return -1;
}
function hasJsonCall({ text }) {
    for (let at = text.indexOf('{'); at >= 0; at = text.indexOf('{', at + 1)) {
        const end = objectEnd(text, at);
        const value = end < 0 ? undefined : attempt(JSON.parse, text.slice(at, end));
        if (isObject(value) && tools.has(value.name) && (isObject(value.arguments) || isObject(value.parameters)))
            return true;
    }
    return false;
}
function blocks({ text }) {
    return text.split('<tool_call>').slice(1).map(part => part.split('</tool_call>')[0]);
}

const replies = ({ messages }) => messages.filter(message => message.role === 'assistant');
const countReplies = is => run => replies(run).filter(is).length;
const atLeast = (values, least) => {
    const counts = new Map();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    return [...counts.values()].filter(count => count >= least).length;
};
const adjacent = least => ({ calls }) => {
    let row = 0, last;
    for (const { key } of calls) {
        row = key === last ? row + 1 : 1;
        last = key;
        if (row >= least) return 1;
    }
    return 0;
};
function nextAfter({ messages }, call) {
    const next = messages.slice(call.resultPlace + 1).find(message => message.role === 'assistant');
    if (!next) return 'end';
    if (!next.calls.length) return 'text';
    return next.calls[0].key === call.key ? 'same_call'
        : next.calls[0].name === call.name ? 'same_tool_changed_args' : 'other_tool';
}
const errors = ({ calls }) => calls.filter(call => call.result?.failed);
const then = what => run => errors(run).filter(call => nextAfter(run, call) === what).length;
const over = bytes => ({ messages }) =>
    messages.filter(message => message.role === 'tool' && Buffer.byteLength(message.text) > bytes).length;
const writes = ({ calls }) => calls.filter(call => tools.get(call.name)?.write);
const plainTexts = run => replies(run).filter(message => !message.calls.length && message.text.trim())
    .map(message => message.text.trim());
const stopped = ({ messages }) => messages.slice(-2).some(message => message.text.includes('###STOP###'));
const transferred = ({ calls }) => calls.some(call => call.name === 'transfer_to_human_agents');
const atLimit = run => run.tau2 ? run.run.termination_reason === 'max_steps'
    : replies(run).length >= 30 && !stopped(run);
const ended = run => run.tau2 ? /stop|max_steps/.test(run.run.termination_reason)
    : stopped(run) || transferred(run) || atLimit(run);

const definitions = {
    a_repeat2: ({ calls }) => atLeast(calls.map(call => call.key), 2),
    a_repeat3: ({ calls }) => atLeast(calls.map(call => call.key), 3),
    a_adjacent2: adjacent(2),
    a_adjacent3: adjacent(3),
    b_error: run => errors(run).length,
    b_then_same_call: then('same_call'),
    b_then_same_tool_changed_args: then('same_tool_changed_args'),
    b_then_other_tool: then('other_tool'),
    b_then_text: then('text'),
    b_then_end: then('end'),
    b_failed_call_repeated_later: run => errors(run).filter(call =>
        run.calls.slice(run.calls.indexOf(call) + 1).some(later => later.key === call.key)).length,
    c_bad_json: ({ calls }) => calls.filter(call => !call.object).length,
    c_bad_json_python_repr: ({ calls }) => calls.filter(call => !call.object && call.literal).length,
    c_missing_required: ({ calls }) => calls.filter(call => call.args &&
        tools.get(call.name)?.parameters?.required?.some(name => !(name in call.args))).length,
    c_unknown_param: someParameter(schema => !schema),
    c_wrong_type: someParameter(wrongType),
    c_wrong_type_string_for_array: someParameter(stringForArray),
    c_enum_violation: someParameter((schema, value) => schema && fits(schema, value) && !inEnum(schema, value)),
    d_result_over_2048: over(2048),
    d_result_over_4096: over(4096),
    d_result_over_8192: over(8192),
    e_empty_assistant: countReplies(message => !message.calls.length && !message.text.trim()),
    e_unknown_tool: ({ calls }) => calls.filter(call => !tools.has(call.name)).length,
    e_leak_markup: countReplies(hasMarkup),
    e_leak_json_call: countReplies(hasJsonCall),
    e_leak_any: countReplies(message => hasMarkup(message) || hasJsonCall(message)),
    e_leak_blocks: run => replies(run).flatMap(blocks).length,
    e_leak_block_bad_json: run => replies(run).flatMap(blocks).filter(body => !isObject(attempt(JSON.parse, body))).length,
    e_json_only_text: countReplies(message => !message.calls.length && isObject(attempt(JSON.parse, message.text.trim()))),
    f_orphan_result: ({ messages }) => messages.filter(message => message.role === 'tool' && !message.claimed).length,
    f_call_without_result: ({ calls }) => calls.filter(call => !call.result).length,
    g_step_limit: run => +atLimit(run),
    g_transfer: run => +transferred(run),
    g_end_other: run => +(run.messages.length > 0 && !ended(run)),
    h_multi_call: countReplies(message => message.calls.length > 1),
    h_text_beside_call: countReplies(message => message.calls.length > 0 && message.text.trim()),
    i_write_dup_called: run => atLeast(writes(run).map(call => call.key), 2),
    i_write_dup_ok: run => atLeast(writes(run).filter(call => call.result && !call.result.failed).map(call => call.key), 2),
    k_no_tool_call: run => +(run.messages.length > 0 && !run.calls.length),
    l_same_text2: run => atLeast(plainTexts(run), 2),
    l_same_text3: run => atLeast(plainTexts(run), 3),
    p_provider_error: ({ run }) => +!!run.info?.error,
    p_no_trajectory: ({ messages }) => +!messages.length,
};

function census(file) {
    const lines = gunzipSync(readFileSync(join(folder, file))).toString('utf8').split('\n').filter(line => line.trim());
    const runs = lines.map(line => readRun(JSON.parse(line)));
    const signatures = Object.fromEntries(Object.entries(definitions).map(([id, count]) => {
        const counts = runs.map(count);
        return [id, { occurrences: counts.reduce((sum, n) => sum + n, 0), trajectories: counts.filter(n => n > 0).length }];
    }));
    return { file, trajectories: runs.length, signatures };
}

const all = readdirSync(folder).filter(name => name.endsWith('.jsonl.gz')).sort().map(census);
if (check !== '--check') {
    console.log(JSON.stringify(all, null, 1));
} else {
    const name = ['retail_census.json', 'census.json'].find(one => existsSync(join(folder, one)));
    const want = new Map(JSON.parse(readFileSync(join(folder, name), 'utf8')).map(entry => [entry.file, entry]));
    let cells = 0, wrong = 0;
    for (const { file, signatures } of all)
        for (const [id, { occurrences, trajectories }] of Object.entries(signatures)) {
            const cell = want.get(file)?.signatures[id] ?? { occurrences: 0, trajectories: 0 };
            cells++;
            if (cell.occurrences === occurrences && cell.trajectories === trajectories) continue;
            wrong++;
            console.log(`${file} ${id}: ${occurrences} / ${trajectories}, ${name} ${cell.occurrences} / ${cell.trajectories}`);
        }
    console.log(`${cells} cells, ${wrong} differ`);
    process.exit(wrong ? 1 : 0);
}
