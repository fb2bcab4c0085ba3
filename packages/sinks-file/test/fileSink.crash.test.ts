import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CompletableFuture, entry, systemClock, topic, utf8, Weir } from '@weir/core'
import { doctor, lmdb } from '@weir/storage-lmdb'
import { sinkMoments } from '@weir/testing/contract'
import { expect, test, vi } from 'vitest'
import { fileSink, jsonLines } from '../src/index.ts'
import { jsonIn, partsIn } from './support/parts.ts'
import { endOf, newFolder } from './support/processes.ts'

vi.setConfig({ testTimeout: 180_000 })

const lines = topic('lines', { key: utf8, value: utf8, partitions: 2 })

interface Line {
  readonly key: string
  readonly value: string
}

test('each line is there once, in the order of its key, when processes are killed at every step of a batch', async () => {
  const count = 200
  const folder = newFolder()
  const out = join(folder, 'out')
  const weir = await Weir.open(lmdb(join(folder, 'weir')))
  // a stored batch is processed as a whole: a commit each
  for (let index = 0; index < count; index++) await weir.append(entry(lines, `key ${index % 7}`, `value ${index}`))
  await weir.close()
  for (const moment of sinkMoments) expect(await endOf('writer', [folder, moment, '6'])).toBe('SIGKILL')
  expect(await endOf('writer', [folder, 'within the write', '57'])).toBe('SIGKILL')
  expect(partsIn(out).length).toBeGreaterThan(0)
  const before = partsIn(out)
  expect(await endOf('writer', [folder])).toBe('0')
  expect(partsIn(out)).toEqual(expect.arrayContaining([...before]))
  const written = jsonIn(out) as ReadonlyArray<Line>
  for (let key = 0; key < 7; key++) {
    const expected = Array.from({ length: count }, (_, index) => index).filter((index) => index % 7 === key)
    expect(written.filter((line) => line.key === `key ${key}`).map(({ value }) => value)).toEqual(
      expected.map((index) => `value ${index}`),
    )
  }
  expect(written.length).toBe(count)
  const hidden = readdirSync(join(out, '.weir')).flatMap((own) => readdirSync(join(out, '.weir', own)))
  expect(hidden.filter((name) => !/^(?:log|at)~\d+$/.test(name))).toEqual([])
  const report = await doctor(join(folder, 'weir'))
  expect(report.isHealthy, String(report)).toBe(true)
})

const hasStrace = spawnSync('strace', ['-V']).status === 0
const fixture = fileURLToPath(new URL('./fixtures/sealer.ts', import.meta.url))

test.skipIf(!hasStrace)(
  'a part is there whole and once, whichever step of its sealing its writer is killed at',
  async () => {
    const steps = [1, 2, 3, 4, 5, 6].map((nth) => ['fsync', nth] as const)
    let killed = 0
    for (const [call, nth] of [...steps, ['rename', 1] as const, ['rename', 2] as const, ['unlink', 1] as const]) {
      const folder = join(newFolder(), 'out')
      // the second one finds what the first one has left
      for (let part = 0; part < (call === 'fsync' ? 1 : 2); part++) {
        const inject = [`trace=${call}`, `inject=${call}:signal=SIGKILL:when=${nth}`].flatMap((each) => ['-e', each])
        const strace = ['-f', '-qq', '-o', '/dev/null', ...inject]
        // strace counts the calls of each thread
        const env = { ...process.env, UV_THREADPOOL_SIZE: '1' }
        const { status } = spawnSync('strace', [...strace, process.execPath, fixture, folder], { env })
        if (status !== 0) killed++
      }
      const ended = new CompletableFuture<void>()
      const sink = fileSink<string, string>({ folder, format: jsonLines() })
      const writer = await sink.open({
        job: 'write',
        topic: 'lines',
        partition: 0,
        log: '1',
        clock: systemClock,
        ended,
      })
      const written = Array.from({ length: writer.position ?? 0 }, (_, offset) => `value ${offset}`)
      expect(jsonIn(folder)).toEqual(written)
      await writer.close()
    }
    expect(killed).toBe(6 + 4 + 1)
  },
)
