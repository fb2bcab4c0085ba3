import { noRetry, redrive } from '@weir/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deadLetters, drive, orders, results, sent } from './support.ts'

const step = fc.oneof(
  fc.record({ do: fc.constant('send' as const), key: fc.constantFrom('a', 'b', 'c'), isBroken: fc.boolean() }),
  fc.record({ do: fc.constant('mend' as const), which: fc.nat() }),
  fc.record({ do: fc.constantFrom('redrive' as const, 'crash' as const, 'settle' as const) }),
)

test('each record of a key is handled once, and none before an earlier one is, whatever is held and sent back when', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 25 }),
      fc.constantFrom('key' as const, 'partition' as const),
      fc.integer({ min: 1, max: 3 }),
      async (steps, order, pendingCountMax) => {
        const broken = new Set<number>()
        const keys: string[] = []
        const driver = await drive(
          (value, context) => {
            if (broken.has(value)) throw new Error('broken')
            context.send(results, context.record.key, value)
          },
          { order, retry: noRetry, onExhausted: 'hold', settleWithinMs: 5, pendingCountMax },
        )
        const sendBack = async (): Promise<void> => {
          const outcome = redrive(driver.weir, deadLetters)
          await driver.clock.settle()
          await outcome
        }
        for (const each of steps) {
          if (each.do === 'send') {
            if (each.isBroken) broken.add(keys.length)
            keys.push(each.key)
            await driver.send(orders, [{ key: each.key, value: keys.length - 1 }])
          } else if (each.do === 'mend') broken.delete([...broken][each.which % broken.size] ?? -1)
          else if (each.do === 'settle') await driver.advance(10)
          else if (each.do === 'redrive') await sendBack()
          else {
            driver.crash()
            await driver.restart()
          }
        }
        broken.clear()
        // each round sends back what a key waits for
        for (let round = 0; round <= keys.length; round++) {
          await driver.advance(10)
          await sendBack()
        }
        await driver.advance(10)
        const all = keys.map((key, value) => `${key} ${value}`)
        if (order === 'partition') expect(await sent(driver)).toEqual(all)
        for (const name of ['a', 'b', 'c']) {
          const of = (text: string): boolean => text.startsWith(name)
          expect((await sent(driver)).filter(of)).toEqual(all.filter(of))
        }
        expect(driver.metrics().lag).toBe(0)
        expect([...driver.store('handler-pending').entries()]).toEqual([])
        await driver.close()
      },
    ),
    { numRuns: 60 },
  )
})
