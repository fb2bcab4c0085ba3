import { InvalidOption } from '@weir/core'
import { Cron } from 'croner'

/** When a schedule is due, as cron lines say it. */
export interface CronTimes {
  readonly cron: string
  /** An IANA name, such as `Europe/Berlin`. */
  readonly timeZone: string
}

/** The first time after `afterMs`, in ms since 1970; undefined when there is none. */
export const nextTime = ({ cron, timeZone }: CronTimes, afterMs: number): number | undefined =>
  new Cron(cron, { timezone: timeZone, paused: true }).nextRun(new Date(afterMs))?.getTime()

/** @throws InvalidOption for a line that is no cron line, or has no time to come, and a time zone that is not known */
export const requireCronTimes = (what: string, times: CronTimes, nowMs: number): void => {
  const { cron, timeZone } = times
  const fields = typeof cron === 'string' ? cron.trim().split(/\s+/).length : 0
  if (fields !== 5 && fields !== 6) {
    throw new InvalidOption(
      `${what}: cron is ${JSON.stringify(cron)}; expected five fields, such as '0 9 * * 1-5', or six with seconds before them`,
    )
  }
  requireTimeZone(what, timeZone)
  let next: number | undefined
  try {
    next = nextTime(times, nowMs)
  } catch (cause) {
    throw new InvalidOption(
      `${what}: cron is ${JSON.stringify(cron)}; expected in each field numbers within its range, or *, lists, ranges and steps`,
      { cause },
    )
  }
  if (next === undefined) {
    throw new InvalidOption(`${what}: cron is ${JSON.stringify(cron)}, which has no time to come`)
  }
}

const requireTimeZone = (what: string, timeZone: string): void => {
  try {
    void Intl.DateTimeFormat('en', { timeZone })
  } catch (cause) {
    throw new InvalidOption(
      `${what}: timeZone is ${JSON.stringify(timeZone)}; expected an IANA name, such as 'Europe/Berlin'`,
      { cause },
    )
  }
}
