import type { Job, Weir } from '@weir/core'

/** How far a job has come, by what is committed. */
export interface Progressed {
  /** Records of the job's source. */
  readonly total: number
  /** Of them, those whose way through all stages has ended. */
  readonly done: number
  /** Records of all stages that wait. */
  readonly lag: number
}

/** Reads a job's positions from the storage that it runs on, whoever runs it. */
export class JobProgress {
  readonly #weir: Weir
  readonly #job: string
  readonly #inputs: ReadonlyArray<string>

  constructor(weir: Weir, job: Job) {
    this.#weir = weir
    this.#job = job.name
    this.#inputs = job.describe().stages.flatMap(({ inputs }) => inputs.map(({ topic }) => topic))
  }

  read(): Progressed {
    const topics = this.#weir.topics()
    const { storage } = this.#weir
    const stages = this.#inputs.map((input) => {
      const info = topics.find(({ name }) => name === input)
      const partitions = Array.from({ length: info?.partitions ?? 0 }, (_, index) => info!.firstPartition + index)
      // positions before ends: what is appended between the two is lag, never less than none
      const position = partitions.reduce((sum, partition) => sum + storage.position(this.#job, partition), 0)
      return { position, end: partitions.reduce((sum, partition) => sum + storage.bounds(partition).end, 0) }
    })
    return {
      total: stages[0]!.end,
      done: stages.at(-1)!.position,
      lag: stages.reduce((sum, { position, end }) => sum + end - position, 0),
    }
  }
}
