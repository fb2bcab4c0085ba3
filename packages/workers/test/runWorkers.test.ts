import { InvalidJob, InvalidOption, job, topic, utf8 } from '@weir/core'
import { to } from '@weir/operators'
import { lmdb } from '@weir/storage-lmdb'
import { memory } from '@weir/testing'
import { expect, test } from 'vitest'
import { runWorkers, type WorkerOptions } from '../src/index.ts'
import { salesByMinute } from './fixtures/counting.ts'
import { fixture, temporaryFolder } from './support.ts'

const module = fixture('counting.ts')

const failureOf = async (options: WorkerOptions, runJob = salesByMinute): Promise<unknown> =>
  runWorkers(runJob, options).then(
    (workers) => workers.stop().then(() => 'nothing was refused'),
    (error: unknown) => error,
  )

test.each([{ threads: 0 }, { processes: -1 }, { threads: 1.5 }, { processes: 1_025 }, { threads: NaN }])(
  'refuses a number of workers that is none: %o',
  async (placement) => {
    const error = await failureOf({ storage: lmdb(temporaryFolder()), module, ...placement })
    expect(error).toBeInstanceOf(InvalidOption)
    expect((error as Error).message).toContain('expected a whole number from 1 to 1024')
  },
)

test.each([{ restartsMax: -1 }, { restartsMax: 1.5 }, { restartWindowMs: 0 }])(
  'refuses a bound of restarts that is none: %o',
  async (bound) => {
    const error = await failureOf({ storage: lmdb(temporaryFolder()), module, threads: 1, ...bound })
    expect(error).toBeInstanceOf(InvalidOption)
    expect((error as Error).message).toContain(
      `${Object.keys(bound)[0]} is ${Object.values(bound)[0]}; expected a whole`,
    )
  },
)

test.each([{}, { threads: 1, processes: 1 }])('refuses neither or both kinds of workers: %o', async (placement) => {
  const error = await failureOf({ storage: lmdb(temporaryFolder()), module, ...placement } as unknown as WorkerOptions)
  expect(error).toBeInstanceOf(InvalidOption)
  expect((error as Error).message).toContain('expected one of the two')
})

test.each<readonly [message: string, job: unknown, options: unknown]>([
  ['runWorkers: the job is null; expected one such as job(', null, { threads: 1 }],
  ['runWorkers: the job is "sales"; expected one such as job(', 'sales', { threads: 1 }],
])('refuses what is no job: %s', async (message, given, options) => {
  const error = await failureOf(options as WorkerOptions, given as never)
  expect(error).toBeInstanceOf(InvalidJob)
  expect((error as Error).message).toContain(message)
})

test.each<readonly [message: string, options: unknown]>([
  ["job 'sales-by-minute': the options are undefined; expected an object", undefined],
  ["job 'sales-by-minute': there is no option 'workers'; expected some of threads", { workers: 2 }],
])('refuses options that are none: %s', async (message, options) => {
  const error = await failureOf(options as WorkerOptions)
  expect(error).toBeInstanceOf(InvalidOption)
  expect((error as Error).message).toContain(message)
})

test('refuses a storage that workers cannot open', async () => {
  const error = await failureOf({ storage: memory(), module, threads: 1 })
  expect(error).toBeInstanceOf(InvalidOption)
  expect((error as Error).message).toContain("job 'sales-by-minute': the storage has no recipe")
})

test('refuses a module that does not export the job, naming those that it exports', async () => {
  const words = topic('words', { key: utf8, value: utf8 })
  const other = job('other')
    .from(words)
    .pipe(to(topic('copy', { key: utf8, value: utf8 })))
  const error = await failureOf({ storage: lmdb(temporaryFolder()), module, threads: 1 }, other as never)
  expect(error).toBeInstanceOf(InvalidJob)
  expect((error as Error).message).toContain(`does not export job 'other'`)
  expect((error as Error).message).toContain(`'sales-by-minute'`)
})

test('refuses a module that is not there', async () => {
  const error = await failureOf({ storage: lmdb(temporaryFolder()), module: fixture('nowhere.ts'), threads: 1 })
  expect(error).toBeInstanceOf(InvalidJob)
  expect((error as Error).message).toContain('cannot be imported')
})

test('refuses a path where the URL of a module is expected', async () => {
  const error = await failureOf({ storage: lmdb(temporaryFolder()), module: './job.ts', threads: 1 })
  expect(error).toBeInstanceOf(InvalidOption)
  expect((error as Error).message).toContain("import.meta.resolve('./job.ts')")
})
