#!/usr/bin/env node
// verify - checks the evidence of a home without moult: with node's crypto, sqlite3 and git. Layouts: evidence.md
// usage: node docs/reference/verify.mjs HOME
import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

const home = process.argv[2];
const run = (program, ...args) => execFileSync(program, args, { maxBuffer: 2 ** 30 }).toString();
const rows = sql => JSON.parse(run('sqlite3', '-readonly', '-json', `${home}/journal.db`, sql) || '[]');
const raw = hex => Buffer.from(hex, 'hex');
const sha = bytes => createHash('sha256').update(bytes).digest('hex');
const must = (holds, what) => { if (!holds) { console.error(`BROKEN  ${what}`); process.exit(1); } };

// --- DSSE: the signature is over the type and the payload, each behind its length
const keyOf = bytes => createPublicKey({ format: 'der', type: 'spki', key: Buffer.concat([raw('302a300506032b6570032100'), bytes]) });
function open(envelope, keyBytes, predicateType, what) {
    const { payload, payloadType, signatures } = JSON.parse(envelope);
    const body = Buffer.from(payload, 'base64');
    const signed = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `), body]);
    must(payloadType === 'application/vnd.in-toto+json', `${what}: payload type`);
    must(signatures.some(s => verify(null, signed, keyOf(keyBytes), Buffer.from(s.sig, 'base64'))), `${what}: signature`);
    const statement = JSON.parse(body);
    must(!predicateType || statement.predicateType === predicateType, `${what}: predicate type`);
    return { predicate: statement.predicate, of: name => statement.subject.find(s => s.name === name)?.digest.sha256 };
}
const ownKey = Buffer.from(readFileSync(`${home}/keys/moult.key.pub`, 'utf8').trim().split(' ')[1], 'base64');
const homeId = rows('SELECT id FROM home')[0].id;

// --- the chain over decisions: before, number, time, kind, body, each behind its length
const long = n => { const b = Buffer.alloc(8); b.writeBigUInt64LE(BigInt(n)); return b; };
const parts = list => Buffer.concat(list.flatMap(p => [long(p.length), p]));
const records = rows('SELECT number, at_ms, kind, hex(body) body, hex(before) before, hex(digest) digest FROM audit ORDER BY number');
let before = '0'.repeat(64);
const head = new Map();
for (const r of records) {
    const made = sha(parts([raw(before), `${r.number}`, `${r.at_ms}`, r.kind].map(p => Buffer.from(p)).concat(raw(r.body))));
    must(r.before.toLowerCase() === before && r.digest.toLowerCase() === made, `audit record ${r.number}`);
    head.set(r.number, before = made);
}
const checkpoints = rows('SELECT record, envelope FROM checkpoint');
for (const c of checkpoints) {
    const { predicate, of } = open(c.envelope, ownKey, 'urn:moult:checkpoint:1', `checkpoint ${c.record}`);
    must(predicate.home === homeId && predicate.record === c.record && of('head') === head.get(c.record), `checkpoint ${c.record}`);
}

// --- documents are named by their digest; statements are signed by the home
const document = new Map(rows('SELECT kind, hex(digest) digest, hex(body) body FROM document')
    .map(d => [`${d.kind} ${d.digest.toLowerCase()}`, raw(d.body)]));
for (const [name, body] of document) must(name.endsWith(` ${sha(body)}`), `document ${name}`);
const statements = [...document].filter(([name]) => name.startsWith('statement '));
for (const [name, body] of statements) open(body, ownKey, null, name);

// --- admissions: a chain; a promotion has the approval of a listed reviewer, over exactly its links
const { reviewers, number: listNumber } =
    open(readFileSync(`${home}/keys/reviewers.json`), ownKey, 'urn:moult:reviewers:1', 'reviewers').predicate;
const admissions = rows('SELECT number, hex(digest) digest, hex(body) body FROM admission ORDER BY number');
const used = new Map(); // mandate -> admissions under it
const admitted = new Map(); // digest of an admission -> its builds by plugin
let last = null, commit;
for (const row of admissions) {
    const a = JSON.parse(raw(row.body)), digest = sha(raw(row.body)), what = `admission ${row.number}`;
    must(row.digest.toLowerCase() === digest && a.before === last && a.number === row.number && a.home === homeId, what);
    if (a.kind === 'promotion' && a.mandate) { // in place of the approval: a reviewer's mandate, and the home's confirmation
        const by = reviewers.find(r => r.name === a.by), given = document.get(`mandate ${a.mandate}`), said = document.get(`confirmation ${a.confirmation}`);
        must(by && given && said && a.approval === null, `${what}: mandate by ${a.by}`);
        const { predicate, of } = open(given, raw(by.key), 'urn:moult:mandate:1', `${what}: mandate`);
        must(predicate.home === homeId && predicate.plugins.includes(a.plugin) && of('policy') === a.policy && admitted.has(of('admission-before')),
            `${what}: its mandate is for something else`);
        must(predicate.from_ms <= a.at_s * 1000 && a.at_s * 1000 < predicate.expires_ms, `${what}: out of date`);
        must(a.reviewers <= listNumber && !(by.revoked_in && by.revoked_in <= a.reviewers), `${what}: its reviewer was revoked`);
        used.set(a.mandate, (used.get(a.mandate) ?? 0) + 1);
        must(used.get(a.mandate) <= predicate.admissions, `${what}: its mandate was used up`);
        const confirmed = open(said, ownKey, 'urn:moult:confirmation:1', `${what}: confirmation`), figures = confirmed.predicate;
        for (const link of ['candidate', 'batch', 'build', 'report', 'policy', 'mandate'])
            must(confirmed.of(link) === a[link], `${what}: confirmed was another ${link}`);
        must(confirmed.of('admission-before') === last && figures.home === homeId, `${what}: confirmed for another place`);
        must(figures.worse === 0 && !figures.claims && !figures.waived, `${what}: its confirmation does not carry it`);
    } else if (a.kind === 'promotion') {
        const envelope = document.get(`approval ${a.approval}`), by = reviewers.find(r => r.name === a.by);
        must(envelope && by, `${what}: approval by ${a.by}`);
        const { predicate, of } = open(envelope, raw(by.key), 'urn:moult:approval:1', `${what}: approval`);
        for (const link of ['candidate', 'batch', 'build', 'report', 'policy'])
            must(of(link) === a[link], `${what}: approved was another ${link}`);
        must(of('admission-before') === last && predicate.home === homeId, `${what}: approved for another place`);
        must([undefined, a.corpus ?? '0'.repeat(64)].includes(of('corpus')), `${what}: approved with another corpus`); // none: an earlier version
        must(predicate.expires_ms > a.at_s * 1000 && !(by.revoked_ms && by.revoked_ms < a.at_s * 1000), `${what}: out of date`);
        must(a.reviewers <= listNumber, `${what}: the list of reviewers is an older one`);
    }
    const builds = new Map(JSON.parse(document.get(`generation ${a.generation}`)).builds.map(b => [b.name, b.build]));
    if (a.kind === 'rollback') {
        const then = admitted.get(a.returns), same = name => builds.get(name) === then.get(name);
        must(then && (a.plugin ? same(a.plugin) : [...then.keys()].every(same)), `${what}: what it returns to`);
    }
    admitted.set(digest, builds);
    for (const [name, build] of builds)
        must(sha(readFileSync(`${home}/builds/sha256/${build}.so`)) === build, `${what}: build of ${name}`);
    last = digest;
    commit = a.commit;
}
must(run('git', '-C', `${home}/harness`, 'rev-parse', 'refs/heads/active').trim() === commit, 'git: active');
console.log(`ok  ${records.length} records, ${checkpoints.length} checkpoints, ${document.size} documents, `
    + `${statements.length} statements, ${admissions.length} admissions`);
