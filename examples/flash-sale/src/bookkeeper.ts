// A process of the bookkeeping: bookkeeper.ts FOLDER. It books orders, and sends what clears the carts: a half message, which
// appears if, and only if, the order is in the books.
import { exponential, Weir } from '@weir/core'
import { halfMessages } from '@weir/messaging'
import { lmdb } from '@weir/storage-lmdb'
import { Books } from './Books.ts'
import { booksIn, logIn } from './folders.ts'
import { serveParent } from './serveParent.ts'
import { cartClearings, groups, type Order, orders } from './shop.ts'

const checker = groups.bookkeeping
const folder = process.argv[2]!
const weir = await Weir.open(lmdb(logIn(folder)))
const books = new Books(booksIn(folder))
const messages = halfMessages(weir)
// whoever of the bookkeeping is there answers for one that was killed in between
messages.check(checker, ({ id }) => books.stateOf(id), { intervalMs: 500, answerWithinMs: 500 })

const book = async (order: Order): Promise<void> => {
  if (books.has(order.id)) return
  const clearing = { order: order.id, item: order.item }
  // each attempt has a message of its own: that of one that was cut off is rolled back, unless the order is booked by it
  const state = await messages.send(cartClearings, order.buyer, clearing, { checker, firstCheckMs: 500 }, (message) =>
    books.book(order, message),
  )
  if (state !== 'commit' && !books.has(order.id)) throw new Error(`the message of ${order.id} was barred in between`)
}

// what it does is done in the books, so it needs no more than to be called until it is
await weir
  .topic(orders)
  .group(groups.bookkeeping)
  .process(book, {
    order: 'none',
    delivery: 'at-least-once',
    retry: exponential({ delayMs: 50, attemptsMax: 8 }),
  })

serveParent({ _tag: 'Ready' }, async () => {
  await weir.close()
  books.close()
})
