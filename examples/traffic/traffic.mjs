#!/usr/bin/env node
// traffic - plays the agents of recorded conversations against a model behind a base URL.
//
// Each run begins as it was recorded: the system's text, the first words of the customer, the
// tools. What the model then says is taken as it comes: its calls are carried out by the retail
// store of the next folder, from its pristine state, and its answers get the customer's next
// recorded words. A run ends when these are used up, when a person takes over, after as many
// replies as the recorded harness allowed, or where the conversation has left its recording: a
// scripted model (moult mock-model) then has no answer and says so with status 404.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parseArgs } from 'node:util';
import { Store, readData } from '../retail-store/store.mjs';
import { callTool, hasTool, toolList } from '../retail-store/tools.mjs';
import { python } from '../../tools/python.mjs';

const REPLIES_MAX = 30; // in a run
const LAST_TOOL = 'transfer_to_human_agents'; // a person takes over: the run ends
const USAGE = `usage: traffic.mjs --base-url URL [OPTION]... RECORDING...

  --base-url URL     of the OpenAI protocol, up to and with /v1
  --key KEY          sent as a bearer token
  --model NAME       asked for (default: gpt-4.1)
  --stream           ask for streams
  --runs N           at most so many runs, taken from the files in turn
  --concurrency N    runs at once (default: 4)
  --retries N        a request more after 429, 500, 502, 503, 529 (default: 0)`;

const { values: options, positionals: files } = parseArgs({
    allowPositionals: true,
    options: {
        'base-url': { type: 'string' }, 'key': { type: 'string' },
        'model': { type: 'string', default: 'gpt-4.1' }, 'stream': { type: 'boolean' },
        'runs': { type: 'string' }, 'concurrency': { type: 'string', default: '4' },
        'retries': { type: 'string', default: '0' }, 'help': { type: 'boolean' },
    },
});
if (options.help || !options['base-url'] || files.length === 0) {
    console.log(USAGE);
    process.exit(options.help ? 0 : 2);
}

const data = readData(new URL('../retail-store/data/', import.meta.url));
const tools = toolList.map(({ name, description, inputSchema }) =>
    ({ type: 'function', function: { name, description, parameters: inputSchema } }));
const count = { runs: 0, finished: 0, left: 0, out_of_replies: 0, failed: 0, requests: 0, calls: 0, tool_errors: 0 };
const failures = {};

// --- recordings

const read = file => {
    const bytes = readFileSync(file);
    const text = bytes[0] === 0x1f ? gunzipSync(bytes).toString() : bytes.toString();
    return text.split('\n').filter(Boolean).map(line => JSON.parse(line));
};

/** The customer: runs of one customer are one group. */
function groupOf(run) {
    const messages = run.traj ?? run.messages;
    const names = new Map(messages.flatMap(({ tool_calls }) => tool_calls ?? [])
        .map(call => [call.id, (call.function ?? call).name]));
    const found = messages.find(({ role, name, tool_call_id, id, content }) => role === 'tool' &&
        /^find_user_id_by_/.test(name ?? names.get(tool_call_id ?? id)) && /^\w{1,63}$/.test(content));
    return run.info?.task?.user_id ?? found?.content ?? `task ${run.task_id}`;
}

/** What stands before the first reply is sent as it is; later only the customer's words are, up to
 * the last ones that got a reply. */
function openingOf(run) {
    const recorded = run.traj ?? run.messages;
    const messages = recorded.slice(0, recorded.findLastIndex(({ role }) => role === 'assistant'));
    const first = messages.findIndex(({ role }) => role === 'user');
    const plain = ({ role, content }) => ({ role, content });
    return {
        messages: messages.slice(0, first + 1).map(plain),
        next: messages.slice(first + 1).filter(({ role }) => role === 'user').map(plain),
    };
}

/** The files' runs in turn, so that few of them are of each file. */
function take(lists, most) {
    const longest = Math.max(...lists.map(({ length }) => length));
    const all = Array.from({ length: longest }, (_, i) => lists.map(list => list[i])).flat();
    return all.filter(run => run && openingOf(run).messages.length > 0).slice(0, most);
}

// --- one request

/** The message that a stream of chunks makes; a stream without its end is a failure. */
function assemble(text) {
    const message = { role: 'assistant', content: null };
    const chunks = text.split(/\r?\n/).filter(line => line.startsWith('data: ')).map(line => line.slice(6));
    if (chunks.pop() !== '[DONE]') throw new Error('the stream was cut');
    for (const chunk of chunks) {
        const { choices, error } = JSON.parse(chunk);
        if (error) throw new Error(`an error in the stream: ${error.message}`);
        const delta = choices[0]?.delta ?? {};
        if (delta.content) message.content = (message.content ?? '') + delta.content;
        for (const { index, id, function: part } of delta.tool_calls ?? []) {
            const calls = message.tool_calls ??= [];
            const call = calls[index] ??= { id, type: 'function', function: { name: part.name, arguments: '' } };
            call.function.arguments += part.arguments ?? '';
        }
    }
    return message;
}

const sleep = ms => new Promise(done => setTimeout(done, ms));
const headers = group => ({
    'content-type': 'application/json',
    'x-moult-group': group,
    ...(options.key && { authorization: `Bearer ${options.key}` }),
});

/** { message }, or { status, code } of what came in its place. */
async function ask(group, messages) {
    const body = JSON.stringify({ model: options.model, messages, tools, ...(options.stream && { stream: true }) });
    for (let left = Number(options.retries);; left--) {
        count.requests++;
        const answer = await fetch(`${options['base-url']}/chat/completions`,
            { method: 'POST', headers: headers(group), body });
        const text = await answer.text();
        if (answer.ok) {
            if (options.stream) return { message: assemble(text) };
            const { role, content, tool_calls } = JSON.parse(text).choices[0].message;
            return { message: { role, content, ...(tool_calls && { tool_calls }) } };
        }
        if (left === 0 || ![429, 500, 502, 503, 529].includes(answer.status)) {
            return { status: answer.status, code: attempt(JSON.parse, text)?.error?.code };
        }
        await sleep(Math.min(2, Number(answer.headers.get('retry-after') ?? 0.1)) * 1000);
    }
}

// --- one run

const attempt = (parse, text) => {
    try {
        return parse(text);
    } catch {
        return undefined;
    }
};

/** Some recorded harnesses wrote arguments as Python does; they are taken, as they were then. */
function carryOut(store, { function: { name, arguments: text } }) {
    const given = attempt(JSON.parse, text) ?? attempt(python, text);
    if (given === undefined) return 'Error: the arguments are not JSON';
    if (given === null || typeof given !== 'object' || Array.isArray(given)) return 'arguments is not an object';
    return hasTool(name) ? callTool(store, name, given).text : `Unknown action ${name}`;
}

/** "finished", "left", "out_of_replies", or a word for what failed. */
async function play(run) {
    const store = new Store(data), group = groupOf(run);
    const { messages, next } = openingOf(run);
    for (let step = 0; step < REPLIES_MAX; step++) {
        const { message, status, code } = await ask(group, messages);
        if (!message) return status === 404 && code === 'mock_no_answer' ? 'left' : `status ${status}`;
        messages.push(message);
        for (const call of message.tool_calls ?? []) {
            const content = carryOut(store, call);
            count.calls++;
            count.tool_errors += content.startsWith('Error: ');
            messages.push({ role: 'tool', tool_call_id: call.id, content });
        }
        if (message.tool_calls?.some(call => call.function.name === LAST_TOOL)) return 'finished';
        if (message.tool_calls?.length) continue;
        if (next.length === 0) return 'finished';
        messages.push(next.shift());
    }
    return 'out_of_replies';
}

async function work(runs) {
    for (let run; (run = runs.shift());) {
        count.runs++;
        const end = await play(run).catch(error => error.cause?.code ?? error.message);
        if (Object.hasOwn(count, end)) {
            count[end]++;
        } else {
            count.failed++;
            failures[end] = (failures[end] ?? 0) + 1;
        }
    }
}

const from = performance.now();
const runs = take(files.map(read), options.runs ? Number(options.runs) : undefined);
await Promise.all(Array.from({ length: Number(options.concurrency) }, () => work(runs)));
const seconds = Math.round(performance.now() - from) / 1000;
console.log(JSON.stringify({ ...count, failures, seconds }));
process.exitCode = count.failed > 0 ? 1 : 0;
