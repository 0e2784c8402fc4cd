#!/usr/bin/env node
// expected - how a task of the benchmark is graded, as graders of a case: the shop's state after the
// task's own actions on a fresh shop, and the texts that the customer must have been told.
//
// usage: expected.mjs <run.json     (one run as tau-bench records it: info.task.actions, .outputs)
import { readFileSync } from 'node:fs';
import { Store, readData } from './store.mjs';
import { callTool, hasTool } from './tools.mjs';

const run = JSON.parse(readFileSync(0, 'utf8'));
const data = readData(new URL('data/', import.meta.url));
const store = new Store(data);
const { actions, outputs } = run.info.task;
for (const { name, kwargs } of actions)
    if (hasTool(name)) callTool(store, name, kwargs);
console.log(JSON.stringify([
    ...Object.entries(store.changed(data)).map(([table, equals]) => (
        { check: 'state', path: `/${table}`, equals })),
    ...outputs.length ? [{ check: 'text', has: outputs, loose: true }] : [],
]));
