// Each recorded run is carried out again, from its start, by the store's server: every result must
// be the recorded one (equal as JSON, else as text). usage: store_recorded.mjs SERVER FOLDER
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isDeepStrictEqual } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { python } from '../../tools/python.mjs';

// How many results the whole set holds; of another set, all that there are must be equal.
const FILES = { gpt4o_l0: 940, llama31_8b: 742, tc_0623: 793, tc_precond_0626: 876 };

const [server, folder] = process.argv.slice(2);
const child = spawn(process.execPath, [server], { stdio: ['pipe', 'pipe', 'inherit'] });
const waiting = new Map();
child.on('exit', () => {
    if (waiting.size > 0) throw new Error('the server ended');
});
createInterface({ input: child.stdout }).on('line', line => {
    const message = JSON.parse(line);
    waiting.get(message.id)(message);
    waiting.delete(message.id);
});

let last = 0;
const ask = (method, params) => new Promise(done => {
    waiting.set(++last, done);
    child.stdin.write(JSON.stringify({ jsonrpc: '2.0', id: last, method, params }) + '\n');
});

const attempt = (parse, text) => {
    try {
        return parse(text);
    } catch {
        return undefined;
    }
};

/** Pairs of call and recorded text, in the order of the calls. */
function recorded(run) {
    const calls = [];
    for (const message of run.traj) {
        for (const { id, function: { name, arguments: text } } of message.tool_calls ?? [])
            calls.push({ id, name, given: attempt(JSON.parse, text) ?? attempt(python, text) });
        if (message.role !== 'tool') continue;
        const call =
            calls.find(({ id, want }) => id === message.tool_call_id && want === undefined);
        call.want = message.content;
    }
    return calls.filter(({ want }) => want !== undefined);
}

const same = (got, want) => {
    const value = attempt(JSON.parse, want);
    return got === want ||
        value !== undefined && isDeepStrictEqual(attempt(JSON.parse, got), value);
};

async function replay(run, count) {
    await ask('initialize', { protocolVersion: '2025-06-18', capabilities: {} });
    for (const { name, given, want } of recorded(run)) {
        const { result, error } = await ask('tools/call', { name, arguments: given });
        const got = error ? error.message : result.content[0].text;
        count.all++;
        if (same(got, want)) count.same++;
        else if (count.all - count.same < 5)
            console.log(`task ${run.task_id}, ${name}(${JSON.stringify(given)}):\n` +
                `  recorded ${want}\n  answered ${got}`);
    }
}

const total = { all: 0, same: 0, whole: 0 };
for (const [name, whole] of Object.entries(FILES)) {
    const text = gunzipSync(readFileSync(join(folder, `tau_retail_${name}.jsonl.gz`))).toString();
    const count = { all: 0, same: 0 };
    for (const line of text.split('\n').filter(Boolean)) await replay(JSON.parse(line), count);
    console.log(`${name}: ${count.same} of ${count.all} (the whole set has ${whole})`);
    total.all += count.all;
    total.same += count.same;
    total.whole += whole;
}
child.stdin.end();
console.log(
    `recorded results answered: ${total.same} of ${total.all}, of ${total.whole} there are`);
const expected = process.env.MOULT_TRACES ? total.whole : total.all;
process.exitCode = total.all > 0 && total.same === expected ? 0 : 1;
