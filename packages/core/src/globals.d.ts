// The few platform globals that core may use, in browsers, workers and Node alike. Everything else is a compile error.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>
  encodeInto(text: string, into: Uint8Array): { read: number; written: number }
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(bytes?: Uint8Array): string
}
declare const console: { warn(text: string): void }
declare function queueMicrotask(action: () => void): void
