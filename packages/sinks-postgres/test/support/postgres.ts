import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import pg, { type ClientConfig } from 'pg'

/** Where the programs of PostgreSQL are, as Debian's package puts them or by the path; undefined where there are none. */
export const postgresPrograms: string | undefined = [
  ...globSync('/usr/lib/postgresql/*/bin').toSorted().toReversed(),
  ...(process.env['PATH'] ?? '').split(delimiter),
].find((folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')))

if (postgresPrograms === undefined) {
  console.warn(
    'SKIPPED: the tests of the PostgreSQL sink, since this machine has no PostgreSQL (apt install postgresql)',
  )
}

/** A server of the test's own, in a folder and on a socket of its own. */
export class PostgresServer {
  readonly connection: ClientConfig
  readonly #folder: string
  readonly #user: { readonly uid?: number; readonly gid?: number }
  #process: ChildProcess | undefined

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'weir-pg-'))
    this.#user = unprivileged()
    const { uid, gid } = this.#user
    if (uid !== undefined) chownSync(this.#folder, uid, gid!)
    this.connection = { host: this.#folder, port: 5432, user: 'weir', database: 'postgres' }
    execFileSync(
      join(postgresPrograms!, 'initdb'),
      ['-D', this.#data, '-U', 'weir', '-A', 'trust', '-E', 'UTF8', '-N'],
      {
        ...this.#user,
        cwd: this.#folder,
        stdio: 'ignore',
      },
    )
  }

  /** Starts it, and waits until it answers. */
  async start(): Promise<void> {
    const options = ['-c', 'listen_addresses=', '-c', 'fsync=off', '-k', this.#folder, '-p', '5432']
    const child = spawn(join(postgresPrograms!, 'postgres'), ['-D', this.#data, ...options], {
      ...this.#user,
      cwd: this.#folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    this.#process = child
    let said = ''
    const ready = new Promise<void>((resolve, reject) => {
      child.stderr.setEncoding('utf8').on('data', (text: string) => {
        said += text
        if (said.includes('ready to accept connections')) resolve()
      })
      child.on('close', () => reject(new Error(`the server ended: ${said}`)))
    })
    await ready
  }

  /** Ends it at once, as a crash does: connections break. */
  async kill(): Promise<void> {
    const child = this.#process
    if (child === undefined) return
    this.#process = undefined
    const closed = once(child, 'close')
    child.kill('SIGQUIT')
    await closed
  }

  /** Ends it and removes all of it. */
  async remove(): Promise<void> {
    await this.kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** Runs statements over a connection of their own; gives the rows of the last one. */
  async query<A>(text: string, values: ReadonlyArray<unknown> = []): Promise<ReadonlyArray<A>> {
    const client = new pg.Client(this.connection)
    await client.connect()
    try {
      return (await client.query(text, [...values])).rows as ReadonlyArray<A>
    } finally {
      await client.end()
    }
  }

  get #data(): string {
    return join(this.#folder, 'data')
  }
}

/** PostgreSQL does not run as root. */
const unprivileged = (): { readonly uid?: number; readonly gid?: number } => {
  if (process.getuid?.() !== 0) return {}
  for (const name of ['postgres', 'nobody']) {
    const ids = ['-u', '-g'].map((which) => Number(spawnSync('id', [which, name], { encoding: 'utf8' }).stdout))
    if (ids.every((id) => id > 0)) return { uid: ids[0]!, gid: ids[1]! }
  }
  throw new Error('there is no user that is not root; expected postgres or nobody')
}
