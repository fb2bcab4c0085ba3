import type { ProducerRecord, Weir } from '@weir/core'
import { type Transfer, transfers } from './job.ts'

const accounts = 1_000

/** Transfers with numbers: the same amounts and accounts for the same numbers. */
function* numbered(count: number): Generator<ProducerRecord<string, Transfer>> {
  for (let number = 0; number < count; number++) {
    const payer = (number * 7_919) % accounts
    const payee = (payer + 1 + (number % (accounts - 1))) % accounts
    yield {
      key: `t${number}`,
      value: { from: `account-${payer}`, to: `account-${payee}`, amount: 1 + (number % 500) },
    }
  }
}

/** Appends so many transfers. Completes when they are on disk. */
export const appendTransfers = async (weir: Weir, count: number): Promise<void> => {
  const producer = await weir.producer(transfers)
  await producer.appendAll(numbered(count))
  await producer.close()
}
