#!/usr/bin/env node
// What moult.json grants to tools of a hosted session: the shell and one MCP server each reach the host and the folders
// that they are granted, and nothing of what the other has; the model is told, the audit chain has it, and what may not
// be granted is refused with its name.
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { match, ok, rejects, strictEqual as equal } from 'node:assert'
import { calls, content, homeAt, makeHome, model, says, work } from './crash_home.mjs'

/** A host on this machine: it says who it is, and counts. */
async function host(name) {
    let came = 0
    const server = createServer((req, res) => { came++; res.end(`${name}\n`) })
    await new Promise(done => server.listen(0, '127.0.0.1', done))
    server.unref()
    const at = `127.0.0.1:${server.address().port}`
    return { at, url: `http://${at}/`, came: () => came }
}
const shellHost = await host('of the shell'), serverHost = await host('of the server')

// An MCP server with one tool, which does what it is told to.
const folder = name => { const path = join(work, name); mkdirSync(path); return path }
const data = folder('data'), out = folder('data/out')
writeFileSync(join(data, 'given'), 'given to be read\n')
// It is a package that npm installed, and needs another one that stands beside it.
const packages = join(folder('server'), 'node_modules'), own = join(packages, 'obeys/dist/obeys.mjs')
mkdirSync(join(packages, 'obeys/dist'), { recursive: true })
mkdirSync(join(packages, 'helper'))
writeFileSync(join(packages, 'helper/package.json'), '{"main":"helper.js"}')
writeFileSync(join(packages, 'helper/helper.js'), "module.exports = require('node:child_process').spawnSync")
writeFileSync(own, `
import spawnSync from 'helper'
import { createInterface } from 'node:readline'
const say = (id, result) => console.log(JSON.stringify({ jsonrpc: '2.0', id, result }))
createInterface({ input: process.stdin }).on('line', line => {
    const { id, method, params } = JSON.parse(line)
    if (method === 'initialize') say(id, { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo: { name: 'obeys', version: '1' } })
    if (method === 'tools/list') say(id, { tools: [{ name: 'obey', inputSchema: { type: 'object' } }] })
    if (method === 'tools/call') {
        const { stdout, stderr } = spawnSync('bash', ['-c', params.arguments.command])
        say(id, { content: [{ type: 'text', text: String(stdout) + stderr }] })
    }
})
`)
const server = { command: 'node', args: [own], timeouts_ms: { start: 60000 } }

// "shell COMMAND" or "obey COMMAND" is called; "about" is what the model was told of the shell.
const upstream = await model(({ messages, tools }) => {
    const { role, content } = messages.at(-1)
    if (role === 'tool') return says(content)
    if (content === 'about') return says(tools.find(it => it.function.name === 'shell').function.description)
    const [name] = content.split(' ')
    return calls([`call-${messages.length}`, name, { command: content.slice(name.length + 1) }])
})
const speaker = it => async text => {
    const answer = await it.ask([{ role: 'user', content: text }], { 'x-moult-session': 'one' })
    return answer.status === 200 ? content(answer) : `${answer.status}: ${answer.error.message}`
}
const get = url => `curl -sS --max-time 60 ${url} 2>&1`

// --- each has its own
const it = makeHome(upstream.url, {
    tools: { '*': 'allow', shell: { permission: 'allow', network: [shellHost.at], mounts: { [out]: 'write', [data]: 'read' } } },
    mcpServers: { obeys: { ...server, network: [serverHost.at] }, plain: server },
})
let service = await it.serve(), speak = speaker(it)
match(await speak('about'), new RegExp(`the network it reaches: ${shellHost.at}\\. `))
equal(await speak(`shell ${get(shellHost.url)}`), 'of the shell\n')
match(await speak(`shell ${get(serverHost.url)}`), /is not in the network grant/)
equal(await speak(`obey ${get(serverHost.url)}`), 'of the server\n')
match(await speak(`obey ${get(shellHost.url)}`), /is not in the network grant/)
match(await speak(`plain__obey ${get(serverHost.url)}`), /./)
equal([shellHost.came(), serverHost.came()].join(), '1,1')

equal(await speak(`shell cat ${data}/given; echo made >${out}/made`), 'given to be read\n')
equal(readFileSync(join(out, 'made'), 'utf8'), 'made\n')
match(await speak(`obey cat ${data}/given`), /No such file/)
match(await speak(`shell echo x >${data}/no`), /Read-only|denied/)

// What came about is told, and stays told.
const records = it.rows("SELECT json(body) body FROM audit WHERE kind = 'network' ORDER BY number").map(({ body }) => JSON.parse(body))
const short = ({ network, host, port, by, workspace, principal }) => [network, `${host}:${port}`, by, workspace, principal].join(' ')
equal(records.map(short).join('\n'), [
    `reached ${shellHost.at} moult one local`,
    `refused ${serverHost.at} moult one local`,
    `reached ${serverHost.at} obeys one local`,
    `refused ${shellHost.at} obeys one local`,
].join('\n'))
ok(it.json('audit', 'verify').ok)
match(it.text('audit', 'show'), / network .* refused /)
match(service.log(), new RegExp(`tools of obeys: refused ${shellHost.at}`))
equal(await service.end(), 0)

// --- without a word of it there is nothing
const plain = makeHome(upstream.url)
service = await plain.serve()
speak = speaker(plain)
match(await speak('about'), /There is no network\.$/)
match(await speak(`shell ${get(shellHost.url)}; cat ${data}/given 2>&1`), /curl: [^]*No such file/)
equal(await service.end(), 0)

// --- what may not be granted: a home by whatever name, and a word that is none
const linked = join(work, 'linked'), settings = join(plain.home, 'moult.json')
const given = JSON.parse(readFileSync(settings, 'utf8'))
const doctor = name => plain.tries('doctor').said.checks.find(check => check.name === name)
const grant = shell => writeFileSync(settings, JSON.stringify({ ...given, tools: { shell: { permission: 'allow', ...shell } } }))
execFileSync('ln', ['-s', it.home, linked])
for (const [path, says] of [[work, /overlaps the moult home/], [linked, /overlaps the moult home/], ['/etc', /would cover/]]) {
    grant({ mounts: { [path]: 'read' } })
    service = await plain.serve()
    match(await speak('shell true'), says, path)
    equal(await service.end(), 0)
}
match(doctor('home.tools.shell').detail, /would cover/)
for (const [network, says] of [[['http://example.org'], /no HOST:PORT/], [['none', 'example.org'], /stands alone/]]) {
    grant({ network })
    await rejects(plain.serve(), says)
}
grant({ network: ['a.example', '*.b.example:8443', 'loopback'], mounts: { [data]: 'read' } })
equal(doctor('home.tools.shell').detail, `network: loopback, a.example, *.b.example:8443; sees ${data}`)

// --- on a machine without namespaces a network is refused, not weakened
const elsewhere = folder('bin'), { MOULT_BIN, MOULT_BUILD } = process.env
writeFileSync(join(elsewhere, 'moult'), `#!/bin/sh\nexec ${MOULT_BUILD}/tests/sandbox_without ${MOULT_BIN}/moult "$@"\n`, { mode: 0o755 })
chmodSync(work, 0o711)
chmodSync(plain.home, 0o711) // the tools of root are nobody there
const bare = homeAt(plain.home, elsewhere)
given.sandbox = { tier: 'container' }
grant({ network: [shellHost.at] })
service = await bare.serve()
match(await speaker(bare)('shell true'), /net_ns: a network is granted/)
equal(await service.end(), 0)
console.log('ok: each tool has the network and the folders that it is granted')
process.exit(0)
