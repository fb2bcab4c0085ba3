import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants, mkdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { Redis } from 'ioredis'
import { sleep } from './measure.ts'

/** A Redis of this run's own, which syncs every write before it answers. */
export const startRedis = async (folder: string): Promise<{ readonly server: ChildProcess; readonly redis: Redis }> => {
  mkdirSync(folder)
  const socket = join(folder, 'redis.sock')
  const options = { port: 0, unixsocket: socket, dir: folder, appendonly: 'yes', appendfsync: 'always', save: '' }
  const server = spawn(
    'redis-server',
    Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]),
    { stdio: 'ignore' },
  )
  process.once('exit', () => server.kill('SIGKILL'))
  await once(server, 'spawn')
  const redis = new Redis({ path: socket, lazyConnect: true, retryStrategy: () => null })
  redis.on('error', () => undefined)
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      await redis.connect()
      return { server, redis }
    } catch {
      await sleep(100)
    }
  }
  server.kill('SIGKILL')
  throw new Error('redis-server gave no answer for 5 s')
}

/** Whether there is such a program. */
export const onPath = (command: string): boolean =>
  (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
