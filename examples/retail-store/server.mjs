#!/usr/bin/env node
// server - the retail store as an MCP server over stdio: JSON-RPC 2.0, one message a line.
//
// A session begins with `initialize` and from the pristine store; what it changes is gone when it
// ends. So a run can be carried out again from its start, in a new process or in this one.
import { Store, readData } from './store.mjs';
import { callTool, hasTool, toolList } from './tools.mjs';

const LINE_MAX = 1 << 20;
const VERSIONS = ['2025-06-18', '2025-03-26', '2024-11-05'];
const PARSE_ERROR = -32700, INVALID_REQUEST = -32600;
const UNKNOWN_METHOD = -32601, INVALID_PARAMS = -32602;

const STATE = 'moult_state';

const data = readData(new URL('data/', import.meta.url));
let store = null;

class Refusal extends Error {
    constructor(code, message) {
        super(message);
        this.code = code;
    }
}

const isObject = value => value !== null && typeof value === 'object' && !Array.isArray(value);

function initialize({ protocolVersion }) {
    store = new Store(data);
    return {
        protocolVersion: VERSIONS.includes(protocolVersion) ? protocolVersion : VERSIONS[0],
        capabilities: { tools: {} },
        serverInfo: { name: 'retail-store', version: '1.0.0' },
    };
}

function call({ name, arguments: given = {} }) {
    if (typeof name !== 'string') throw new Refusal(INVALID_PARAMS, 'name is missing');
    if (name === STATE) // unlisted: for who grades the end of a run, not for a model
        return { content: [{ type: 'text', text: JSON.stringify(store.changed(data)) }], isError: false };
    if (!hasTool(name)) throw new Refusal(INVALID_PARAMS, `Unknown action ${name}`);
    if (!isObject(given)) throw new Refusal(INVALID_PARAMS, 'arguments is not an object');
    const { text, failed } = callTool(store, name, given);
    return { content: [{ type: 'text', text }], isError: failed };
}

// What may be asked before a session has begun says so.
const METHODS = {
    'initialize': { early: true, run: initialize },
    'ping': { early: true, run: () => ({}) },
    'tools/list': { run: () => ({ tools: toolList }) },
    'tools/call': { run: call },
};

function answer(message) {
    const { method, params = {} } = message;
    if (!Object.hasOwn(METHODS, method))
        throw new Refusal(UNKNOWN_METHOD, `no method ${method.slice(0, 100)}`);
    if (!isObject(params)) throw new Refusal(INVALID_PARAMS, 'params is not an object');
    if (!store && !METHODS[method].early)
        throw new Refusal(INVALID_REQUEST, 'a session begins with initialize');
    return METHODS[method].run(params);
}

function send(message) {
    process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\n');
}

function refuse(id, code, message) {
    send({ id, error: { code, message } });
}

function takeLine(line) {
    let message;
    try {
        message = JSON.parse(line);
    } catch {
        return refuse(null, PARSE_ERROR, 'not JSON');
    }
    const id = isObject(message) ? message.id : undefined;
    const idIsGood = typeof id === 'string' || Number.isSafeInteger(id);
    if (!isObject(message) || message.jsonrpc !== '2.0' || typeof message.method !== 'string')
        return refuse(idIsGood ? id : null, INVALID_REQUEST, 'not a JSON-RPC 2.0 request');
    if (id === undefined) return; // a notification: there is none that matters here
    if (!idIsGood) return refuse(null, INVALID_REQUEST, 'id is neither text nor an integer');
    try {
        send({ id, result: answer(message) });
    } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        refuse(id, error.code, error.message);
    }
}

// Lines are put together here, not by node:readline, which would keep one without an end for ever.
const NEWLINE = 10;
let parts = [], size = 0;

function takePart(part) {
    size += part.length;
    if (size <= LINE_MAX) parts.push(part);
    else parts = [];
}

function endLine() {
    if (size > LINE_MAX) refuse(null, INVALID_REQUEST, `a line of more than ${LINE_MAX} bytes`);
    else {
        const line = Buffer.concat(parts).toString().trim();
        if (line !== '') takeLine(line);
    }
    parts = [];
    size = 0;
}

process.stdin.on('data', chunk => {
    let start = 0;
    for (let end; (end = chunk.indexOf(NEWLINE, start)) >= 0; start = end + 1) {
        takePart(chunk.subarray(start, end));
        endLine();
    }
    takePart(chunk.subarray(start));
});
process.stdout.on('error', () => process.exit(0)); // the client has gone
