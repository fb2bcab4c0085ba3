import { Observable } from 'rxjs'
import type { AnyOperator, AttachedOperator, TaskContext } from './Operator.ts'
import { nameOf } from './topology.ts'
import type { StageNode } from './Stage.ts'

type Attached = AttachedOperator<unknown, unknown, unknown, unknown>

/**
 * Attaches the operators of a stage. For each of them event time lies as far back as those before it hold records back, so
 * that what they give on late in a window is not late.
 *
 * @returns their functions by node, `undefined` where it is no operator; what they throw or let go wrong is remembered, see
 *   `whereItFailed`
 */
export const attachAll = (
  nodes: ReadonlyArray<StageNode>,
  context: TaskContext,
): ReadonlyArray<Attached | undefined> => {
  const held = heldByNode(nodes)
  return nodes.map((node) => {
    if (node.kind !== 'operator') return undefined
    const heldMs = Math.max(...node.from.map((before) => held[before]!))
    return watched(node.operator, attach(node.operator, heldMs === 0 ? context : heldBack(context, heldMs)))
  })
}

/** The operator that an error came from, in words: `operator map`, `operator aggregate 'delays'`. */
export const whereItFailed = (error: unknown): string => {
  const operator = typeof error === 'object' && error !== null ? failedIn.get(error) : undefined
  return operator === undefined ? 'an operator' : `operator ${nameOf(operator)}`
}

/** The innermost operator that an error came from. */
const failedIn = new WeakMap<object, AnyOperator>()

const note = (operator: AnyOperator, error: unknown): void => {
  if (typeof error === 'object' && error !== null && !failedIn.has(error)) failedIn.set(error, operator)
}

const attach = (operator: AnyOperator, context: TaskContext): Attached => {
  try {
    return operator.attach(context)
  } catch (error) {
    note(operator, error)
    throw error
  }
}

/** Notes which operator an error comes from. Records pass no further subscriber for that: only how `out` fails is changed. */
const watched =
  (operator: AnyOperator, attached: Attached): Attached =>
  (source, ...others) =>
    new Observable((out) => {
      const fail = out.error.bind(out)
      // defined, not assigned: V8 lets what is assigned in the place of a method live until it collects all garbage, and with
      // it all that its closure reaches, which is the whole task
      Object.defineProperty(out, 'error', {
        value: (error: unknown) => {
          note(operator, error)
          fail(error)
        },
        configurable: true,
        writable: true,
      })
      return attached(source, ...others).subscribe(out)
    })

/** How long records are held back up to a node's end, by node, in ms of event time. */
const heldByNode = (nodes: ReadonlyArray<StageNode>): ReadonlyArray<number> => {
  const held: number[] = []
  for (const node of nodes) {
    const before = node.kind === 'input' ? 0 : Math.max(...node.from.map((from) => held[from]!))
    held.push(before + (node.kind === 'operator' ? (node.operator.holdsMs ?? 0) : 0))
  }
  return held
}

/** How long a stage holds records back, at most, in ms of event time. */
export const heldBackMs = (nodes: ReadonlyArray<StageNode>): number => Math.max(...heldByNode(nodes))

const heldBack = (context: TaskContext, heldMs: number): TaskContext => ({
  ...context,
  watermark: () => context.watermark() - heldMs,
})
