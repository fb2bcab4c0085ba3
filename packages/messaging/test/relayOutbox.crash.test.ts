import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { topic, utf8, Weir } from '@weir/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { relayOutbox } from '../src/index.ts'
import { expectHealthy } from './support/expectHealthy.ts'
import { died, killed, startFixture } from './support/fixtureProcess.ts'
import { OutboxTable } from './support/OutboxTable.ts'
import { patientLmdb } from './support/patientLmdb.ts'

const orders = topic('orders', { key: utf8, value: utf8, partitions: 2 })

describe('each row of the outbox is in the topic once, and in order', { timeout: 240_000 }, () => {
  let folder: string
  let table: OutboxTable
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'weir-relay-'))
    table = new OutboxTable(join(folder, 'shop.db'))
  })
  afterEach(() => {
    table.close()
    rmSync(folder, { recursive: true, force: true })
  })

  const rows = (count: number, from = 0): string[] =>
    Array.from({ length: count }, (_, index) => `order ${from + index}`)

  /** Relays what is left, and gives what the topic has, by key, beside what the table has. */
  const books = async (): Promise<{ readonly delivered: unknown; readonly written: unknown }> => {
    const weir = await Weir.open(patientLmdb(join(folder, 'log')))
    const relay = relayOutbox(weir, 'shop', table.outbox(), orders)
    await relay.caughtUp()
    await relay.close()
    const delivered: Record<string, string[]> = {}
    const records = weir.topic(orders).from('earliest').toEnd()
    await records.consume((record) => {
      if (record._tag === 'Record') (delivered[record.key] ??= []).push(record.value)
    })
    await weir.close()
    await expectHealthy(join(folder, 'log'))
    const written: Record<string, string[]> = {}
    for (const [index, goods] of table.goods().entries()) (written[`k${(index + 1) % 5}`] ??= []).push(goods)
    return { delivered, written }
  }

  test.each(['reading', 'read', 'committing', 'under way', 'committed'])(
    'when the relay is killed at: %s',
    async (step) => {
      table.add(rows(60))
      expect(await died('relay', [folder], { DIE_AT: step })).toBe('SIGKILL')
      const { delivered, written } = await books()
      expect(delivered).toEqual(written)
    },
  )

  test('when two relays are killed from outside, again and again, while rows are written', async () => {
    let count = 0
    for (let round = 0; round < 2; round++) {
      const relays = await Promise.all([startFixture('relay', [folder]), startFixture('relay', [folder])])
      for (let chunk = 0; chunk < 10; chunk++, count += 20) {
        table.add(rows(20, count))
        await new Promise((resolve) => setTimeout(resolve, 3 + 6 * round))
      }
      await Promise.all(relays.map(killed))
    }
    expect(table.goods()).toHaveLength(count)
    const { delivered, written } = await books()
    expect(delivered).toEqual(written)
  })
})
