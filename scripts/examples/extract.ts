import { parseSync } from 'oxc-parser'
import type { Example } from './Example.ts'

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length

/**
 * The examples in the docstrings of a TypeScript file.
 *
 * An example begins below `@example` and ends with the next tag or the docstring.
 */
export const examplesOfSource = (file: string, text: string, scope: Example['scope'] = new Map()): Example[] =>
  parseSync(file, text).comments.flatMap((comment) => {
    if (comment.type !== 'Block' || !comment.value.startsWith('*')) return []
    const lines = comment.value.split('\n').map((line) => line.replace(/^\s*\* ?/, '').trimEnd())
    return lines.flatMap((line, index) => {
      if (!line.startsWith('@example')) return []
      const rest = lines.slice(index + 1)
      const end = rest.findIndex((next) => next.startsWith('@'))
      const code = (end === -1 ? rest : rest.slice(0, end)).join('\n').trimEnd()
      return [{ file, line: lineAt(text, comment.start) + index + 1, code, scope }]
    })
  })

/**
 * The `ts` blocks of a Markdown page that are run: all but `ts no-run`. A block marked `ts continues` goes on where
 * the block before it ended, every other one stands alone.
 */
export const examplesOfMarkdown = (file: string, text: string): Example[] => {
  const examples: Example[] = []
  for (const block of text.matchAll(/^```ts\b *(.*)\n([^]*?)^```$/gm)) {
    const [, info = '', code = ''] = block
    const line = lineAt(text, block.index) + 1
    const before = examples.at(-1)
    if (info === 'no-run') continue
    if (info === 'continues' && before !== undefined) {
      const gap = '\n'.repeat(line - before.line - before.code.split('\n').length + 1)
      examples[examples.length - 1] = { ...before, code: before.code + gap + code }
    } else if (info === '') examples.push({ file, line, code, scope: new Map() })
    else throw new Error(`${file}:${line - 1}: unknown block 'ts ${info}'; expected no-run or continues`)
  }
  return examples
}

/** The values that a module exports under their own names, whether they are its own or come from elsewhere. */
export const exportedValues = (file: string, text: string): string[] =>
  parseSync(file, text).program.body.flatMap((statement) => {
    if (statement.type !== 'ExportNamedDeclaration' || statement.exportKind === 'type') return []
    const { declaration, specifiers } = statement
    if (declaration?.type === 'VariableDeclaration') {
      return declaration.declarations.flatMap(({ id }) => (id.type === 'Identifier' ? [id.name] : []))
    }
    if (declaration?.type === 'ClassDeclaration' || declaration?.type === 'FunctionDeclaration') {
      return declaration.id === null ? [] : [declaration.id.name]
    }
    return specifiers.flatMap(({ exported, exportKind }) =>
      exportKind !== 'type' && exported.type === 'Identifier' ? [exported.name] : [],
    )
  })
