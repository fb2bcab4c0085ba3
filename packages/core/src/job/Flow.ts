import type { Topic } from '../log/Topic.ts'
import type { AnyOperator } from './Operator.ts'
import type { TimestampAssigner } from './TimestampAssigner.ts'

/** One line of a job: a source and the operators that its records pass. */
export interface Flow {
  readonly source: Topic<unknown, unknown>
  readonly timestamps: TimestampAssigner<unknown, unknown>
  readonly operators: ReadonlyArray<AnyOperator>
}

/** What a job is made of. */
export interface Flows {
  /** Of the job. */
  readonly name: string
  readonly flows: ReadonlyArray<Flow>
}
