import { deadLettersOf, exponential, type HandlerContext, job, type JobFlow } from '@weir/core'
import { answering } from '@weir/messaging'
import { riskOf } from './riskOf.ts'
import {
  type Answer,
  answers,
  expiredPurchases,
  groups,
  orders,
  type Purchase,
  purchases,
  unitsOfEach,
} from './shop.ts'

/** Decides on a purchase. What it marks, sends and answers is there together, or, when it is cut off, not at all. */
const selling =
  (risk: typeof riskOf) =>
  async (purchase: Purchase, context: HandlerContext<string, Purchase>): Promise<Answer> => {
    const { id, buyer, item } = purchase
    if ((await risk(buyer)) === 'blocked') return { id, outcome: 'rejected', unit: null }
    // one for each buyer, however often the button is pressed
    if (!(await context.once(`${item}/${buyer}`))) return { id, outcome: 'rejected', unit: null }
    const unit = await lockUnit(item, context)
    if (unit === undefined) return { id, outcome: 'sold-out', unit: null }
    context.send(orders, buyer, { id, buyer, item, unit })
    return { id, outcome: 'accepted', unit }
  }

/** The first unit that nobody has; an attempt that is looking at one has it until it has its outcome. */
const lockUnit = async (item: string, context: HandlerContext<string, Purchase>): Promise<number | undefined> => {
  for (let unit = 0; unit < unitsOfEach; unit++) if (await context.once(`${item}/unit-${unit}`)) return unit
  return undefined
}

/** Backends that ask a risk service: members of one group, in as many processes as there are. */
export const backendsWith = (risk: typeof riskOf): JobFlow<string, Purchase> =>
  job(groups.backends)
    .from(purchases)
    .pipe(
      answering({ replies: answers }, selling(risk), {
        order: 'none',
        concurrencyMax: 4,
        retry: exponential({ delayMs: 20 }),
        expired: expiredPurchases,
        outputs: [orders],
        deadLetter: deadLettersOf(groups.backends),
      }),
    )

/** The backends of the sale. */
export const backends: JobFlow<string, Purchase> = backendsWith(riskOf)
