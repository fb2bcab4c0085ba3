// Runs a command on this workspace's own tools, which it first installs where they are missing:
//   node scripts/with-toolchain.mjs [command [arguments]]
// Needs Node 20 and its npm, nothing else, and the network only when the lockfile has changed: plain JavaScript.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const bin = join(root, 'node_modules', '.bin')
const stampFile = join(root, 'node_modules', '.weir-setup')
const env = {
  ...process.env,
  PATH: bin + delimiter + process.env.PATH,
  npm_config_fetch_retry_maxtimeout: '10000', // 20 s rather than 70 until npm says that there is no network
}

/** What was installed, and for which machine. */
const stamp = () => {
  const lockfile = readFileSync(join(root, 'pnpm-lock.yaml'))
  return `${createHash('sha256').update(lockfile).digest('hex')} ${process.platform}-${process.arch}\n`
}

/**
 * Ends a process when this one is gone without a chance to do so itself, as after a kill -9: a shell that reads from this
 * process sees the end of its input. In a session of its own, so that what ends this process does not end it.
 *
 * @returns a call that gives up watching
 */
const endWithThis = (pid) => {
  if (process.platform === 'win32') return () => undefined
  const script = `read -r _ || kill -TERM ${pid}`
  const shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  shell.on('error', () => undefined)
  shell.stdin.on('error', () => undefined)
  shell.unref()
  return () => shell.stdin.end('ended\n')
}

/** Completes with the exit code, and with what was printed unless it went to the terminal. */
const run = ([command, ...args], stdio) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio, ...(stdio === 'inherit' ? {} : { cwd: root }) })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => (output += text))
    // A Ctrl-C in the terminal reaches the child too, a kill of this process does not: it may hear of it twice.
    const tell = (signal) => child.kill(signal)
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']
    const unwatch = child.pid === undefined ? () => undefined : endWithThis(child.pid)
    for (const signal of signals) process.on(signal, tell)
    const end = (code) => {
      unwatch()
      for (const signal of signals) process.off(signal, tell)
      resolve({ code, output })
    }
    child.on('error', ({ message }) => {
      console.error(message)
      end(127)
    })
    child.on('close', (code, signal) => end(code ?? 128 + constants.signals[signal]))
  })

/** npx asks the registry even for what it has, so it is used only until pnpm is among the installed tools. */
const pnpm = (version) => {
  const installed = join(root, 'node_modules', 'pnpm', 'package.json')
  return existsSync(installed) && JSON.parse(readFileSync(installed, 'utf8')).version === version
    ? [join(bin, 'pnpm')]
    : ['npx', '--yes', `pnpm@${version}`]
}

const setUp = async () => {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  console.error(`Setting up pnpm ${devDependencies.pnpm}, Node ${devDependencies.node} and the dependencies ...`)
  const startedAt = Date.now()
  const install = [...pnpm(devDependencies.pnpm), 'install', '--frozen-lockfile', '--prefer-offline']
  const { code, output } = await run(install, ['ignore', 'pipe', 'pipe'])
  if (code > 128) {
    console.error('The set-up was interrupted; the next command goes on with it.')
    process.exit(code)
  }
  if (code !== 0) {
    console.error(output)
    const unreachable = /ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|error sending request/.test(
      output,
    )
    console.error(
      unreachable
        ? 'The npm registry cannot be reached. The set-up needs it once; later runs work without a network.'
        : 'The set-up failed: what pnpm said is above.',
    )
    process.exit(code)
  }
  writeFileSync(stampFile, stamp())
  console.error(`Set up in ${Math.round((Date.now() - startedAt) / 1000)} s.\n`)
}

const usage = `node scripts/with-toolchain.mjs [command [arguments]]

Runs a command on this workspace's own tools, and installs them first where they are missing; without one it only does that.
`

const command = process.argv.slice(2)
if (command.length > 0 && !/^[^-]/.test(command[0])) {
  const isHelp = ['-h', '--help'].includes(command[0])
  process.stderr.write(isHelp ? usage : `'${command[0]}' is no command.\n\n${usage}`)
  process.exit(isHelp ? 0 : 2)
}
if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp()) await setUp()
if (command.length > 0) process.exitCode = (await run(command, 'inherit')).code
