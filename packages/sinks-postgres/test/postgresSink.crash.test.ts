import { join } from 'node:path'
import { entry, job, StorageStalled, topic, utf8, Weir } from '@weir/core'
import { sink } from '@weir/operators'
import { doctor, lmdb } from '@weir/storage-lmdb'
import { sinkMoments } from '@weir/testing/contract'
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { postgresSink } from '../src/index.ts'
import { PostgresServer, postgresPrograms } from './support/postgres.ts'
import { endOf, newFolder, type Stopped, stoppedAt } from './support/processes.ts'

vi.setConfig({ testTimeout: 300_000 })

const lines = topic('lines', { key: utf8, value: utf8, partitions: 2 })
const count = 150

interface Line {
  readonly key: string
  readonly value: string
}

describe.skipIf(postgresPrograms === undefined)('each row is there once, in the order of its key', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = new PostgresServer()
    await server.start()
  })
  afterAll(() => server.remove())
  const emptied = async (): Promise<void> => {
    await server.query('DROP TABLE IF EXISTS lines, weir_positions')
    await server.query('CREATE TABLE lines (number bigserial PRIMARY KEY, key text, value text)')
  }
  beforeEach(emptied)

  const append = async (weir: Weir, from: number, to: number, partition?: number): Promise<void> => {
    // a stored batch is processed as a whole: a commit each
    for (let index = from; index < to; index++) {
      await weir.append(
        entry(lines, `key ${index % 7}`, `value ${index}`, partition === undefined ? {} : { partition }),
      )
    }
  }

  const filled = async (partition?: number): Promise<string> => {
    const folder = newFolder()
    const weir = await Weir.open(lmdb(join(folder, 'weir')))
    await append(weir, 0, count, partition)
    await weir.close()
    return folder
  }

  const rows = (): Promise<ReadonlyArray<Line>> => server.query<Line>('SELECT key, value FROM lines ORDER BY number')

  const requireAll = async (folder: string): Promise<void> => {
    const found = await rows()
    for (let key = 0; key < 7; key++) {
      const expected = Array.from({ length: count }, (_, index) => index).filter((index) => index % 7 === key)
      expect(found.filter((row) => row.key === `key ${key}`).map(({ value }) => value)).toEqual(
        expected.map((index) => `value ${index}`),
      )
    }
    expect(found.length).toBe(count)
    const report = await doctor(join(folder, 'weir'))
    expect(report.isHealthy, String(report)).toBe(true)
  }

  test('when processes are killed at every step of a batch', async () => {
    const folder = await filled()
    const host = server.connection.host!
    for (const moment of [...sinkMoments, 'within the write']) {
      expect(await endOf('writer', [folder, host, moment, '3'])).toBe('SIGKILL')
    }
    expect((await rows()).length).toBeLessThan(count)
    expect(await endOf('writer', [folder, host])).toBe('0')
    await requireAll(folder)
  })

  /** A process that stands still and does not hold the lock of its storage: that would be another test. */
  const standingStill = async (moment: string): Promise<{ readonly folder: string; readonly still: Stopped }> => {
    // one task alone, so that its process does nothing while it waits
    const folder = await filled(0)
    const still = await stoppedAt('writer', [folder, server.connection.host!, moment, '5', 'SIGSTOP'])
    try {
      const probe = await lmdb(join(folder, 'weir'), { stallAfterMs: 1_000 }).open()
      await probe.close()
      return { folder, still }
    } catch (error) {
      if (!(error instanceof StorageStalled)) throw error
      await still.goOn()
      await emptied()
      return standingStill(moment)
    }
  }

  test.skipIf(process.platform !== 'linux').each(['before the write', 'within the write'])(
    'when a process stands still %s, is replaced, and goes on',
    async (moment) => {
      const host = server.connection.host!
      const { folder, still } = await standingStill(moment)
      expect((await rows()).length).toBeLessThan(count)
      expect(await endOf('writer', [folder, host])).toBe('0')
      await requireAll(folder)
      await still.goOn()
      await requireAll(folder)
    },
  )

  test('when the server goes down while the job runs, and comes back', async () => {
    const folder = newFolder()
    const weir = await Weir.open(lmdb(join(folder, 'weir')))
    const to = postgresSink<string, string>({
      connection: server.connection,
      table: 'lines',
      columns: ({ key, value }) => ({ key, value }),
    })
    await append(weir, 0, 50)
    const running = await weir.run(job('write').from(lines).pipe(sink(to)), { batchRecordsMax: 3 })
    await append(weir, 50, 80)
    await server.kill()
    await append(weir, 80, 110)
    await server.start()
    await append(weir, 110, count)
    await vi.waitFor(() => expect(running.metrics().lag).toBe(0), { timeout: 60_000 })
    await running.stop()
    await weir.close()
    await requireAll(folder)
  })
})
