// Servers that others wrote, in boxes as an operator would set them up (tests/integration/tools_mcp fetches them), and
// the programs that an agent's commands start most, all in one hosted session with one workspace.
import { readFileSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { deepStrictEqual as same, match, ok, strictEqual as equal } from 'node:assert'
import { calls, content, makeHome, model, says, work } from './crash_home.mjs'

const packages = join(process.argv[2], 'node_modules/@modelcontextprotocol')
const program = name => join(packages, `server-${name}/dist/index.js`)
const notes = join(work, 'notes')
mkdirSync(notes)
writeFileSync(join(notes, 'one.txt'), 'the first note\n')

// "TOOL JSON" is called; "which" is what the model was offered.
const upstream = await model(({ messages, tools }) => {
    const { role, content } = messages.at(-1)
    if (role === 'tool') return says(content)
    if (content === 'which') return says(JSON.stringify(tools.map(it => it.function.name)))
    const blank = content.indexOf(' ')
    return calls([`call-${messages.length}`, content.slice(0, blank), JSON.parse(content.slice(blank))])
})
const timeouts_ms = { start: 120000, call: 120000 }
const it = makeHome(upstream.url, { mcpServers: {
    files: { command: 'node', args: [program('filesystem'), '/workspace', notes], mounts: { [notes]: 'write' }, timeouts_ms },
    // By its own first line, as npx would start it; told about a secret of its own.
    everything: { command: program('everything'), args: ['stdio'], env: { SECRET: 'of everything' }, network: 'loopback', timeouts_ms },
} })
const service = await it.serve({ OF_THE_SERVICE: 'kept' })
const speak = async text => {
    const answer = await it.ask([{ role: 'user', content: text }], { 'x-moult-session': 'one' })
    return answer.status === 200 ? content(answer) : `${answer.status}: ${answer.error.message}`
}
const use = (tool, args) => speak(`${tool} ${JSON.stringify(args)}`)

const tools = JSON.parse(await speak('which'))
for (const name of ['shell', 'list_directory', 'directory_tree', 'files__read_file', 'echo', 'get-sum']) ok(tools.includes(name), name)

// --- the file server: the workspace that the shell has too, the granted folder, and nothing beside them
await use('shell', { command: 'mkdir -p src && echo "int main(void) { return 0; }" >src/main.c' })
match(await use('list_directory', { path: '/workspace/src' }), /main\.c/)
match(await use('read_text_file', { path: join(notes, 'one.txt') }), /the first note/)
match(await use('files__write_file', { path: join(notes, 'two.txt'), content: 'the second\n' }), /[Ww]rote/)
equal(readFileSync(join(notes, 'two.txt'), 'utf8'), 'the second\n')
await use('files__edit_file', { path: '/workspace/src/main.c', edits: [{ oldText: 'return 0', newText: 'return 7' }] })
equal(await use('shell', { command: 'cat src/main.c' }), 'int main(void) { return 7; }\n')
match(await use('search_files', { path: '/workspace', pattern: '**/*.c' }), /main\.c/)
for (const path of ['/etc/passwd', it.home, join(notes, '..')])
    match(await use('list_directory', { path }), /denied|outside/i, path)

// --- the one that does everything: text, numbers, a picture, what it was told and nothing of the service
match(await use('echo', { message: 'héllo\u0000"\n' }), /héllo/)
match(await use('get-sum', { a: 2, b: 40 }), /42/)
match(await use('get-tiny-image', {}), /image/)
const env = await use('get-env', {})
match(env, /of everything/)
ok(!env.includes('OF_THE_SERVICE') && !env.includes(it.home) && !env.includes('a-key'), env)
match(await use('trigger-long-running-operation', { duration: 0.2, steps: 2 }), /completed/i)

// --- the programs of a workspace
const sh = command => use('shell', { command })
equal(await sh('f() { echo "$((6 * 7))"; }; f | cat; [[ -n $BASH_VERSION ]]'), '42\n')
same((await sh(`git init -q . && git config user.name a && git config user.email a@b && git add -A && git commit -qm first &&
    git checkout -qb other && git status --short && git log --format=%s && git branch --show-current`)).split('\n'), ['first', 'other', ''])
equal(await sh(`python3 -c 'import json, subprocess, tempfile, threading, multiprocessing, sqlite3
with tempfile.NamedTemporaryFile() as f: f.write(b"x")
print(json.dumps(multiprocessing.Pool(2).map(abs, [-1, 2])), subprocess.check_output(["echo", "sub"]).decode(), end="")'`), '[1, 2] sub\n')
equal(await sh(`node -e 'const { Worker } = require("node:worker_threads"); require("node:fs").writeFileSync("n", "x");
new Worker("require(\\"node:worker_threads\\").parentPort.postMessage(1)", { eval: true }).on("message", m => console.log("worker", m))'`), 'worker 1\n')
equal(await sh(`printf 'all: m\\n\\t./m; echo $$?\\nm: src/main.c\\n\\tgcc -O2 -g -Wall -o $@ $<\\n' >Makefile && make -s -j2`), '7\n')

equal(await service.end(), 0)
console.log(`ok: ${tools.length} tools of two servers from npm beside the built-in ones`)
process.exit(0)
