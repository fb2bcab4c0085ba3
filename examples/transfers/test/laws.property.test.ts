import { CompletableFuture } from '@weir/core'
import { testLaws } from '@weir/example-program/laws'
import { arbitraryRecords, inputTo, knownBy } from '@weir/testing'
import fc from 'fast-check'
import { Bank } from '../src/bank.ts'
import { bookings, transferJobWith, transfers } from '../src/job.ts'

/** A bank without a timer, since laws have a clock of their own: the larger an amount, the later its step is done. */
class QuickBank extends Bank {
  override debit(amount: number): CompletableFuture<number> {
    return CompletableFuture.supply(() => afterTurns(amount))
  }

  override credit(amount: number): CompletableFuture<number> {
    return CompletableFuture.supply(() => afterTurns(amount))
  }
}

const afterTurns = async (amount: number): Promise<number> => {
  for (let turn = 0; turn < amount; turn++) await Promise.resolve()
  return amount
}

const account = fc.constantFrom('ann', 'bob', 'cat')
const input = inputTo(
  transfers,
  arbitraryRecords({
    key: fc.nat(1_000_000).map((number) => `t${number}`),
    value: fc.record({ from: account, to: account, amount: fc.nat(9) }),
    countMax: 12,
  }),
)

testLaws(transferJobWith(new QuickBank()), {
  inputs: [input],
  order: 'unordered',
  // a booking has the time at which it was made
  timestamps: false,
  losesNothing: {
    from: [knownBy(transfers, ({ key, value }) => [key, value.to])],
    to: [knownBy(bookings, ({ value }) => [value.transfer, value.account])],
  },
  preservesOrder: {
    per: 'partition',
    from: [knownBy(transfers, ({ key }) => key)],
    to: [knownBy(bookings, ({ value }) => value.transfer)],
  },
  breaks: {
    isIdempotent: 'a transfer that comes again is done again',
    preservesOrder: "order: 'none' lets a quick transfer overtake a slow one",
  },
})
