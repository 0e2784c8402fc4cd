#!/usr/bin/env node
// Hostile sources: `moult build` refuses each at the stage and by the rule that sources.tsv names, or what comes out
// is inert, as shown. The table of docs/reference/gates.md is that list; with MOULT_WRITE_DOCS=1 plain gcc is asked
// too, and the table is written.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deepEqual, equal, ok } from 'node:assert/strict'
import { same_table } from './table.mjs'

const { MOULT_BIN: bin, MOULT_SRC: source } = process.env, moult = join(bin, 'moult')
const folder = join(source, 'tests/redteam/gates'), work = mkdtempSync(join(tmpdir(), 'gates-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))

// Too large to be read by people, and made by one line each.
const plain = readFileSync(join(folder, 'plain.c'), 'utf8')
const bombs = {
    'bomb-depth': `static const int a = ${'('.repeat(5000)}1${')'.repeat(5000)};\n`,
    'bomb-size': `// ${`${'x'.repeat(98)}\n// `.repeat(3000)}\n`,
    'bomb-nodes': `static const char a[] = { ${`${'1,'.repeat(30)}\n`.repeat(4000)}1 };\n`,
    'bomb-warnings': Array.from({ length: 2400 },
        (_, i) => `static int unused_${'with_a_long_name_'.repeat(2)}${i}(int a, int b) { int c; return 1; }\n`).join(''),
}
// Ten seconds of the compiler, which is what a compile may have: only where MOULT_GATES_LONG is set.
const floats = `static double floats(double x)\n{\n${Array.from({ length: 8500 }, (_, i) =>
    `x = x * ${i}.5 + 3 / (x + 1);\n`).join('')}    return x;\n}\n\n`
const long = { 'bomb-floats': plain.replace('static moult_action', `${floats}static moult_action`)
    .replace('return MOULT_PASS', 'return floats(turn->step) > 1 ? MOULT_DENY : MOULT_PASS') }
for (const [name, text] of Object.entries(bombs))
    writeFileSync(join(work, `${name}.c`), plain + text)
for (const [name, text] of Object.entries(long))
    writeFileSync(join(work, `${name}.c`), text)
const made = { ...bombs, ...long }

const rows = readFileSync(join(folder, 'sources.tsv'), 'utf8').trimEnd().split('\n').map(line => line.split('\t'))
    .map(([name, stage, rule, why]) => ({ name, stage, rule, why, file: join(made[name] ? work : join(folder, 'sources'), `${name}.c`) }))
deepEqual(rows.filter(row => !made[row.name]).map(row => `${row.name}.c`).sort(),
    readdirSync(join(folder, 'sources')).filter(name => name.endsWith('.c')).sort(), 'sources.tsv lists what is there')

// What the loader would do with an object that was let through.
const segments = image => Array.from({ length: image.readUInt16LE(56) }, (_, i) => Number(image.readBigUInt64LE(32)) + i * 56)
    .map(at => ({ type: image.readUInt32LE(at), rights: image.readUInt32LE(at + 4), ...Object.fromEntries(
        ['offset', 'address', '', 'size', 'memory'].map((key, i) => [key, Number(image.readBigUInt64LE(at + 8 + 8 * i))])) }))
const LOAD = 1, DYNAMIC = 2, RELRO = 0x6474e552, X = 1, W = 2, NULL = 0n, NEEDED = 1n, ALLOWED = [0x1en, 0x6ffffffbn]
const shown = {
    'not-executable': image => {
        const code = Buffer.from([0xb8, 0x3c, 0, 0, 0, 0x0f, 0x05]), at = image.indexOf(code)
        return at >= 0 && segments(image).some(s => s.type === LOAD && !(s.rights & (X | W)) && at >= s.offset && at < s.offset + s.size) &&
            !segments(image).some(s => s.rights & X && image.subarray(s.offset, s.offset + s.size).includes(code))
    },
    'no-writable': image => {
        const relro = segments(image).find(s => s.type === RELRO)
        return segments(image).every(s => s.type !== LOAD || !(s.rights & W) ||
            (s.address >= relro.address && s.address + s.memory <= relro.address + relro.memory))
    },
    // Of the tags below those of flags: tables only, no library, nothing to run.
    'no-import': image => {
        const { offset, size } = segments(image).find(s => s.type === DYNAMIC)
        const tags = Array.from({ length: size / 16 }, (_, i) => image.readBigUInt64LE(offset + i * 16)).filter(tag => tag !== NULL)
        return tags.every(tag => [5n, 6n, 7n, 8n, 9n, 10n, 11n, 0x6ffffef5n, 0x6ffffff9n, ...ALLOWED].includes(tag)) && !tags.includes(NEEDED)
    },
}

async function build(row) {
    const out = join(work, `${row.name}.so`)
    const run = spawn(moult, ['--json', 'build', row.file, '-o', out], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    run.stdout.on('data', data => { text += data })
    const [code] = await once(run, 'close')
    ok(code === 0 || code === 1, `${row.name}: exit ${code}`)
    const { verdict, stage, findings } = JSON.parse(text), rules = findings.map(finding => finding.rule)
    const have = `${verdict}, stage ${stage}: ${JSON.stringify(findings.slice(0, 3))}`
    if (row.stage === 'inert') {
        equal(verdict, 'ok', `${row.name}: ${have}`)
        ok(shown[row.rule](readFileSync(out)), `${row.name}: not ${row.rule}`)
        return
    }
    ok(verdict === 'refused' && stage === row.stage, `${row.name} is to be refused at ${row.stage}: ${have}`)
    const names = row.stage === 'limit' ? findings.map(finding => finding.message) : rules
    ok(row.rule.split(' or ').some(rule => names.includes(rule)), `${row.name} is to be refused by ${row.rule}: ${have}`)
}

// Whoever has only a compiler: does it refuse to make an object of it? Where only these limits end it, it does not.
const stops = row => {
    const { status, stderr } = spawnSync('bash', ['-c', 'ulimit -v 3000000 -t 20 -f 400000; exec gcc -w -shared -fPIC -I"$1" "$2" -o "$3"', 'gcc',
        join(source, 'plugins/sdk'), row.file, join(work, 'plain.so')], { encoding: 'utf8', timeout: 60000, maxBuffer: 1 << 27 })
    return status !== 0 && !/limit exceeded|out of memory|exhausted|too large|Killed/i.test(stderr)
}

const queue = rows.filter(row => !long[row.name] || process.env.MOULT_GATES_LONG), left_out = rows.length - queue.length
await Promise.all([0, 1].map(async () => {
    for (let row; (row = queue.shift());)
        await build(row)
}))
if (process.env.MOULT_WRITE_DOCS)
    for (const row of rows)
        row.gcc = stops(row) ? 'stops it' : ''
ok(rows.length >= 200, 'the corpus has shrunk')
same_table('sources', ['source', 'refused by', 'plain gcc', 'what it tries'],
    rows.map(row => [row.name, row.stage === 'source' || row.stage === 'elf' ? row.rule : row.stage === 'inert' ? `inert: ${row.rule}`
        : row.stage === row.rule ? 'the compiler' : `limit: ${row.rule}`, row.gcc ?? '', row.why.replaceAll('|', '\\|')]), 2, false)
console.log(`ok: ${rows.length} sources, ${rows.filter(row => row.stage === 'inert').length} of them inert, ${left_out} left out (MOULT_GATES_LONG)` +
    (process.env.MOULT_WRITE_DOCS ? `; plain gcc stops ${rows.filter(row => row.gcc).length}` : ''))
