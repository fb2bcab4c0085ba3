import { jsonUnchecked, Weir } from '@weir/core'
import { memory } from '@weir/testing'
import { expect, test } from 'vitest'
import { audit, isInOrder } from '../src/audit.ts'
import { readLedger } from '../src/ledger.ts'
import { notices, purchases } from '../src/shop.ts'

test('has nothing of topics that are not there, because nothing was sold', async () => {
  const weir = await Weir.open(memory())
  const ledger = await readLedger(weir)
  expect(ledger).toMatchObject({ requests: [], replies: [], orders: [], clearings: [], deadLetters: 0 })
  expect(isInOrder(audit([], ledger, []))).toBe(true)
  await weir.close()
})

test('tells what is in the topics, and what cannot be read', async () => {
  const weir = await Weir.open(memory())
  const buying = await weir.producer(purchases)
  const purchase = { id: 'order-1', buyer: 'buyer-1', item: 'item-1' }
  await buying.append('item-1', purchase, { headers: { 'weir.correlation-id': 'c1' } })
  const noticing = await weir.producer({ ...notices, value: { ...jsonUnchecked<object>(), name: notices.value.name } })
  await noticing.append('buyer-1', purchase)
  const { requests, unreadable } = await readLedger(weir)
  expect(requests).toEqual([{ purchase, correlationId: 'c1' }])
  expect(unreadable).toHaveLength(1)
  expect(unreadable[0]).toMatch(/^notices\/0\/0: /)
  await weir.close()
})
