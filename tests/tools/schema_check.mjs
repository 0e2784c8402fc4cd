#!/usr/bin/env node
// schema_check - holds JSON documents, one a line, against a JSON Schema: the words that docs/schemas uses, and no other.
// usage: schema_check.mjs SCHEMA.json <DOCUMENTS      The first that does not hold is named, exit 1.
import { readFileSync } from 'node:fs';

const root = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const types = {
    object: v => v !== null && typeof v === 'object' && !Array.isArray(v), array: Array.isArray,
    string: v => typeof v === 'string', boolean: v => typeof v === 'boolean', null: v => v === null,
    number: v => typeof v === 'number', integer: Number.isInteger,
};
const size = (ok, what) => (ok ? [] : [what]);
const words = {
    $schema: () => [], title: () => [], description: () => [], $defs: () => [],
    $ref: (ref, v, at) => check(ref.slice(2).split('/').reduce((o, k) => o[k], root), v, at),
    const: (c, v, at) => size(c === v, `${at}: not ${c}`),
    enum: (list, v, at) => size(list.includes(v), `${at}: not one of ${list}`),
    type: (t, v, at) => size([t].flat().some(one => types[one](v)), `${at}: not of type ${t}`),
    anyOf: (list, v, at) => size(list.some(one => check(one, v, at).length === 0), `${at}: none of anyOf`),
    oneOf: (list, v, at) => size(list.filter(one => check(one, v, at).length === 0).length === 1, `${at}: not exactly one of oneOf`),
    pattern: (p, v, at) => size(typeof v !== 'string' || new RegExp(p, 'u').test(v), `${at}: not ${p}`),
    minimum: (m, v, at) => size(typeof v !== 'number' || v >= m, `${at}: below ${m}`),
    maximum: (m, v, at) => size(typeof v !== 'number' || v <= m, `${at}: above ${m}`),
    maxLength: (m, v, at) => size(typeof v !== 'string' || v.length <= m, `${at}: longer than ${m}`),
    minLength: (m, v, at) => size(typeof v !== 'string' || v.length >= m, `${at}: shorter than ${m}`),
    minItems: (m, v, at) => size(!Array.isArray(v) || v.length >= m, `${at}: fewer than ${m}`),
    maxItems: (m, v, at) => size(!Array.isArray(v) || v.length <= m, `${at}: more than ${m}`),
    items: (s, v, at) => (Array.isArray(v) ? v.flatMap((one, i) => check(s, one, `${at}[${i}]`)) : []),
    required: (list, v, at) => (types.object(v) ? list.flatMap(k => size(k in v, `${at}.${k}: missing`)) : []),
    properties: (of, v, at) => (types.object(v) ? Object.keys(of).flatMap(k => (k in v ? check(of[k], v[k], `${at}.${k}`) : [])) : []),
    additionalProperties: (no, v, at, schema) =>
        (types.object(v) && no === false ? Object.keys(v).flatMap(k => size(k in schema.properties, `${at}.${k}: unknown`)) : []),
};
function check(schema, value, at) {
    return Object.keys(schema).flatMap(word => {
        if (!words[word]) throw new Error(`${process.argv[2]}: the word ${word} is not checked here`);
        return words[word](schema[word], value, at, schema);
    });
}

let count = 0;
for (const line of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
    const wrong = check(root, JSON.parse(line), '$');
    if (wrong.length) { console.log(`document ${count}: ${wrong.slice(0, 5).join('; ')}`); process.exit(1); }
    count++;
}
if (!count) { console.log('no documents'); process.exit(1); }
console.log(`${count} hold`);
