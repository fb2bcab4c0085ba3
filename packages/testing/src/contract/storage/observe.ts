import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { type Headers, type ReadBounds, type RowReader, type Storage, WeirError } from '@weir/core'
import { key } from './parts.ts'

/** A record as it was read. */
export interface Found {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly id: string | null
  readonly headers: Headers
  readonly watermark: number
}

/** No bound that a case could reach. */
export const unbounded: ReadBounds = { recordsMax: 1e9, bytesMax: 2 ** 31 }

/** All records of a partition from an offset on, in order; the first one is exactly the one at `from`. */
export const readAll = async (
  storage: Storage,
  partition: number,
  from = 0,
  bounds: ReadBounds = unbounded,
): Promise<ReadonlyArray<Found>> => {
  const found: Found[] = []
  let position = from
  for (;;) {
    const { batches } = await storage.read(partition, position, bounds)
    if (batches.length === 0) return found
    for (const batch of batches) {
      const first = batch.nextKept(Math.max(0, position - batch.baseOffset))
      for (let index = first; index < batch.count; index = batch.nextKept(index + 1)) {
        found.push({
          offset: batch.baseOffset + index,
          key: batch.keyText(index),
          value: batch.valueText(index),
          timestamp: batch.timestamp(index),
          id: batch.id(index),
          headers: { ...batch.headers(index) },
          watermark: batch.watermark(index),
        })
      }
      position = batch.baseOffset + batch.count
    }
  }
}

/** The values of a partition, in order. */
export const valuesOf = async (storage: Storage, partition: number): Promise<ReadonlyArray<string | null>> =>
  (await readAll(storage, partition)).map(({ value }) => value)

/** A row's value as text; undefined when there is no row. */
export const rowText = (rows: Pick<RowReader, 'get'>, text: string): string | undefined => {
  const value = rows.get(key(text))
  return value === undefined ? undefined : decoder.decode(value)
}

type ErrorClass = abstract new (...args: never[]) => WeirError

/** Waits for a failure and checks its class. */
export const failsWith = async (future: PromiseLike<unknown>, expected: ErrorClass): Promise<void> => {
  let value: unknown
  try {
    value = await future
  } catch (error) {
    requireError(error, expected)
    return
  }
  assert.fail(`it completed with ${JSON.stringify(value)}; expected ${expected.name}`)
}

/** As `failsWith`, for a call that throws. */
export const throwsWith = (call: () => unknown, expected: ErrorClass): void => {
  try {
    call()
  } catch (error) {
    requireError(error, expected)
    return
  }
  assert.fail(`it returned; expected ${expected.name}`)
}

/** Waits until something holds that the port promises without a future. Fails after 10 s. */
export const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  const deadline = performance.now() + untilMs
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `after ${untilMs} ms it still does not hold that ${what}`)
    await pause(2)
  }
}

const requireError = (error: unknown, expected: ErrorClass): void => {
  assert.ok(error instanceof expected, `it failed with ${String(error)}; expected ${expected.name}`)
}

const untilMs = 10_000
const decoder = new TextDecoder()
