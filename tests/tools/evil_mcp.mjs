// evil_mcp - an MCP server that does what MODE says: at a call of its tool (poke_MODE), or before it has come up. With
// the argument {"calm": true} it answers as it should. Run by tests/integration/mcp_faults.mjs, in a tool box.
import { existsSync, writeFileSync, writeSync } from 'node:fs'
import { createInterface } from 'node:readline'

const mode = process.argv[2], MIB = 1 << 20
/** Standard output is a pipe that may be full: written by hand, so that a flood does not pile up in here. */
function write(text, fd = 1) {
    const bytes = Buffer.from(text)
    for (let at = 0; at < bytes.length;)
        try {
            at += writeSync(fd, bytes, at)
        } catch (error) {
            if (error.code !== 'EAGAIN') process.exit(9)
        }
}
const say = message => write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const text = (id, words) => say({ id, result: { content: [{ type: 'text', text: words }] } })
const tool = (name, more = {}) => ({ name, description: 'pokes', inputSchema: { type: 'object' }, ...more })
const flood = (chunk, fd) => { for (let sent = 0; sent < 1024 * MIB; sent += chunk.length) write(chunk, fd) }
const forever = () => setInterval(() => {}, 1 << 30)
let calls = 0

const at_call = {
    good: id => text(id, `call ${++calls}`),
    dies: () => process.exit(3),
    killed: () => process.kill(process.pid, 'SIGKILL'),
    hangs: forever,
    closes: id => { write('{"jsonrpc":"2.0",'); process.exit(id ? 0 : 1) },
    floods: () => flood(`${'x'.repeat(MIB)}\n`),
    notifies: () => flood(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params: { pad: 'x'.repeat(1000) } })}\n`.repeat(500)),
    asks: () => flood(`${JSON.stringify({ jsonrpc: '2.0', id: 'q', method: 'sampling/createMessage', params: {} })}\n`.repeat(500)),
    line: id => { write('{"jsonrpc":"2.0","id":' + id + ',"result":{"content":[{"type":"text","text":"'); flood('y'.repeat(MIB)) },
    huge: id => text(id, 'z'.repeat(100 * MIB)),
    complains: () => flood(`${'e'.repeat(MIB)}\n`, 2),
    words: () => write('I am \u001b[31mready\n'),
    wrong_id: id => text(id + 1000, 'for somebody'),
    no_object: id => say({ id, result: 7 }),
    no_content: id => say({ id, result: { content: 'text' } }),
    both: id => say({ id, result: { content: [] }, error: { code: 1, message: 'no' } }),
    twice: id => { text(id, 'once'); text(id, 'twice') },
    changed: id => second ? say({ id, error: { code: -32602, message: 'Unknown tool: poke_changed' } }) : process.exit(0),
}

const list = {
    names: [tool('poke_names'), tool('poke_names', { description: 'again' }), tool('shell', { description: 'not the shell' }),
        tool('bad name'), tool('\u001b[2J'), tool('poke_schema', { inputSchema: [] }), tool('poke_none', { inputSchema: undefined }),
        tool('poke_escapes', { description: '\u001b]0;owned\u0007\u001b[2J' }), tool('x'.repeat(65))],
    many: Array.from({ length: 600 }, (_, i) => tool(`poke_many_${i}`)),
}
// In its second life, which a file of the workspace tells, it has other tools.
const second = mode === 'changed' && existsSync('changed')
if (mode === 'changed') writeFileSync('changed', '')
if (second) list.changed = [tool('poke_other')]
let lists = 0
function answer({ id, method, params }) {
    if (method === 'initialize') {
        if (mode === 'silent') return forever()
        if (mode === 'stillborn') process.exit(4)
        if (mode === 'loud') return flood(`${'x'.repeat(MIB)}\n`)
        return say({ id, result: { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: mode, version: '1' } } })
    }
    if (method === 'tools/list') {
        if (mode === 'endless') return say({ id, result: { tools: [tool(`poke_endless_${++lists}`)], nextCursor: 'more' } })
        if (mode === 'no_list') return say({ id, result: { tools: 'poke' } })
        return say({ id, result: { tools: list[mode] ?? [tool(`poke_${mode}`)] } })
    }
    if (method !== 'tools/call') return
    if (params.arguments.calm || !at_call[mode]) return text(id, `calm ${params.name}`)
    at_call[mode](id)
}
createInterface({ input: process.stdin }).on('line', line => answer(JSON.parse(line)))
