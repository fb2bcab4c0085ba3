import { setTimeout as wait } from 'node:timers/promises'
import type { Job, StorageProvider } from '@weir/core'
import { type RunningWorkers, runWorkers } from '@weir/workers'
import { backends } from './backends.ts'
import { notifications, statistics } from './followers.ts'
import { Program } from './Program.ts'

/** A process that may be killed at any time. */
interface Victim {
  readonly name: string
  readonly kill: () => boolean
}

/** The processes of the shop: two gateways, backends, two bookkeepers, and one each for notifications and statistics. */
export class Staff {
  readonly #storage: StorageProvider
  readonly #signal: AbortSignal
  readonly #backends: RunningWorkers[] = []
  readonly #gone: Array<PromiseLike<void>> = []
  readonly #followers: RunningWorkers[] = []
  readonly #gateways: Program[] = []
  readonly #bookkeepers: Program[] = []

  private constructor(storage: StorageProvider, signal: AbortSignal) {
    this.#storage = storage
    this.#signal = signal
  }

  /** @returns once all of them are at work, with two backends */
  static async open(storage: StorageProvider, folder: string, signal: AbortSignal): Promise<Staff> {
    const staff = new Staff(storage, signal)
    // all of them, also when one has failed: what starts after the end would stay
    const started = await Promise.allSettled([staff.#startWorkers(), ...staff.#startPrograms(folder)])
    const failed = started.find(({ status }) => status === 'rejected')
    if (failed === undefined) return staff
    await staff.close()
    throw (failed as PromiseRejectedResult).reason
  }

  async ports(): Promise<ReadonlyArray<number>> {
    return Promise.all(this.#gateways.map(async (gateway) => (await gateway.ready).port!))
  }

  /** One more backend. It takes over a part of what the others have. */
  async join(): Promise<void> {
    this.#backends.push(await this.#run(backends, './backends.ts'))
  }

  /** The backend that is there for the longest time leaves in order. */
  leave(): void {
    const leaving = this.#backends.shift()
    if (leaving !== undefined) this.#gone.push(leaving.stop())
  }

  /** Kills a process by chance, every second time a backend; the gateways are spared. Another one takes its place. */
  killOne(): string | undefined {
    const others = [...this.#followers.map(victimOf), ...this.#bookkeepers]
    const victims: ReadonlyArray<Victim> = Math.random() < 0.5 ? this.#backends.map(victimOf) : others
    // those that are just being replaced are spared
    const first = Math.floor(Math.random() * victims.length)
    return [...victims.slice(first), ...victims.slice(0, first)].find((victim) => victim.kill())?.name
  }

  /** No more purchases. */
  async closeGateways(): Promise<void> {
    await Promise.all(this.#gateways.map((gateway) => gateway.stop()))
  }

  async close(): Promise<void> {
    await this.closeGateways()
    const workers = [...this.#backends, ...this.#followers].map((running) => running.stop())
    await Promise.all([...this.#gone, ...workers, ...this.#bookkeepers.map((bookkeeper) => bookkeeper.stop())])
  }

  async #startWorkers(): Promise<void> {
    await Promise.all([this.join(), this.join()])
    this.#followers.push(await this.#run(notifications, './followers.ts'))
    this.#followers.push(await this.#run(statistics, './followers.ts'))
    const all = [...this.#backends, ...this.#followers]
    while (all.some(({ workers }) => workers.some(({ state }) => state !== 'running'))) {
      this.#signal.throwIfAborted()
      await wait(20)
    }
  }

  #startPrograms(folder: string): ReadonlyArray<Promise<void>> {
    const start = async (into: Program[], name: string, args: ReadonlyArray<string>): Promise<void> => {
      into.push(await Program.start(name, [folder, ...args]))
    }
    return [
      ...['0', '1'].map((number) => start(this.#gateways, 'gateway', [number])),
      ...[0, 1].map(() => start(this.#bookkeepers, 'bookkeeper', [])),
    ]
  }

  async #run(job: Job, module: string): Promise<RunningWorkers> {
    return runWorkers(job, { storage: this.#storage, module: new URL(module, import.meta.url).href, processes: 1 })
  }
}

const victimOf = (workers: RunningWorkers): Victim => ({
  name: workers.job,
  kill: () => workers.workers[0]?.state === 'running' && workers.kill(0),
})
