import { duplicated, reordered } from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { lossChecker, type StreamFault } from '../src/index.ts'
import { checkSequence, sequenceFrom } from '../src/internal/SequenceState.ts'
import { faultsIn, faultyStreams } from './support/faultyStreams.ts'
import { faultTexts } from './support/faultTexts.ts'

const header = (sequence: number, source: string) => ({ 'weir.stamp': `${sequence}:${source}` })

describe('lossChecker', () => {
  test('reports exactly the records that are missing, repeated and reordered, of all producers and partitions', () => {
    fc.assert(
      fc.property(faultyStreams(10, ['a', 'b:2', 'c'], 3), ({ arrivals, counts }) => {
        const checker = lossChecker({ reorderMax: 50 })
        const faults: StreamFault[] = []
        for (const { source, partition, sequence } of arrivals) {
          faults.push(...checker.observe({ partition, headers: header(sequence, source) }))
        }
        const ends = [...counts].map(([stream, next]) => {
          const [source = '', partition] = stream.split('/')
          return { source, partition: Number(partition), next }
        })
        faults.push(...checker.finish(ends))
        expect(faultTexts(faults)).toEqual(faultsIn(arrivals, counts))
      }),
      { numRuns: 300 },
    )
  })

  test('misses nothing in a stream in which records come again or in another order, and reports each that came again', () => {
    const stamped = fc
      .nat(20)
      .map((count) => Array.from({ length: count }, (_, n) => ({ key: 'k', value: n, headers: header(n, 's') })))
    fc.assert(
      fc.property(reordered(duplicated(stamped), { distanceMax: 4 }), (all) => {
        const checker = lossChecker({ reorderMax: 50 })
        const faults = all.flatMap(({ headers }) => checker.observe({ partition: 0, headers: headers ?? null }))
        const next = new Set(all.map(({ value }) => value)).size
        faults.push(...checker.finish(next === 0 ? [] : [{ source: 's', partition: 0, next }]))
        expect(faults.filter(({ kind }) => kind === 'repeated')).toHaveLength(all.length - next)
        expect(faults.filter(({ kind }) => kind === 'missing' || kind === 'stale')).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  test('reports a loss as soon as the window has passed it, and then no sooner and no later', () => {
    const checker = lossChecker({ reorderMax: 3 })
    const come = (sequence: number) => checker.observe({ partition: 0, headers: header(sequence, 's') })
    expect([0, 2, 3].flatMap(come)).toEqual([])
    expect(come(4)).toEqual([{ kind: 'missing', source: 's', partition: 0, first: 1, last: 1 }])
    expect(come(1)).toEqual([{ kind: 'stale', source: 's', partition: 0, sequence: 1 }])
    // it came after the last loss, so it is known to have come before
    expect(come(2)).toEqual([{ kind: 'repeated', source: 's', partition: 0, sequence: 2 }])
  })

  test('sees losses at the very end only when it is told what was sent', () => {
    const finish = (told: boolean) => {
      const checker = lossChecker()
      checker.observe({ partition: 0, headers: header(0, 's') })
      return checker.finish(
        told
          ? [
              { source: 's', partition: 0, next: 3 },
              { source: 't', partition: 1, next: 1 },
            ]
          : [],
      )
    }
    expect(finish(false)).toEqual([])
    expect(finish(true)).toEqual([
      { kind: 'missing', source: 's', partition: 0, first: 1, last: 2 },
      { kind: 'missing', source: 't', partition: 1, first: 0, last: 0 },
    ])
  })

  test('keeps at most half as many gaps as the window is wide, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 500 }), { maxLength: 300 }), fc.nat({ max: 40 }), (numbers, reorderMax) => {
        let state = sequenceFrom(0)
        for (const sequence of numbers) {
          state = checkSequence(state, sequence, reorderMax).state
          expect(state.gaps.length).toBeLessThanOrEqual(reorderMax / 2 + 1)
        }
      }),
    )
  })

  test('forgets the source longest not heard of, says what it still misses, and takes it up again where it is', () => {
    const checker = lossChecker({ sourcesMax: 2 })
    const come = (sequence: number, source: string) =>
      checker.observe({ partition: 0, headers: header(sequence, source) })
    expect([...come(0, 'a'), ...come(2, 'a'), ...come(0, 'b'), ...come(3, 'a')]).toEqual([])
    expect(come(0, 'c')).toEqual([])
    expect(come(1, 'b')).toEqual([{ kind: 'missing', source: 'a', partition: 0, first: 1, last: 1 }])
    expect(come(9, 'a')).toEqual([])
  })

  test('counts records without a stamp, and with one that is none', () => {
    const checker = lossChecker()
    for (const stamp of ['', 'x:s', '-1:s', ':s', '1.5:s', '1']) {
      checker.observe({ partition: 0, headers: { 'weir.stamp': stamp } })
    }
    checker.observe({ partition: 0, headers: null })
    expect(checker.unstampedCount).toBe(7)
    expect(checker.finish()).toEqual([])
  })

  test('refuses options out of range', () => {
    expect(() => lossChecker({ reorderMax: -1 })).toThrow(/reorderMax is -1/)
    expect(() => lossChecker({ sourcesMax: 0 })).toThrow(/sourcesMax is 0/)
  })
})
