// The client of @modelcontextprotocol/sdk, unmodified, on moult mcp and on /mcp: it lists the tools, reads a source, hands
// in a patch, and finds no tool that approves it.
import { join } from 'node:path'
import { deepStrictEqual as same, match, ok, rejects, strictEqual as equal } from 'node:assert'
import { env, home, moult } from './service_home.mjs'
import { CLUSTER, TOKENS, mended, proposal } from './mcp_home.mjs'

const sdk = join(process.argv[2], 'node_modules/@modelcontextprotocol/sdk/dist/esm/client')
const { Client } = await import(join(sdk, 'index.js'))
const { StdioClientTransport } = await import(join(sdk, 'stdio.js'))
const { StreamableHTTPClientTransport } = await import(join(sdk, 'streamableHttp.js'))

const service = await mended()
async function session(name, transport) {
    const client = new Client({ name, version: '1.0.0' })
    await client.connect(transport)
    const { tools } = await client.listTools()
    same(tools.map(tool => tool.name), ['harness_failures', 'harness_source', 'harness_propose', 'harness_status'])
    const use = async (tool, args) => {
        const { content, isError } = await client.callTool({ name: tool, arguments: args })
        return { isError, said: content[0].text }
    }
    equal(JSON.parse((await use('harness_failures', {})).said).failures[0].id, CLUSTER)
    match((await use('harness_source', { plugin: 'router' })).said, /static moult_action handle_error/)
    equal((await use('harness_source', { plugin: 'no such' })).isError, true)
    await rejects(client.callTool({ name: 'harness_approve', arguments: { id: 'all' } }), /no such tool/)
    await rejects(client.listResources(), /Method not found|no such method|does not support/)
    await client.ping()
    return { client, use }
}

const line = await session('desk', new StdioClientTransport({ command: moult, args: ['-C', home, 'mcp'], env, stderr: 'inherit' }))
const { state, proposer, approval } = JSON.parse((await line.use('harness_propose', proposal())).said)
same([state, proposer, approval], ['in_review', 'mcp:desk', null])
await line.client.close()

const transport = new StreamableHTTPClientTransport(new URL('/mcp', service.listening.tcp),
    { requestInit: { headers: { authorization: `Bearer ${TOKENS.watch}` } } })
const web = await session('web desk', transport)
ok(transport.sessionId)
match((await web.use('harness_status', {})).said, /"mcp:desk"/)
await transport.terminateSession()
await web.client.close()
await service.stop()
console.log('ok: the client of the SDK, over lines and over HTTP')
process.exit()
