import { type CompletableFuture, type Handler, handlerJob, type Job, json, topic, type Topic, utf8 } from '@weir/core'
import * as t from 'io-ts'
import { Bank } from './bank.ts'

const Transfer = t.type({ from: t.string, to: t.string, amount: t.number }, 'Transfer')
const Booking = t.type({ transfer: t.string, account: t.string, amount: t.number }, 'Booking')

export type Transfer = t.TypeOf<typeof Transfer>
export type Booking = t.TypeOf<typeof Booking>

/** What is to be done, by the number of the transfer. */
export const transfers: Topic<string, Transfer> = topic('transfers', {
  key: utf8,
  value: json(Transfer),
  partitions: 4,
})

/** What has been done, by account: two bookings for each transfer. */
export const bookings: Topic<string, Booking> = topic('bookings', { key: utf8, value: json(Booking), partitions: 4 })

/**
 * Takes the amount from one account, then gives it to the other; each step takes 50 ms. The two bookings appear in the commit that
 * settles the transfer: both, once, or none.
 */
export const transferring =
  (bank: Bank): Handler<string, Transfer> =>
  ({ from, to, amount }, context): CompletableFuture<void> =>
    bank
      .debit(amount)
      .thenCompose((debited) => bank.credit(debited))
      .thenAccept((credited) => {
        const transfer = context.record.key
        context.send(bookings, from, { transfer, account: from, amount: -credited })
        context.send(bookings, to, { transfer, account: to, amount: credited })
      })

/** No transfer waits for another one, and thousands of each partition are under way at once. */
export const transferJobWith = (bank: Bank): Job =>
  handlerJob('transfers', transfers, transferring(bank), {
    order: 'none',
    concurrencyMax: 2_000,
    outputs: [bookings],
  })

export const transferJob: Job = transferJobWith(new Bank())
