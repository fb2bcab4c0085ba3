import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { CompletableFuture } from '../../src/future/CompletableFuture.ts'

type Kind = 'apply' | 'observe' | 'adopt' | 'shield' | 'compose'
type Command =
  | { readonly do: 'begin' }
  | { readonly do: 'derive'; readonly kind: Kind; readonly at: number; readonly inner: number }
  | { readonly do: 'complete' | 'fail' | 'cancel'; readonly at: number }

/** What a future is to be, said as plainly as possible: arrays, recursion, no care for speed. */
interface Node {
  readonly id: number
  readonly kind: Kind | 'source'
  /** What it waits for; of a `compose` first the one it was made from, then the inner one. */
  source: Node | undefined
  inner: Node | undefined
  readonly dependants: Node[]
  outcome: 'pending' | 'completed' | 'failed' | 'cancelled'
}

class Model {
  readonly nodes: Node[] = []
  readonly log: string[] = []

  add(kind: Node['kind'], source?: Node, inner?: Node): void {
    const node: Node = { id: this.nodes.length, kind, source, inner, dependants: [], outcome: 'pending' }
    this.nodes.push(node)
    if (source === undefined) return
    if (source.outcome === 'pending') source.dependants.push(node)
    else this.#run(node, [])
  }

  settle(node: Node, outcome: Node['outcome']): boolean {
    if (node.outcome !== 'pending') return false
    const line = this.#end(node, outcome)
    for (let next = line.shift(); next !== undefined; next = line.shift()) this.#run(next, line)
    return true
  }

  cancel(node: Node): boolean {
    if (!this.settle(node, 'cancelled')) return false
    const { source, kind } = node
    if (source?.outcome === 'pending' && kind !== 'shield' && source.dependants.length === 0) this.cancel(source)
    return true
  }

  #end(node: Node, outcome: Node['outcome']): Node[] {
    node.outcome = outcome
    const siblings = node.source?.dependants ?? []
    if (siblings.includes(node)) siblings.splice(siblings.indexOf(node), 1)
    return node.dependants.splice(0)
  }

  #run(node: Node, line: Node[]): void {
    const outcome = node.source?.outcome ?? 'pending'
    if (node.outcome !== 'pending') return
    if (node.kind === 'observe' || (node.kind === 'apply' && outcome === 'completed')) this.log.push(`${node.id} ran`)
    if (node.inner !== undefined && outcome === 'completed') {
      this.log.push(`${node.id} ran`)
      node.source = node.inner
      node.inner = undefined
      if (node.source.outcome === 'pending') node.source.dependants.push(node)
      else this.#run(node, line)
    } else line.push(...this.#end(node, outcome))
  }
}

class Real {
  readonly nodes: Array<CompletableFuture<number>> = []
  readonly log: string[] = []

  add(kind: Node['kind'], source = new CompletableFuture<number>(), inner = source): void {
    const id = this.nodes.length
    const ran = (): void => void this.log.push(`${id} ran`)
    const derive = {
      source: () => CompletableFuture.cancellable<number>(() => () => void this.log.push(`${id} stopped`)),
      apply: () => source.thenApply((n) => (ran(), n)),
      observe: () => source.whenComplete(ran),
      adopt: () => CompletableFuture.completed(0).thenCompose(() => source),
      shield: () => source.shield(),
      compose: () => source.thenCompose(() => (ran(), inner)),
    }
    this.nodes.push(derive[kind]())
  }
}

const outcomeOf = (future: CompletableFuture<number>): Node['outcome'] =>
  future.isCancelled ? 'cancelled' : future.state.status

const at = fc.nat(30)
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ do: fc.constant('begin' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('derive' as const),
      kind: fc.constantFrom<Kind>('apply', 'observe', 'adopt', 'shield', 'compose', 'compose'),
      at,
      inner: at,
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('complete' as const, 'fail' as const), at }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('cancel' as const), at }) },
)

test('any sequence of deriving, completing, failing and cancelling does what the model does, in the same order', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const model = new Model()
      const real = new Real()
      model.add('source')
      real.add('source')
      for (const each of commands) {
        const index = 'at' in each ? each.at % model.nodes.length : 0
        const [node, future] = [model.nodes[index] as Node, real.nodes[index] as CompletableFuture<number>]
        if (each.do === 'begin') {
          model.add('source')
          real.add('source')
        } else if (each.do === 'derive') {
          const inner = each.inner % model.nodes.length
          model.add(each.kind, node, each.kind === 'compose' ? model.nodes[inner] : undefined)
          real.add(each.kind, future, real.nodes[inner])
        } else if (each.do === 'cancel') expect(future.cancel()).toBe(model.cancel(node))
        else if (each.do === 'complete') expect(future.complete(1)).toBe(model.settle(node, 'completed'))
        else expect(future.completeExceptionally('no')).toBe(model.settle(node, 'failed'))
        expect(real.nodes.map(outcomeOf)).toEqual(model.nodes.map(({ outcome }) => outcome))
      }
      expect(real.log.filter((line) => line.endsWith('ran'))).toEqual(model.log)
      const stopped = model.nodes.filter(({ kind, outcome }) => kind === 'source' && outcome === 'cancelled')
      const stops = real.log.filter((line) => line.endsWith('stopped'))
      expect(stops.toSorted()).toEqual(stopped.map(({ id }) => `${id} stopped`).toSorted())
    }),
    { numRuns: 2_000 },
  )
})
