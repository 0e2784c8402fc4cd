#!/usr/bin/env node
// What Prometheus' own tool says of /metrics, after turns that went well and one that did not. `./dev test` fetches it
// out of Debian's package `prometheus`; MOULT_PROMTOOL names another place.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { match, strictEqual as equal } from 'node:assert'
import { request } from 'node:http'
import { cli, init, model, serve, socket } from './service_home.mjs'

const fetched = join(process.env.MOULT_SRC, '.deps/promtool/usr/bin/promtool')
const promtool = process.env.MOULT_PROMTOOL ?? (existsSync(fetched) ? fetched : 'promtool')
if (spawnSync(promtool, ['--version']).error) {
    console.log(`SKIPPED: NO ${promtool} HERE: /metrics WAS NOT JUDGED`)
    process.exit(77)
}
const { url } = await model([{ when: { user: 'fail' }, status: 400, error: { message: 'no' } }, { say: 'Fine.' }])
init(url, {})
const service = await serve()
for (const [text, status] of [['hello', 0], ['fail', 1], ['again', 0]]) equal((await cli(['run', text])).status, status, text)

const metrics = await new Promise((done, failed) => request({ socketPath: socket, path: '/metrics' }, async answer => {
    let text = ''
    for await (const piece of answer) text += piece
    done(text)
}).on('error', failed).end())
match(metrics, /^moult_turns_total 3$/m)
match(metrics, /^moult_turns_failed_total 1$/m)
const judged = spawnSync(promtool, ['check', 'metrics'], { input: metrics, encoding: 'utf8' })
equal(judged.status, 0, judged.stdout + judged.stderr)
equal(judged.stdout + judged.stderr, '', 'it has nothing to remark')
await service.stop()
console.log(`ok: ${metrics.split('\n').length} lines`)
process.exit(0)
