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
  let next: number | undefined
  try {
    next = nextTime(times, nowMs)
  } catch (cause) {
    throw new InvalidOption(
      `${what}: cron is ${JSON.stringify(times.cron)} in time zone ${JSON.stringify(times.timeZone)}; expected a line such as ` +
        `'0 9 * * 1-5' and a zone such as 'Europe/Berlin' (${cause instanceof Error ? cause.message : String(cause)})`,
      { cause },
    )
  }
  if (next === undefined) {
    throw new InvalidOption(`${what}: cron is ${JSON.stringify(times.cron)}, which has no time to come`)
  }
}
