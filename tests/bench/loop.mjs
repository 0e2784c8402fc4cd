// loop - the loop from outside: a home, what is brought into it, what is found, and what becomes active. For benchmarks
// that go through the commands alone. Imported, never run.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { harnessOf, toolsFile } from './faultbank.mjs'

const src = process.env.MOULT_SRC, moult = join(process.env.MOULT_BIN, 'moult')
/** `--stock` of the benchmarks: proposers may copy from the stock plugins. */
export const copying = process.env.MOULT_STOCK ? ['--stock'] : []
export const splitKey = seed => seed.toString(16).padStart(2, '0').repeat(32).slice(0, 64)

export function workspace() {
    const folder = mkdtempSync(join(tmpdir(), 'moult-loop-'))
    process.env.XDG_CONFIG_HOME = join(folder, 'config')
    process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
    return folder
}

/** Exit 1 and 3 are answers. */
export function command(...args) {
    const done = spawnSync(moult, ['--json', ...args], { encoding: 'utf8', maxBuffer: 1 << 28 })
    const answer = (() => { try { return JSON.parse(done.stdout) } catch { return null } })()
    if (!answer || answer.error) throw new Error(`moult ${args.slice(0, 4).join(' ')}: ${answer?.error?.message ?? `ended with ${done.signal ?? done.status}: ${done.stderr || done.error}`}`)
    return answer
}

/** The naive example, with what a fault brings of its own. */
export function harnessFor(fault, folder) {
    const harness = join(folder, 'harness')
    rmSync(harness, { recursive: true, force: true })
    cpSync(join(src, 'examples/naive-harness'), harness, { recursive: true, dereference: true })
    if (fault && harnessOf(fault)) {
        cpSync(join(src, 'tests/data/order-harness'), join(harness, 'plugins'), { recursive: true })
        cpSync(harnessOf(fault), harness, { recursive: true })
    }
    return harness
}

export class Home {
    constructor(path, options) {
        this.path = path
        command('init', path, '--split-key', splitKey(options.seed ?? 1), ...(options.stock ? ['--stock'] : ['--harness', options.harness]))
    }
    run(...args) { return command('-C', this.path, ...args) }
    bring(name, runs) {
        const file = join(this.path, '..', `${name}.jsonl`)
        mkdirSync(join(this.path, '..'), { recursive: true })
        writeFileSync(file, runs.map(run => JSON.stringify(run)).join('\n') + '\n')
        const told = this.run('import', 'tau-bench', '--tools', toolsFile, file)
        rmSync(file)
        return told
    }
    mine() { return this.run('mine') }
    evolve(cluster, seconds, seed = 1, more = [], proposer = 'search') { return this.run('evolve', '--cluster', cluster, '--proposer', proposer, '--budget', String(seconds), '--seed', String(seed), '--quick', ...more) }
    show(id) { return this.run('show', id) }
    /** A policy that approves what passed the gate. */
    approve(id) { this.run('approve', id); return this.run('promote', id) }
    /** Of cases in files: how many pass; candidate: a build in the place of the active one; builds: a folder instead of all. */
    passed(files, mode, candidate, builds) {
        const options = [...(candidate ? ['--candidate', candidate] : []), ...(builds ? ['--builds', builds] : [])]
        let count = 0
        for (let i = 0; i < files.length; i += 32)
            count += this.run('replay', '--mode', mode, ...options, ...files.slice(i, i + 32)).totals.passed
        return count
    }
    /** Recorded runs that a candidate changes in a way that no frame allows. */
    broken(candidate) { return this.run('replay', ...(candidate ? ['--candidate', candidate] : [])).totals.failed }
}

export function writeCases(folder, cases) {
    mkdirSync(folder, { recursive: true })
    return cases.map(it => { const path = join(folder, `${it.id}.json`); writeFileSync(path, JSON.stringify(it)); return path })
}
