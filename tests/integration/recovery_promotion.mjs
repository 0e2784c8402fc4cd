#!/usr/bin/env node
// A promotion into a running service, cut off: the driver killed in front of its messages and its files, the service
// killed in front of its writes. Behind each kill what runs is what was admitted last, turns are answered, and the same
// command brings it to the same end. What is loaded and never admitted is left by the service.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { equal, ok } from 'node:assert/strict'
import { candidate, content, env, makeHome, mined, model, sanitized, says, work } from './crash_home.mjs'

const SLOW = sanitized ? 4 : 1
const library = execFileSync('ldd', [`${process.env.MOULT_BIN}/moult-broker`]).toString().match(/=> (\S*libasan\S*)/)?.[1]
const faulty = (what, fired) => ({ FAULTS: what, FAULTS_FIRED: fired,
    LD_PRELOAD: [library, `${process.env.MOULT_BUILD}/tests/libfaults.so`].filter(Boolean).join(' '),
    ...(library && { ASAN_OPTIONS: 'verify_asan_link_order=0:detect_leaks=0' }) })

const upstream = await model(({ messages }) => says(`${messages.at(-1).content}: answered`))
const it = makeHome(upstream.url)
mined(it)
const id = candidate(it, 'strings that denote lists'), kept = join(work, 'kept')
it.rests()
execFileSync('cp', ['-a', it.home, kept])
const admitted = () => it.rows('SELECT max(number) n FROM admission')[0].n
const alive = async service => {
    const status = await it.status()
    equal(status.generation, admitted(), 'what runs is what was admitted last')
    equal(status.pid, service.pid)
    equal(content(await it.ask([{ role: 'user', content: 'hello' }])), 'hello: answered')
}

let before = 0, behind = 0
async function walk(program, calls, from, step) {
    let places = 0
    for (let at = from; ; at += step) {
        it.rests()
        rmSync(it.home, { recursive: true })
        execFileSync('cp', ['-a', kept, it.home])
        const fired = join(work, 'fired'), fault = faulty(`${program}:${calls}:${at}:kill`, fired)
        rmSync(fired, { force: true })
        let service
        try { service = await it.serve(program === 'moult-broker' ? fault : {}) } catch { continue } // it was killed at its start
        spawnSync(it.moult, ['-C', it.home, '--json', 'promote', id], { env: { ...env, ...(program === 'moult-evolve' ? fault : {}) } })
        if (!existsSync(fired)) {
            await service.end('SIGKILL')
            break
        }
        places++
        if (program === 'moult-broker') {
            await service.ended
            service = await it.serve()
        }
        admitted() ? behind++ : before++
        await alive(service)
        it.tries('promote', id) // refused, if it was whole already
        equal(admitted(), 1)
        await alive(service)
        equal((await it.status()).canary, undefined, 'a candidate is left in the service')
        equal(it.json('show', id).state, 'active')
        equal(it.json('audit', 'verify').ok, true)
        equal(await service.end(), 0)
    }
    ok(places >= 3, `${program} was killed at ${places} places only`)
    return `${program} at ${places} (${calls})`
}
const said = [await walk('moult-evolve', 'said', 1, 4 * SLOW), await walk('moult-evolve', 'disk', 1, 5 * SLOW),
    await walk('moult-broker', 'disk', 12, 4)]
console.log(`ok: killed ${said.join(', ')}; ${before} before the admission, ${behind} behind it`)
process.exit(0)
