import type { Job, Storage, Topic } from '@weir/core'
import { findTopic } from '@weir/core/protocol'
import { RecordsSetAside } from '../RecordsSetAside.ts'
import { jobParts } from './jobParts.ts'
import { readTopic } from './readTopic.ts'

/** The records that a job has set aside, as far as nobody was told of them. */
export class SetAside {
  readonly #job: string
  readonly #storage: Storage
  readonly #topic: Topic<unknown, unknown> | undefined
  #partition: number | undefined
  #told: number

  constructor(job: Job, storage: Storage) {
    this.#job = job.name
    this.#storage = storage
    this.#topic = jobParts(job).outputs.find(({ name }) => name === `${job.name}-bad-records`)
    this.#told = this.#count()
  }

  /** @throws RecordsSetAside when there are more than were told of */
  requireNone(): void {
    const count = this.#count()
    if (count === this.#told) return
    const fresh = readTopic(this.#storage, this.#topic!)
      .slice(this.#told)
      .map(({ headers }) => describeSetAside(headers))
    this.#told = count
    const lines = fresh.slice(0, listedMax).map((each) => `\n  ${each}`)
    const more = fresh.length > listedMax ? `\n  and ${fresh.length - listedMax} more` : ''
    throw new RecordsSetAside(
      `job '${this.#job}' set ${fresh.length === 1 ? 'a record' : `${fresh.length} records`} aside:${lines.join('')}${more}\n` +
        "A test that is about this gives the driver badRecords: 'set-aside'.",
    )
  }

  /** How many there are: the topic has one partition, and keeps everything. */
  #count(): number {
    if (this.#topic === undefined) return 0
    this.#partition ??= findTopic(this.#storage, this.#topic.name)?.firstPartition
    return this.#partition === undefined ? 0 : this.#storage.bounds(this.#partition).end
  }
}

const listedMax = 5

/** Where a record that was set aside comes from, and why it was. */
const describeSetAside = (headers: Readonly<Record<string, string>>): string =>
  `topic '${headers['weir.topic']}', partition ${headers['weir.partition']}, ` +
  `${headers['weir.offset'] === undefined ? 'waiting in a store' : `offset ${headers['weir.offset']}`} ` +
  `(${headers['weir.part']}): ${headers['weir.cause']}`
