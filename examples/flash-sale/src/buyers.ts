import { items, type Purchase } from './shop.ts'

const twiceShare = 0.05

/** Makes up purchases, each with an id of its own: some items are wanted more, and some buyers press the button twice. */
export const buyers = (): (() => Purchase) => {
  let asked = 0
  let last: Purchase | undefined
  return () => {
    const id = `order-${asked++}`
    const again = last !== undefined && Math.random() < twiceShare
    last = again
      ? { ...last!, id }
      : { id, buyer: `buyer-${asked}`, item: items[Math.floor(items.length * Math.random() ** 2)]! }
    return last
  }
}
