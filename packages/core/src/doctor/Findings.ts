import { type CheckReport, DoctorReport, type Finding } from './DoctorReport.ts'

interface Counted {
  count: number
  wrong: number
  readonly findings: Finding[]
}

/** Gathers what checks look at and find; of each check it keeps the first findings, and counts the others. */
export class Findings {
  readonly #findingsMax: number
  readonly #checks = new Map<string, Counted & { readonly of: string }>()

  constructor(findingsMax: number) {
    this.#findingsMax = findingsMax
  }

  /** Begins a check: the report has it even if it finds nothing to look at. */
  begin(name: string, of: string): void {
    if (!this.#checks.has(name)) this.#checks.set(name, { of, count: 0, wrong: 0, findings: [] })
  }

  /** So many more were looked at. */
  looked(name: string, count = 1): void {
    this.#checks.get(name)!.count += count
  }

  /** Something is wrong. What users store is not to be in the texts. */
  wrong(name: string, where: string, what: string): void {
    const check = this.#checks.get(name)!
    check.wrong++
    if (check.findings.length < this.#findingsMax) check.findings.push({ where, what })
  }

  /** What there is so far. */
  report(): DoctorReport {
    return new DoctorReport(
      [...this.#checks].map(([name, { of, count, wrong, findings }]): CheckReport => ({
        name,
        of,
        count,
        wrong,
        findings: [...findings],
      })),
    )
  }
}
