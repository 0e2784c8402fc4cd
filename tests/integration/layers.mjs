#!/usr/bin/env node
// A folder sees the headers of the folders that it links, and no others: each pair is compiled with that
// folder's own flags, and a wrong include must not compile. The table is the architecture's, section 3.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const headers = {
    base: 'base/err.h', lock: 'lock/lock.h', sandbox: 'sandbox/sandbox.h', wire: 'wire/home.h', worker: 'worker/turn.h',
    tool: 'tool/rpc.h', talk: 'talk/link.h', broker: 'broker/store.h', mock: 'mock/engine.h', trials: 'trials/run.h', patch: 'patch/syntax.h',
    admission: 'admission/approve.h', http: 'http/server.h', transfer: 'transfer/transfer.h', protocol: 'protocol/protocol.h',
    propose: 'propose/proposer.h', promote: 'promote/driver.h', cli: 'cli/sandbox.h',
    seccomp: 'seccomp.h', sqlite: 'sqlite3.h', uv: 'uv.h', git: 'git2.h', treesitter: 'tree_sitter/api.h', zlib: 'zlib.h',
    sodium: 'sodium.h', curl: 'curl/curl.h', microhttpd: 'microhttpd.h',
}
const sees = {
    'runtime/base': ['base', 'sodium'],
    'sandbox/lock': ['lock', 'base'],
    sandbox: ['sandbox', 'lock', 'base', 'seccomp'],
    'runtime/wire': ['wire', 'base'],
    'runtime/worker': ['worker', 'wire', 'base'],
    'runtime/tool': ['tool', 'base'],
    'runtime/admission': ['admission', 'wire', 'base'],
    'runtime/http': ['http', 'base', 'uv', 'microhttpd'],
    'runtime/transfer': ['transfer', 'base', 'uv', 'curl'],
    'runtime/protocol': ['protocol', 'base'],
    'runtime/broker': ['broker', 'admission', 'http', 'transfer', 'protocol', 'wire', 'sandbox', 'lock', 'base', 'sqlite', 'uv'],
    'runtime/talk': ['talk', 'transfer', 'protocol', 'wire', 'base', 'uv'],
    'runtime/mock': ['mock', 'base', 'uv', 'zlib'],
    trials: ['trials', 'admission', 'mock', 'protocol', 'wire', 'sandbox', 'lock', 'base', 'zlib'],
    'evolver/patch': ['patch', 'base', 'treesitter'],
    'evolver/propose': ['propose', 'patch', 'wire', 'base'],
    'evolver/promote': ['promote', 'trials', 'patch', 'propose', 'admission', 'wire', 'sandbox', 'lock', 'base', 'git'],
}

const { MOULT_BUILD: build, MOULT_SRC: source } = process.env
const commands = JSON.parse(readFileSync(join(build, 'compile_commands.json'), 'utf8'))
const work = mkdtempSync(join(tmpdir(), 'moult-layers.'))
let wrong = 0
let tried = 0

function flagsOf(folder) {
    const files = commands.filter(c => c.file.startsWith(join(source, folder) + '/') && / -o \S*\/moult_/.test(c.command) &&
        !c.file.slice(join(source, folder).length + 1).includes('/'))
    if (files.length === 0) throw new Error(`nothing of ${folder} is compiled`)
    const words = files[0].command.split(' ')
    return { cwd: files[0].directory, compiler: words[0], flags: words.filter(w => /^-[DI]|^-isystem|^-std=/.test(w)) }
}

function compiles({ cwd, compiler, flags }, header) {
    const file = join(work, 'try.c')
    writeFileSync(file, `#include "${header}"\nint tried;\n`)
    try {
        execFileSync(compiler, [...flags, '-w', '-fsyntax-only', file], { cwd, stdio: 'pipe' })
        return true
    } catch {
        return false
    }
}

for (const [folder, allowed] of Object.entries(sees)) {
    const how = flagsOf(folder)
    for (const [name, header] of Object.entries(headers)) {
        tried++
        const may = allowed.includes(name)
        if (compiles(how, header) === may) continue
        wrong++
        console.log(`${folder} ${may ? 'does not see' : 'sees'} ${header}`)
    }
}
rmSync(work, { recursive: true })
console.log(wrong ? `FAILED: ${wrong} of ${tried} includes` : `ok: ${tried} includes`)
process.exit(wrong ? 1 : 0)
