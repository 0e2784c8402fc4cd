// nginx - the same for `nginx -s reload`, as it is used to change a server that runs: requests of 64 clients without and
// with reloads. The program is the one on the path, else that of MOULT_NGINX. Imported, never run.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { pause, until, work } from '../integration/crash_home.mjs'
import { figure, quantile } from './figures.mjs'

const CLIENTS = 64, RELOADS = 20, CALM_MS = 2000, program = process.env.MOULT_NGINX ?? 'nginx'
const conf = folder => `daemon off; pid ${folder}/pid; error_log ${folder}/log; worker_processes 2;
events { worker_connections 1024; }
http { access_log off; ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(it => `${it}_temp_path ${folder}/${it};`).join(' ')}
server { listen unix:${folder}/socket; location / { return 200 'here'; } } }
`
const get = socketPath => new Promise(done => request({ socketPath, path: '/', agent: false }, answer => {
    answer.resume().on('end', () => done(answer.statusCode === 200))
}).on('error', () => done(false)).end())

export async function nginx(skip) {
    const folder = join(work, 'nginx'), socket = join(folder, 'socket')
    mkdirSync(folder)
    writeFileSync(join(folder, 'conf'), conf(folder))
    const args = ['-p', folder, '-c', join(folder, 'conf')]
    try {
        execFileSync(program, ['-t', ...args], { stdio: 'pipe' })
    } catch (error) {
        return skip(`no nginx that runs (${error.code ?? error.stderr}), so its reload is NOT beside this`)
    }
    const child = spawn(program, args, { stdio: 'ignore' })
    await until(() => get(socket))
    let lost = 0
    const under = async action => {
        const took = []
        let over = false
        const clients = Array.from({ length: CLIENTS }, async () => {
            while (!over) {
                const start = performance.now()
                if (await get(socket)) took.push(performance.now() - start)
                else lost++
            }
        })
        await action()
        over = true
        await Promise.all(clients)
        return quantile(took, 0.999)
    }
    const calm = await under(() => pause(CALM_MS))
    const moved = await under(async () => {
        for (let i = 0; i < RELOADS; i++) {
            execFileSync(program, ['-s', 'reload', ...args], { stdio: 'ignore' })
            await pause(100)
        }
    })
    child.kill('SIGQUIT')
    figure('nginx: reloads', RELOADS, 'times')
    figure('nginx: requests lost', lost, 'requests')
    figure('nginx: added, p99.9', moved - calm, 'ms')
}
