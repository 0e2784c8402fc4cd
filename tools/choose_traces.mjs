#!/usr/bin/env node
// choose_traces - chooses the recorded conversations that ship in tests/data/traces.
//
// The unit is the customer: all runs of a chosen customer in all files ship, so that splits by customer
// mean something. Customers are taken in the order of a hash of their name until the budget is spent.
// Runs without messages ship for the first few only. Lines are copied byte for byte.
//
// usage: MOULT_TRACES=FOLDER tools/choose_traces.mjs [BUDGET_BYTES]
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, gzipSync } from 'node:zlib';

const EMPTY_RUNS_KEPT = 3;
const from = process.env.MOULT_TRACES;
const budget = Number(process.argv[2] ?? 1_600_000);
const to = join(dirname(fileURLToPath(import.meta.url)), '../tests/data/traces');
if (!from) throw new Error('MOULT_TRACES names no folder');

const read = name => gunzipSync(readFileSync(join(from, name))).toString('utf8');
const files = readdirSync(from).filter(name => name.startsWith('tau') && name.endsWith('.jsonl.gz')).sort();

/** The customer that a tau2 run looked up: the answer of the first find_user_id call that worked. */
function lookedUp(run) {
    const asked = new Set();
    for (const message of run.messages ?? []) {
        for (const call of message.tool_calls ?? [])
            if (call.name?.startsWith('find_user_id_by_')) asked.add(call.id);
        if (message.role === 'tool' && asked.has(message.id) && !message.error) return message.content.trim();
    }
    return `task:${run.task_id}`;
}

/** The same task number is the same customer in every tau file; a run that died at once has no more. */
const customerOfTask = new Map();
const customerOf = run => run.info?.task?.user_id ??
    (run.messages ? lookedUp(run) : customerOfTask.get(run.task_id) ?? `task:${run.task_id}`);
const rank = customer => createHash('sha256').update(customer).digest('hex');

const lines = files.flatMap(file => read(file).split('\n').filter(line => line.trim())
    .map(line => ({ file, line, run: JSON.parse(line) })));
for (const { run } of lines)
    if (run.info?.task) customerOfTask.set(run.task_id, run.info.task.user_id);
const runs = lines.map(({ file, line, run }) => {
    return { file, line, task: run.task_id, customer: customerOf(run), empty: !(run.traj ?? run.messages)?.length };
});
const customers = [...new Set(runs.map(run => run.customer))].sort((a, b) => rank(a).localeCompare(rank(b)));

function pick(chosen) {
    const empties = {};
    return runs.filter(run => chosen.has(run.customer) &&
        (!run.empty || (empties[run.file] = (empties[run.file] ?? 0) + 1) <= EMPTY_RUNS_KEPT));
}
const pack = (file, picked) =>
    gzipSync(picked.filter(run => run.file === file).map(run => run.line + '\n').join(''), { level: 9 });
const sizeOf = picked => files.reduce((sum, file) => sum + pack(file, picked).length, 0);

const chosen = new Set();
for (const customer of customers) {
    chosen.add(customer);
    if (sizeOf(pick(chosen)) > budget) {
        chosen.delete(customer);
        break;
    }
}

const picked = pick(chosen);
const sources = JSON.parse(readFileSync(join(from, 'manifest.json'), 'utf8'));
mkdirSync(to, { recursive: true });
const manifest = files.map(file => {
    writeFileSync(join(to, file), pack(file, picked));
    const { repo, commit, path, licence } = sources.find(source => source.file === file);
    return { file, runs: picked.filter(run => run.file === file).length, repo, commit, path, licence };
});
writeFileSync(join(to, 'tau_retail_tools.json'), readFileSync(join(from, 'tau_retail_tools.json')));
writeFileSync(join(to, 'manifest.json'),
    JSON.stringify({ customers: [...chosen].sort(), files: manifest }, null, 1) + '\n');
console.log(`${picked.length} runs of ${chosen.size} of ${customers.length} customers, ${sizeOf(picked)} bytes`);
