import fc from 'fast-check'
import { test } from 'vitest'
import { PriorityQueue } from '../../src/handler/PriorityQueue.ts'

interface Item {
  readonly priority: number
  readonly place: number
}

const isBefore = (a: Item, b: Item): boolean =>
  a.priority === b.priority ? a.place < b.place : a.priority < b.priority

/** A push of this priority, or a pop. */
const step = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 3 }), weight: 3 },
  { arbitrary: fc.constant('pop' as const), weight: 2 },
)

test('a priority queue gives what a sorted list would, whether items come in order or not', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), fc.boolean(), (steps, isSorted) => {
      const queue = new PriorityQueue<Item>(isBefore)
      const model: Item[] = []
      steps.forEach((each, place) => {
        if (each === 'pop') {
          model.sort((a, b) => (isBefore(a, b) ? -1 : 1))
          if (queue.peek() !== model[0] || queue.pop() !== model.shift()) throw new Error('another one came first')
        } else {
          const item = { priority: isSorted ? 0 : each, place }
          queue.push(item)
          model.push(item)
        }
        if (queue.size !== model.length) throw new Error(`the size is ${queue.size}; expected ${model.length}`)
      })
    }),
  )
})
