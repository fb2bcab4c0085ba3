import { InvalidOption } from '@weir/core'
import { unexpected } from '@weir/core/protocol'
import type { Windows } from '../Windows.ts'

/** Options that only some windows have, or none at all but windows. */
interface OfWindows {
  readonly window?: Windows | undefined
  readonly emit?: string | undefined
  readonly late?: unknown
  readonly values?: unknown
}

const kinds: ReadonlyArray<unknown> = ['tumbling', 'hopping', 'sliding', 'session'] satisfies ReadonlyArray<
  Windows['kind']
>

/** @throws InvalidOption for one of them without the window that it is of, for a window and for a time to emit that are none */
export const requireWindow = (what: string, { window, emit, late, values }: OfWindows): void => {
  if (window !== undefined && !kinds.includes((window as Partial<Windows> | null)?.kind)) {
    throw new InvalidOption(unexpected(`${what}: the window`, window, 'one such as tumbling(minutes(1))'))
  }
  if (window === undefined && (emit !== undefined || late !== undefined)) {
    throw new InvalidOption(`${what}: emit and late are of windows; expected a window beside them`)
  }
  if (emit !== undefined && emit !== 'close' && emit !== 'update') {
    throw new InvalidOption(`${what}: emit is '${emit}'; expected 'close' or 'update'`)
  }
  if (values !== undefined && window?.kind !== 'sliding') {
    throw new InvalidOption(
      `${what}: values is of what sliding windows keep, and the window is ${window?.kind ?? 'none'}; expected sliding() beside it`,
    )
  }
}
