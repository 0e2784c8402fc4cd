// nginx - the same turns, of the same clients, with the same model behind a proxy whose configuration is read again as
// often as the generation changed here: `nginx -s reload`. The program is the one on the path, else that of MOULT_NGINX.
// Imported, never run.
import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { env, until, work } from '../integration/crash_home.mjs'
import { turn } from './load.mjs'

const program = process.env.MOULT_NGINX ?? 'nginx'
const conf = (folder, url) => `daemon off; pid ${folder}/pid; error_log ${folder}/log; worker_processes 2;
events { worker_connections 1024; }
http { access_log off; ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(it => `${it}_temp_path ${folder}/${it};`).join(' ')}
upstream model { server ${new URL(url).host}; keepalive 64; }
server { listen unix:${folder}/socket; location / { proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection ""; } } }
`

/** use(socketPath, reload) while it runs; false where there is none. */
export async function nginx(skip, url, use) {
    const folder = join(work, 'nginx'), socket = join(folder, 'socket')
    mkdirSync(folder)
    writeFileSync(join(folder, 'conf'), conf(folder, url))
    const args = ['-p', folder, '-c', join(folder, 'conf')]
    try {
        execFileSync(program, ['-t', ...args], { stdio: 'pipe' })
    } catch (error) {
        return skip(`NO NGINX THAT RUNS (${error.code ?? error.stderr}): ITS RELOAD IS NOT BESIDE THIS`)
    }
    const child = spawn(program, args, { stdio: 'ignore', env })
    process.on('exit', () => child.kill('SIGKILL'))
    await until(() => turn(socket, 'is it there?').catch(() => false))
    const reload = () => new Promise((done, failed) => spawn(program, ['-s', 'reload', ...args], { stdio: 'ignore', env })
        .on('exit', code => code === 0 ? done() : failed(new Error(`nginx -s reload ended with ${code}`))))
    await use(socket, reload)
    const ended = new Promise(done => child.on('exit', done))
    child.kill('SIGQUIT')
    await ended
}
