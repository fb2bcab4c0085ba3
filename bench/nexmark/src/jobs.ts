// For worker processes, which find a job by its name among the exports of a module.
import { q0 } from './queries/q0.ts'
import { q1 } from './queries/q1.ts'
import { q2 } from './queries/q2.ts'
import { q22 } from './queries/q22.ts'
import { q7 } from './queries/q7.ts'

export const q0Job = q0.job
export const q1Job = q1.job
export const q2Job = q2.job
export const q7Job = q7.job
export const q22Job = q22.job
