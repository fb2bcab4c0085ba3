// For worker processes, which find a job by its name among the exports of a module.
import { q0 } from './queries/q0.ts'
import { q1 } from './queries/q1.ts'
import { q11 } from './queries/q11.ts'
import { q12 } from './queries/q12.ts'
import { q2 } from './queries/q2.ts'
import { q22 } from './queries/q22.ts'
import { q3 } from './queries/q3.ts'
import { q4 } from './queries/q4.ts'
import { q5 } from './queries/q5.ts'
import { q6 } from './queries/q6.ts'
import { q7 } from './queries/q7.ts'
import { q8 } from './queries/q8.ts'

export const q0Job = q0.job
export const q1Job = q1.job
export const q2Job = q2.job
export const q3Job = q3.job
export const q4Job = q4.job
export const q5Job = q5.job
export const q6Job = q6.job
export const q7Job = q7.job
export const q8Job = q8.job
export const q11Job = q11.job
export const q12Job = q12.job
export const q22Job = q22.job
