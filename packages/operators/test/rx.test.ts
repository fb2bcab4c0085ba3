import { job, type StreamRecord } from '@weir/core'
import { bufferCount, concatMap, distinctUntilChanged, EMPTY, map as rxMap, mergeMap, of, toArray } from 'rxjs'
import { describe, expect, test } from 'vitest'
import { count, keyBy, rx, to } from '../src/index.ts'
import { numbers, results, texts, through, throughAtOnce } from './support/through.ts'

describe('an RxJS operator in a job', () => {
  test('works on the records of a batch', async () => {
    const distinct = job('j')
      .from(numbers)
      .pipe(rx<string, number, number>(distinctUntilChanged((a, b) => a.value === b.value)), to(results))
    expect(
      await throughAtOnce(distinct, results, [
        ['a', 1],
        ['b', 1],
        ['c', 2],
      ]),
    ).toEqual(['a@0: 1', 'c@0: 2'])
    expect(
      await through(distinct, results, [
        ['a', 1],
        ['b', 1],
      ]),
    ).toEqual(['a@0: 1', 'b@0: 1'])
  })

  test('gives out what it gathered when the batch completes', async () => {
    const sums = job('j')
      .from(numbers)
      .pipe(
        rx<string, number, number>((records) =>
          records.pipe(
            toArray(),
            concatMap((all) =>
              all.length === 0 ? EMPTY : of({ ...all[0]!, value: all.reduce((sum, { value }) => sum + value, 0) }),
            ),
          ),
        ),
        to(results),
      )
    expect(
      await throughAtOnce(sums, results, [
        ['a', 1],
        ['b', 2],
        ['c', 3],
      ]),
    ).toEqual(['a@0: 6'])
  })

  test('may give other values, which are what is written, and travel', async () => {
    const told = rx<string, number, string>(rxMap((record) => ({ ...record, value: `${record.value}!` })))
    expect(await through(job('j').from(numbers).pipe(told, to(texts)), texts, [['a', 1]])).toEqual(['a@0: 1!'])
    const same = rx<string, number, number>(rxMap((record) => ({ ...record, value: record.value + 1 })))
    expect(await through(job('j').from(numbers).pipe(same, to(results)), results, [['a', 1]])).toEqual(['a@0: 2'])
    const counted = job('j')
      .from(numbers)
      .pipe(
        told,
        keyBy((text) => text),
        count('c'),
        to(results),
      )
    expect(
      await through(counted, results, [
        ['a', 1],
        ['b', 1],
      ]),
    ).toEqual(['1!@0: 1', '1!@0: 2'])
  })

  test('may be asynchronous: the batch waits for it', async () => {
    const slow = rx<string, number, number>(mergeMap(async (record) => Promise.resolve(record)))
    expect(
      await throughAtOnce(job('j').from(numbers).pipe(slow, to(results)), results, [
        ['a', 1],
        ['b', 2],
      ]),
    ).toEqual(['a@0: 1', 'b@0: 2'])
  })

  test('may take none of them: the batch is passed over', async () => {
    const none = rx<string, number, number>(() => EMPTY)
    expect(await throughAtOnce(job('j').from(numbers).pipe(none, to(results)), results, [['a', 1]])).toEqual([])
  })

  test('may put records together, at the end of the batch too', async () => {
    const pairs = rx<string, number, number>((records) =>
      records.pipe(
        bufferCount(2),
        rxMap((pair): StreamRecord<string, number> => ({ ...pair[0]!, value: pair.length })),
      ),
    )
    expect(
      await throughAtOnce(job('j').from(numbers).pipe(pairs, to(results)), results, [
        ['a', 1],
        ['b', 1],
        ['c', 1],
      ]),
    ).toEqual(['a@0: 2', 'c@0: 1'])
  })
})
