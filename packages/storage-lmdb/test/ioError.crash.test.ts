import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { lmdb } from '../src/index.ts'
import { fixture, runCommand } from './child.ts'
import { readNumbers } from './readNumbers.ts'
import { temporaryFolder } from './temporaryFolder.ts'
import { expectSound } from './support/expectHealthy.ts'

const hasStrace = (): boolean => {
  try {
    execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    console.log('I/O errors: skipped, since there is no strace that may trace')
    return false
  }
}
const isPossible = hasStrace()

// The calls of lmdb on its file: pages, a sync, the page that makes the commit visible. The counts meet each of them.
const injections = [
  'fdatasync:error=EIO:when=3',
  'pwrite64:error=EIO:when=5',
  'pwrite64:error=EIO:when=6',
  'pwrite64:error=EIO:when=7',
  'writev:error=EIO:when=4',
]

test.skipIf(!isPossible).concurrent.each(injections)(
  'an I/O error stops the storage: nothing acknowledged is lost, nothing hangs (%s)',
  async (injection) => {
    const folder = temporaryFolder()
    const first = await lmdb(folder.path).open()
    await first.close()
    const calls = 'trace=fdatasync,pwrite64,writev'
    const trace = [
      'strace',
      '-f',
      '-qq',
      '-o',
      '/dev/null',
      '-P',
      join(folder.path, 'data.mdb'),
      '-e',
      calls,
      '-e',
      `inject=${injection}`,
    ]
    const child = runCommand([...trace, process.execPath, fixture('appender'), folder.path, '0', '2'])
    expect(await child.exited, child.errors.join('')).toEqual({ code: 0, signal: null })
    expect(child.lines.find((line) => line.startsWith('failed'))).toContain('failed StorageFailed')
    expect(child.lines.at(-1)).toBe('closed')

    const acked = child.lines.filter((line) => line.startsWith('acked')).map((line) => Number(line.slice(6)))
    const storage = await lmdb(folder.path).open()
    const numbers = readNumbers(storage, 0)
    expect(numbers).toEqual(numbers.map((_, index) => index))
    expect(numbers.length).toBeGreaterThan(Math.max(-1, ...acked))
    await storage.close()
    await expectSound(folder.path)
    folder.remove()
  },
)
