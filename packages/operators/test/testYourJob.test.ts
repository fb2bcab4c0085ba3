import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { int32, job, topic, utf8 } from '@weir/core'
import { arbitraryKey, arbitraryRecords, assertLaw, inputTo, isBatchInvariant } from '@weir/testing'
import fc from 'fast-check'
import { scan } from 'rxjs'
import { expect, test } from 'vitest'
import { rx, to } from '../src/index.ts'

const guide = readFileSync(join(import.meta.dirname, '../../../docs/guides/test-your-job.md'), 'utf8')

test('the guide shows what a law says of its broken job', async () => {
  const payments = topic('payments', { key: utf8, value: int32 })
  const numbers = topic('numbers', { key: utf8, value: int32 })
  const numbering = job('numbering')
    .from(payments)
    .pipe(rx(scan((before, record) => ({ ...record, value: before.value + 1 }))), to(numbers))
  const input = inputTo(payments, arbitraryRecords({ key: arbitraryKey(2), value: fc.constant(1) }))
  const law = isBatchInvariant(numbering, { inputs: [input] })
  const shown = /```text\n([\s\S]*?)\n```/.exec(guide)![1]!
  await expect(assertLaw(law, { seed: 11 })).rejects.toThrow(new Error(shown))
})
