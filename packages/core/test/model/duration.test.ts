import { describe, expect, it } from 'vitest'
import { days, hours, minutes, seconds } from '../../src/model/duration.ts'
import { InvalidOption } from '../../src/model/errors.ts'

describe('duration', () => {
  it('is a whole number of milliseconds', () => {
    expect([seconds(5), minutes(2), hours(3), days(4)]).toEqual([5_000, 120_000, 10_800_000, 345_600_000])
    expect([seconds(0), seconds(1.1), minutes(0.5)]).toEqual([0, 1_100, 30_000])
  })

  it.each([-1, Number.NaN, Infinity, 1e300, '5', undefined])('refuses %j', (count) => {
    for (const unit of [seconds, minutes, hours, days]) expect(() => unit(count as number)).toThrow(InvalidOption)
  })
})
