import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { entry, InvalidJob, type Job, OperatorFailed, Weir } from '@weir/core'
import { doctor, lmdb } from '@weir/storage-lmdb'
import { expect, onTestFinished, test } from 'vitest'
import { type Placement, runWorkers, WorkerFailed } from '../src/index.ts'
import { sales, salesByMinute } from './fixtures/counting.ts'
import { exiting, shouted, stumbling, throwing, words } from './fixtures/failing.ts'
import { outputOf, salesFrom, undisturbedOutput } from './sales.ts'
import { contentOf, eventually, fixture, temporaryFolder } from './support.ts'

const deadlineMs = 120_000

const expectHealthy = async (folder: string): Promise<void> => {
  const report = await doctor(folder)
  expect(report.isHealthy, String(report)).toBe(true)
}

const openSales = async (
  count: number,
): Promise<{ readonly weir: Weir; readonly storage: ReturnType<typeof lmdb> }> => {
  const folder = temporaryFolder()
  const storage = lmdb(folder)
  const weir = await Weir.open(storage)
  onTestFinished(async () => {
    await weir.close()
    await expectHealthy(folder)
  })
  await (await weir.producer(sales)).appendAll(salesFrom(0, count))
  return { weir, storage }
}

test.each<Placement>([{ threads: 3 }, { processes: 2 }])(
  'gives the output of one undisturbed worker, and exits in order at the end: %o',
  async (placement) => {
    const { weir, storage } = await openSales(20_000)
    const workers = await runWorkers(
      salesByMinute,
      { storage, module: fixture('counting.ts'), ...placement },
      { until: 'end' },
    )
    await workers.done
    expect(workers.workers.every(({ state }) => state === 'finished')).toBe(true)
    expect(workers.restarts).toBe(0)
    expect(await outputOf(weir)).toEqual(await undisturbedOutput(20_000))
    const { recordsIn, recordsLate, lag } = workers.metrics()
    expect({ recordsIn, recordsLate, lag }).toEqual({
      recordsIn: 40_000,
      recordsLate: (await outputOf(weir)).late.length,
      lag: 0,
    })
  },
  deadlineMs,
)

test.each<Placement>([{ threads: 2 }, { processes: 2 }])(
  'replaces a worker that ends by an error which nobody catches, and goes on: %o',
  async (placement) => {
    const folder = temporaryFolder()
    const storage = lmdb(folder)
    const weir = await Weir.open(storage)
    onTestFinished(async () => await weir.close())
    const producer = await weir.producer(words)
    for (let n = 0; n < 2_000; n++) void producer.append(`key-${n}`, n === 700 ? `stumble:${folder}-mark` : `word-${n}`)
    await producer.flush()
    onTestFinished(() => rmSync(`${folder}-mark`))
    const workers = await runWorkers(
      stumbling,
      { storage, module: fixture('failing.ts'), ...placement },
      { until: 'end', batchRecordsMax: 10 },
    )
    await workers.done
    expect(workers.restarts).toBe(1)
    expect((await contentOf(weir.topic(shouted))).length).toBe(2_000)
    expect(new Set(await contentOf(weir.topic(shouted))).size).toBe(2_000)
    await expectHealthy(folder)
  },
  deadlineMs,
)

test.each<Placement>([{ threads: 1 }, { processes: 1 }])(
  'gives the same output when workers come and go while they work: %o',
  async (placement) => {
    const { weir, storage } = await openSales(5_000)
    const producer = await weir.producer(sales)
    const options = { storage, module: fixture('counting.ts'), ...placement }
    const workers = await runWorkers(salesByMinute, options, { batchRecordsMax: 50, commitIntervalMs: 0 })
    const group = weir.group(salesByMinute.name)
    for (const [step, count] of [3, 1, 2].entries()) {
      const scaled = workers.scaleTo(count)
      await producer.appendAll(salesFrom(5_000 + step * 2_000, 2_000))
      await scaled
      expect(workers.workers.length).toBe(count)
      await eventually(
        () => group.members().length === count && group.members().every(({ partitions }) => partitions.length > 0),
        () => group.members(),
      )
    }
    expect(workers.restarts).toBe(0)
    await workers.stop()
    await (
      await weir.run(salesByMinute, { until: 'end' })
    ).done
    expect(await outputOf(weir)).toEqual(await undisturbedOutput(11_000))
  },
  deadlineMs,
)

test(
  'ends in order when it is stopped, and goes on from there',
  async () => {
    const { weir, storage } = await openSales(30_000)
    const options = { storage, module: fixture('counting.ts'), processes: 2 }
    const workers = await runWorkers(salesByMinute, options, { batchRecordsMax: 100, commitIntervalMs: 0 })
    await eventually(
      () => workers.metrics().commits > 20 || workers.done.isDone,
      () => workers.metrics(),
    )
    await workers.stop()
    expect(workers.workers.map(({ pid }) => pid)).toEqual([null, null])
    const again = await runWorkers(salesByMinute, options, { until: 'end' })
    await again.done
    expect(again.metrics().recordsIn).toBeLessThan(60_000)
    expect(await outputOf(weir)).toEqual(await undisturbedOutput(30_000))
  },
  deadlineMs,
)

const failureOf = async (job: Job, placement: Placement): Promise<unknown> => {
  const storage = lmdb(temporaryFolder())
  const weir = await Weir.open(storage)
  await weir.append(...Array.from({ length: 11 }, () => entry(words, 'a', 'word')))
  await weir.close()
  const workers = await runWorkers(job, { storage, module: fixture('failing.ts'), ...placement }, { until: 'end' })
  return workers.done.then(
    () => 'it did not fail',
    (error: unknown) => error,
  )
}

test.each<Placement>([{ threads: 2 }, { processes: 2 }])(
  'fails with the error of a worker: its class, and what was said: %o',
  async (placement) => {
    const error = await failureOf(throwing, placement)
    expect(error).toBeInstanceOf(OperatorFailed)
    expect((error as OperatorFailed).message).toContain('code of operator map threw in ')
    expect((error as OperatorFailed).message).toContain('no voice')
  },
  deadlineMs,
)

test(
  'refuses several processes on a storage that they cannot share',
  async () => {
    const storage = lmdb(temporaryFolder())
    const recipe = { ...storage.recipe!, module: fixture('notShared.ts'), name: 'notShared' }
    const workers = await runWorkers(salesByMinute, {
      storage: { ...storage, recipe },
      module: fixture('counting.ts'),
      processes: 2,
    })
    const error = await workers.done.then(
      () => 'it did not fail',
      (failure: unknown) => failure,
    )
    expect(error).toBeInstanceOf(InvalidJob)
    expect((error as InvalidJob).message).toContain("storage 'not shared' cannot be shared")
  },
  deadlineMs,
)

test(
  'gives up on a worker that always dies before its first commit',
  async () => {
    const error = await failureOf(exiting, { threads: 1 })
    expect(error).toBeInstanceOf(WorkerFailed)
    expect((error as WorkerFailed).message).toContain('exited with code 7')
  },
  deadlineMs,
)

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

test(
  'leaves no process behind when its starter is killed',
  async () => {
    const folder = temporaryFolder()
    const starter = spawn(process.execPath, [fileURLToPath(fixture('starter.ts')), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void starter.kill('SIGKILL'))
    const [line] = (await once(createInterface(starter.stdout), 'line')) as [string]
    const pids = JSON.parse(line) as number[]
    expect(pids.filter(isAlive).length).toBe(2)
    starter.kill('SIGKILL')
    await eventually(
      () => !pids.some(isAlive),
      () => pids.filter(isAlive),
    )
    await expectHealthy(folder)
  },
  deadlineMs,
)
