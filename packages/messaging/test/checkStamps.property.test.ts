import { int32, job, topic, utf8 } from '@weir/core'
import { jobDriver } from '@weir/testing'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkStamps, streamFaults } from '../src/index.ts'
import { faultsIn, faultyStreams } from './support/faultyStreams.ts'
import { faultTexts } from './support/faultTexts.ts'

const input = topic('input', { key: utf8, value: int32, partitions: 2 })
const faults = topic('faults', { key: utf8, value: streamFaults })
const checked = job('checked')
  .from(input)
  .pipe(checkStamps(faults, { reorderMax: 15 }))

const sources = ['a', 'b']

describe('checkStamps', () => {
  test('reports exactly the faults that the streams have, each once, over crashes', async () => {
    await fc.assert(
      fc.asyncProperty(faultyStreams(6, sources, 2), fc.nat(), async ({ arrivals, counts }, cut) => {
        const driver = await jobDriver(checked)
        // a loss is seen when those come that are 15 further on
        const ends = [...counts].flatMap(([stream, count]) => {
          const [source = '', partition] = stream.split('/')
          return Array.from({ length: 16 }, (_, index) => ({
            source,
            partition: Number(partition),
            sequence: count + index,
          }))
        })
        const all = [...arrivals, ...ends].map(({ source, partition, sequence }) => ({
          key: 'k',
          value: sequence,
          partition,
          headers: { 'weir.stamp': `${sequence}:${source}` },
        }))
        const at = cut % all.length
        await driver.send(input, all.slice(0, at))
        driver.crash()
        await driver.restart()
        await driver.send(input, all.slice(at))
        const found = await driver.output(faults)
        expect(faultTexts(found.map(({ value }) => value))).toEqual(faultsIn(arrivals, counts))
        await driver.close()
      }),
      { numRuns: 25 },
    )
  })

  test('passes records without a stamp over', async () => {
    const driver = await jobDriver(job('unstamped').from(input).pipe(checkStamps(faults)))
    await driver.send(input, [{ key: 'k', value: 1 }])
    expect(await driver.output(faults)).toEqual([])
    await driver.close()
  })
})
