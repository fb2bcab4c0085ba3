import { commitOf, EncodeFailed, InvalidOption, rowKey, topic, utf8, Weir } from '@weir/core'
import {
  and,
  memory,
  memoryDisk,
  nth,
  on,
  providerWithFaults,
  storageFull,
  strike,
  unknownOutcome,
  virtualClock,
} from '@weir/testing'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { type Outbox, type OutboxRow, relayOutbox } from '../src/index.ts'
import { storages } from './support/storages.ts'

const orders = topic('orders', { key: utf8, value: utf8 })

/** A table with numbers as cursors. */
const tableOf = (count: number) => {
  const rows: Array<OutboxRow<string, string>> = []
  const add = (): void =>
    void rows.push({ cursor: String(rows.length + 1), id: `m${rows.length}`, key: 'k', value: `v${rows.length}` })
  for (let index = 0; index < count; index++) add()
  const outbox: Outbox<string, string> = {
    readAfter: (cursor, limit) => rows.slice(Number(cursor ?? 0), Number(cursor ?? 0) + limit),
  }
  return { rows, add, outbox, values: () => rows.map(({ value }) => value) }
}

const valuesIn = async (weir: Weir): Promise<string[]> => {
  const values: string[] = []
  const records = weir.topic(orders).from('earliest').toEnd()
  await records.consume((record) => void (record._tag === 'Record' && values.push(record.value)))
  return values
}

describe.each(storages)('a relay on %s', (_name, place) => {
  test('sends each row once and in order, however many relays there are', async () => {
    const at = place()
    const weirs = [await Weir.open(at.provider()), await Weir.open(at.provider())]
    const table = tableOf(300)
    const relays = weirs.map((weir) => relayOutbox(weir, 'shop', table.outbox, orders, { rowsMax: 40 }))
    await Promise.all(relays.map((relay) => relay.caughtUp()))
    for (let index = 0; index < 20; index++) table.add()
    await Promise.all(relays.map((relay) => relay.caughtUp()))
    expect(await valuesIn(weirs[0]!)).toEqual(table.values())
    expect(relays[1]!.cursor).toBe('320')
    await Promise.all(relays.map((relay) => relay.close()))
    for (const weir of weirs) await weir.close()
    at.remove()
  })
})

describe('a relay', () => {
  test('begins where the last one ended, and goes by the ids when the cursor is lost', async () => {
    const disk = memoryDisk()
    const table = tableOf(10)
    for (const isLost of [false, false, true]) {
      const weir = await Weir.open(memory({ disk }))
      table.add()
      if (isLost) {
        const key = rowKey(12, 0, utf8.encode('shop'))
        await weir.storage.commit(commitOf({ rows: [{ key, value: null }] }))
      }
      const relay = relayOutbox(weir, 'shop', table.outbox, orders)
      await relay.caughtUp()
      expect(await valuesIn(weir)).toEqual(table.values())
      await weir.close()
      await relay.ended
    }
  })

  test('looks again after its interval, also when the table could not be read', async () => {
    const clock = virtualClock(0)
    const weir = await Weir.open(memory({ clock }), { clock })
    const table = tableOf(0)
    const failures: unknown[] = []
    let isAway = true
    const outbox: Outbox<string, string> = {
      readAfter: async (cursor, limit) => {
        if (isAway) throw new Error('database away')
        return table.outbox.readAfter(cursor, limit)
      },
    }
    const relay = relayOutbox(weir, 'shop', outbox, orders, {
      pollIntervalMs: 100,
      onFailure: (error) => void failures.push(error),
    })
    await clock.advance(250)
    expect(failures).toHaveLength(3)
    isAway = false
    table.add()
    await clock.advance(100)
    expect(relay.cursor).toBe('1')
    table.add()
    await clock.advance(40)
    expect(relay.cursor).toBe('1')
    relay.wake()
    await clock.settle()
    expect(relay.cursor).toBe('2')
  })

  test('says the first failure to the console when nobody else hears of it', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    onTestFinished(() => warn.mockRestore())
    const clock = virtualClock(0)
    const weir = await Weir.open(memory({ clock }), { clock })
    const outbox: Outbox<string, string> = { readAfter: () => Promise.reject(new Error('database\naway')) }
    const relay = relayOutbox(weir, 'shop', outbox, orders, { pollIntervalMs: 100 })
    await clock.advance(250)
    relay.close()
    await clock.settle()
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/^outbox 'shop': .*Error: database\\u000aaway\./)]])
  })

  test('sends a row once when the storage had no room, or failed with the outcome unknown', async () => {
    const disk = memoryDisk()
    const table = tableOf(3)
    const full = providerWithFaults(memory({ disk }), [strike(and(on('commit'), nth(3)), storageFull)])
    const weir = await Weir.open(full)
    const relay = relayOutbox(weir, 'shop', table.outbox, orders, { pollIntervalMs: 1, rowsMax: 1 })
    await relay.caughtUp()
    expect(await valuesIn(weir)).toEqual(table.values())
    await weir.close()
    table.add()
    const failing = await Weir.open(providerWithFaults(memory({ disk }), [strike(on('commit'), unknownOutcome)]))
    await expect(relayOutbox(failing, 'shop', table.outbox, orders).ended).rejects.toThrow('unknown')
    const again = await Weir.open(memory({ disk }))
    await relayOutbox(again, 'shop', table.outbox, orders).caughtUp()
    expect(await valuesIn(again)).toEqual(table.values())
    await again.close()
  })

  test('cuts what it has read into commits of commitBytesMax, and reads the table once for all of them', async () => {
    const weir = await Weir.open(memory())
    const table = tableOf(0)
    for (let index = 0; index < 10; index++) {
      table.rows.push({ cursor: String(index + 1), id: `m${index}`, key: 'k', value: `${index}${'x'.repeat(1_000)}` })
    }
    let reads = 0
    const outbox: Outbox<string, string> = {
      readAfter: (cursor, limit) => (reads++, table.outbox.readAfter(cursor, limit)),
    }
    const offsets: number[] = []
    weir.storage.onChange(() => offsets.push(weir.topics().length === 0 ? 0 : Number(relay.cursor)))
    const relay = relayOutbox(weir, 'shop', outbox, orders, { commitBytesMax: 2_000 })
    await relay.caughtUp()
    expect(offsets.filter((cursor) => cursor > 0)).toEqual([2, 4, 6, 8, 10])
    expect(reads).toBe(2)
    expect(await valuesIn(weir)).toEqual(table.values())
    await weir.close()
  })

  test('is heard when it fails and nobody has asked', async () => {
    const clock = virtualClock(0)
    const weir = await Weir.open(memory({ clock }), { clock })
    const bad: Outbox<string, string> = {
      readAfter: () => [{ cursor: '1', id: 'a', key: 'k', value: undefined as never }],
    }
    relayOutbox(weir, 'bad', bad, orders)
    await expect(clock.advance(2_000)).rejects.toThrow(EncodeFailed)
  })

  test('ends with what no repetition can mend', async () => {
    const weir = await Weir.open(memory())
    const bad: Outbox<string, string> = {
      readAfter: () => [{ cursor: '1', id: 'a', key: 'k', value: undefined as never }],
    }
    await expect(relayOutbox(weir, 'bad', bad, orders).ended).rejects.toThrow(EncodeFailed)
    const endless: Outbox<string, string> = { readAfter: () => [{ cursor: '1', id: 'a', key: 'k', value: 'v' }] }
    await expect(relayOutbox(weir, 'endless', endless, orders).ended).rejects.toThrow(InvalidOption)
    await weir.close()
  })
})
