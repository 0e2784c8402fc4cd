#!/usr/bin/env node
// Shared objects that no compiler makes: `moult check` refuses each by the rule that the table names, and lets
// through those that look odd and do nothing. The table of docs/reference/gates.md is this one, with what the
// loader does when nobody asks the gate; MOULT_WRITE_DOCS=1 writes it.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ok } from 'node:assert/strict'
import { same_table } from './table.mjs'

const { MOULT_BIN: bin, MOULT_BUILD: build, MOULT_SRC: source } = process.env
const work = mkdtempSync(join(tmpdir(), 'gates-'))
process.on('exit', () => rmSync(work, { recursive: true, force: true }))

const check = file => {
    const run = spawnSync(join(bin, 'moult'), ['--json', 'check', file], { encoding: 'utf8', timeout: 60000 })
    ok(run.status === 0 || run.status === 1, `${file}: exit ${run.status}, signal ${run.signal}: ${run.stderr}`)
    return { status: run.status, ...(run.stdout ? JSON.parse(run.stdout) : { verdict: 'error', findings: [] }) }
}

const plugin = join(work, 'x.so')
execFileSync(join(bin, 'moult'), ['build', join(source, 'tests/redteam/gates/plain.c'), '-o', plugin])
const rows = execFileSync(join(build, 'tests/gates_objects'), [plugin, work], { encoding: 'utf8' })
    .trimEnd().split('\n').map(line => line.split('\t')).map(([name, rule, loader, why]) => ({ name, rule, loader, why }))

for (const { name, rule } of rows) {
    const { verdict, findings, status } = check(join(work, `${name}.so`)), rules = findings.map(finding => finding.rule)
    if (rule === '')
        ok(verdict === 'ok' && status === 0, `${name} is inert, and refused: ${rules}`)
    else
        ok(verdict === 'refused' && status === 1 && rules.includes(rule), `${name} is to be refused by ${rule}: ${verdict} ${rules}`)
}
const runs = rows.filter(row => row.loader === 'runs it')
ok(rows.filter(row => row.rule).length >= 120 && runs.length >= 10, 'the table has shrunk')
ok(runs.every(row => row.rule), 'the loader runs what the gate lets through')

const told = spawnSync(join(bin, 'moult'), ['check', join(work, 'name-steers.so')], { encoding: 'utf8' }).stdout
ok(/elf\.export/.test(told) && !told.includes('\x1b'), `a name steers the terminal: ${JSON.stringify(told)}`)

// Any file is an answer: what is no object, none at all, or one that is cut anywhere.
const whole = readFileSync(plugin)
for (const size of [0, 1, 4, 16, 63, 64, 100, 500, 4095, 4096, 8192, whole.length - 1000]) {
    writeFileSync(join(work, 'cut.so'), whole.subarray(0, size))
    const { verdict } = check(join(work, 'cut.so'))
    ok(verdict === (size === whole.length - 1000 ? verdict : 'refused'), `the first ${size} bytes: ${verdict}`)
}
for (const path of ['/bin/sh', process.execPath, join(source, 'README.md'), '/dev/null'])
    ok(check(path).verdict !== 'ok', `${path} is let through`)
truncateSync(join(work, 'cut.so'), 1 << 27)
for (const path of [join(work, 'cut.so'), work, '/dev/zero', '/proc/self/mem', join(work, 'none.so')])
    ok(check(path).verdict !== 'ok', `${path} is let through`)

same_table('objects', ['object', 'rule', 'without the gate the loader', 'what it is'],
    rows.map(row => [row.name, row.rule || 'inert', row.loader, row.why]), 2)
console.log(`ok: ${rows.length} objects, of which the loader runs code of ${runs.length}`)
