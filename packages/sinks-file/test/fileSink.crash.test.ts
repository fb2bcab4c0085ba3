import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CompletableFuture, entry, systemClock, topic, utf8, Weir } from '@weir/core'
import { doctor, lmdb } from '@weir/storage-lmdb'
import { type SinkMoment, sinkMoments } from '@weir/testing/contract'
import { expect, test, vi } from 'vitest'
import { fileSink } from '../src/index.ts'
import { formatOf, linesIn } from './support/formats.ts'
import { partsIn } from './support/parts.ts'
import { endOf, newFolder } from './support/processes.ts'

vi.setConfig({ testTimeout: 180_000 })

const lines = topic('lines', { key: utf8, value: utf8, partitions: 2 })

// what a format gives is written the same way: each step of a batch has one kill, and the steps are shared out between them
const kills: ReadonlyArray<
  readonly [format: string, at: ReadonlyArray<readonly [SinkMoment | 'within the write', nth: number]>]
> = [
  [
    'jsonl',
    [
      ['before the write', 6],
      ['before the commit', 6],
    ],
  ],
  [
    'csv',
    [
      ['after the write', 6],
      ['after the commit', 6],
      ['within the write', 25],
    ],
  ],
]

test('every step of a batch has a kill', () => {
  const killed = kills.flatMap(([, at]) => at.map(([moment]) => moment))
  expect(killed.toSorted()).toEqual([...sinkMoments, 'within the write'].toSorted())
})

test.each(kills)(
  'each line is there once, in the order of its key, when processes are killed: %s',
  async (format, at) => {
    // a commit moves by a part of 10 records: of what there is, the kills leave more than half
    const count = 300
    const folder = newFolder()
    const out = join(folder, 'out')
    const weir = await Weir.open(lmdb(join(folder, 'weir')))
    // a stored batch is processed as a whole: a commit each
    for (let index = 0; index < count; index++) await weir.append(entry(lines, `key ${index % 7}`, `value, ${index}`))
    await weir.close()
    for (const [moment, nth] of at) expect(await endOf('writer', [folder, format, moment, String(nth)])).toBe('SIGKILL')
    expect(partsIn(out).length).toBeGreaterThan(0)
    const before = partsIn(out)
    expect(await endOf('writer', [folder, format])).toBe('0')
    expect(partsIn(out)).toEqual(expect.arrayContaining([...before]))
    const written = linesIn(format, out)
    for (let key = 0; key < 7; key++) {
      const expected = Array.from({ length: count }, (_, index) => index).filter((index) => index % 7 === key)
      expect(written.filter((line) => line.key === `key ${key}`).map(({ value }) => value)).toEqual(
        expected.map((index) => `value, ${index}`),
      )
    }
    expect(written.length).toBe(count)
    const hidden = readdirSync(join(out, '.weir')).flatMap((own) => readdirSync(join(out, '.weir', own)))
    expect(hidden.filter((name) => !/^(?:log|at)~\d+$/.test(name))).toEqual([])
    const report = await doctor(join(folder, 'weir'))
    expect(report.isHealthy, String(report)).toBe(true)
  },
)

const hasStrace = spawnSync('strace', ['-V']).status === 0
const fixture = fileURLToPath(new URL('./fixtures/sealer.ts', import.meta.url))

test.skipIf(!hasStrace)(
  'a part is there whole and once, whichever step of its sealing its writer is killed at',
  async () => {
    const steps = [1, 2, 3, 4, 5, 6].map((nth) => ['fsync', nth] as const)
    let killed = 0
    const calls = [...steps, ['rename', 1] as const, ['rename', 2] as const, ['unlink', 1] as const]
    for (const [at, [call, nth]] of calls.entries()) {
      const folder = join(newFolder(), 'out')
      const format = at % 2 === 0 ? 'csv' : 'jsonl'
      // the second one finds what the first one has left
      for (let part = 0; part < (call === 'fsync' ? 1 : 2); part++) {
        const inject = [`trace=${call}`, `inject=${call}:signal=SIGKILL:when=${nth}`].flatMap((each) => ['-e', each])
        const strace = ['-f', '-qq', '-o', '/dev/null', ...inject]
        // strace counts the calls of each thread
        const env = { ...process.env, UV_THREADPOOL_SIZE: '1' }
        const { status } = spawnSync('strace', [...strace, process.execPath, fixture, folder, format], { env })
        if (status !== 0) killed++
      }
      const ended = new CompletableFuture<void>()
      const sink = fileSink<string, string>({ folder, format: formatOf(format) })
      const writer = await sink.open({
        job: 'write',
        topic: 'lines',
        partition: 0,
        log: '1',
        clock: systemClock,
        ended,
      })
      const written = Array.from({ length: writer.position ?? 0 }, (_, offset) => ({
        key: 'k',
        value: `value ${offset}`,
      }))
      expect(linesIn(format, folder)).toEqual(written)
      await writer.close()
    }
    expect(killed).toBe(6 + 4 + 1)
  },
)
