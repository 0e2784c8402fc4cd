#!/usr/bin/env node
// A full disk under the service: the turn is refused with 507 and nothing of it is done, what was acknowledged stays.
// First from the Nth write on, for many N, with a restart behind each; then on a small file system, where the same
// process goes on when there is room again. A disk that does not keep what it was given ends the service. At the end: a
// second service on one home, which is refused.
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { deepStrictEqual as same, equal, match, ok } from 'node:assert/strict'
import { calls, content, makeHome, model, sanitized, says, work } from './crash_home.mjs'

const ENOSPC = 28, EIO = 5, STEP = sanitized ? 7 : 5, TURNS = 4
const upstream = await model(({ messages }) => {
    const from = messages.findLastIndex(it => it.role === 'user'), { content: turn } = messages[from]
    return messages.length === from + 1 ? calls([turn, 'shell', { command: `echo ${turn} >> out` }]) : says(`${turn} is done`)
})
const user = text => [{ role: 'user', content: text }], session = { 'x-moult-session': 's' }
const ran = it => {
    const file = join(it.home, 'workspaces/s/out')
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
}
/** What is there for good: each acknowledged turn whole, each call of the tool once, and only what was journaled. */
function judge(it, acknowledged) {
    const texts = it.rows(`SELECT CAST(coalesce(m.bytes, b.bytes) AS TEXT) t FROM message m
        LEFT JOIN blob b ON b.number = m.blob`).map(({ t }) => JSON.parse(t).content)
    for (const turn of acknowledged) ok(texts.includes(`${turn} is done`), `${turn} was acknowledged`)
    const lines = ran(it), asked = it.rows("SELECT json_extract(body, '$.call') call FROM effect WHERE kind = 3").map(({ call }) => call)
    equal(new Set(lines).size, lines.length, 'a call ran twice')
    for (const line of lines) ok(asked.includes(line), `${line} ran, and was never journaled`)
    equal(it.json('audit', 'verify').ok, true)
}

const library = execFileSync('ldd', [`${process.env.MOULT_BIN}/moult-broker`]).toString().match(/=> (\S*libasan\S*)/)?.[1]
const faulty = (n, fired, what = `disk:${n}:${ENOSPC}`) => ({ FAULTS: `moult-broker:${what}`, FAULTS_FIRED: fired,
    LD_PRELOAD: [library, `${process.env.MOULT_BUILD}/tests/libfaults.so`].filter(Boolean).join(' '),
    ...(library && { ASAN_OPTIONS: 'verify_asan_link_order=0:detect_leaks=0' }) })

async function full_from_the_nth() {
    const it = makeHome(upstream.url), acknowledged = []
    let refused = 0, tried = 0
    for (let n = 1; ; n += STEP) {
        const fired = join(work, `fired-${n}`)
        let service
        try { service = await it.serve(faulty(n, fired)) } catch (error) {
            match(String(error), /No space left|is full|disk I\/O/i)
            continue
        }
        let here = 0
        for (let i = 0; i < TURNS; i++) {
            const turn = `t${n}-${i}`, answer = await it.ask(user(turn), session)
            if (answer.status === 200) {
                equal(content(answer), `${turn} is done`)
                acknowledged.push(turn)
            } else if (!answer.lost) { // whose disk did not sync has ended
                ok([507, 503].includes(answer.status), `${turn}: ${answer.status} ${answer.text}`)
                here++
            }
        }
        await service.end('SIGKILL')
        tried++
        refused += here
        judge(it, acknowledged)
        // With room again the session goes on.
        service = await it.serve()
        for (;;) {
            const answer = await it.ask(user(`after ${n}`), session)
            if (answer.status === 200) break
            match(answer.text, /in work/)
        }
        acknowledged.push(`after ${n}`)
        equal(await service.end(), 0)
        judge(it, acknowledged)
        if (!existsSync(fired)) break
    }
    ok(refused >= 5 && tried >= 5, `refused ${refused} in ${tried}`)
    return `full from ${tried} places: ${refused} turns refused, ${acknowledged.length} acknowledged`
}

// Whether what a sync failed for is on the disk, nobody knows: nothing rests on it, and nothing more is written.
async function sync_fails() {
    const it = makeHome(upstream.url), acknowledged = []
    for (let n = 1, last = false; !last; n++) {
        ok(n < 40, 'no sync was waited for')
        let service, answer
        try { service = await it.serve(faulty(n, '', `sync:${n}:${EIO}`)) } catch (error) {
            match(String(error), /I\/O error|i\/o error/i)
            continue
        }
        for (let i = 0; i < 3; i++) {
            const turn = `s${n}-${i}`
            answer = await it.ask(user(turn), session)
            if (answer.status === 200) acknowledged.push(turn)
        }
        last = answer.lost !== undefined || /sync the journal/.test(answer.text)
        if (last) equal(await service.ended, 1)
        else await service.end('SIGKILL')
        if (last) match(service.log(), /sync the journal.*nothing more is taken/)
        judge(it, acknowledged)
    }
    const service = await it.serve()
    while ((await it.ask(user('after'), session)).status !== 200) continue
    equal(await service.end(), 0)
    judge(it, [...acknowledged, 'after'])
}

// Inside a mount namespace of its own.
async function small_disk() {
    const it = makeHome(upstream.url), kept = join(work, 'kept')
    it.rests()
    execFileSync('cp', ['-a', it.home, kept])
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=6m,mode=700', 'none', it.home])
    execFileSync('cp', ['-a', `${kept}/.`, it.home])
    const service = await it.serve(), acknowledged = ['one', 'two']
    for (const turn of acknowledged) equal((await it.ask(user(turn), session)).status, 200)
    spawnSync('dd', ['if=/dev/zero', `of=${it.home}/filler`, 'bs=4k'])
    let answer, refused = 0
    for (let i = 0; refused < 3; i++) {
        ok(i < 2000, 'the disk does not fill')
        answer = await it.ask(user(`more ${i}`), session)
        if (answer.status === 200) acknowledged.push(`more ${i}`)
        else refused++
    }
    equal(answer.status, 507, answer.text)
    match(answer.error.message, /full|space/i)
    const lines = ran(it).length
    rmSync(join(it.home, 'filler'))
    answer = await it.ask(user('with room'), session)
    equal(answer.status, 200, answer.text)
    equal(ran(it).length, lines + 1)
    acknowledged.push('with room')
    same([(await it.status()).pid, (await it.status()).turns_open], [service.pid, 0])
    equal(await service.end(), 0)
    judge(it, acknowledged)
    it.rests()
    execFileSync('umount', [it.home])
}

async function second_service() {
    const it = makeHome(upstream.url), service = await it.serve()
    const { status, said } = it.tries('serve')
    same([status, said.error.code], [1, 'state'])
    equal((await it.ask(user('hello'), session)).status, 200, 'the first one did not notice')
    equal(await service.end(), 0)
    const next = await it.serve()
    equal(await next.end(), 0)
}

if (process.argv[2] === 'small') {
    ok(readlinkSync('/proc/self/ns/mnt') !== process.argv[3], 'not in a namespace of its own')
    await small_disk()
    process.exit(0)
}
const said = await full_from_the_nth()
await sync_fails()
await second_service()
const own = ['--mount', '--propagation', 'private', ...(process.getuid() === 0 ? [] : ['--user', '--map-root-user'])]
if (spawnSync('unshare', [...own, 'true']).status !== 0) {
    console.log(`ok: ${said}, BUT WITHOUT MOUNT NAMESPACES: A SMALL DISK WAS NOT TRIED`)
    process.exit(0)
}
const inside = spawnSync('unshare', [...own, process.execPath, process.argv[1], 'small', readlinkSync('/proc/self/ns/mnt')], { stdio: 'inherit' })
equal(inside.status, 0, 'the small disk: see above')
console.log(`ok: ${said}`)
process.exit(0)
