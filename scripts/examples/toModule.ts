import { type Comment, parseSync, type Statement } from 'oxc-parser'
import type { Example } from './Example.ts'

/**
 * A module that runs an example: each `expr // => value` becomes a check, and all lines keep their numbers.
 *
 * @param importPath - how the module imports another one, given from the root of the workspace
 */
export const toModule = (example: Example, importPath: (path: string) => string): string => {
  const { file, line, scope } = example
  // Without semicolons, a line that begins with a bracket would go on with the line before.
  const code = example.code.replace(/^(?=[(`[])/gm, ';')
  const { program, comments } = parseSync('example.ts', code)
  const edits: Array<readonly [start: number, end: number, replacement: string]> = []
  const imports = [`import { check } from '${importPath('scripts/examples/check.ts')}'`]

  const imported = new Set<string>()
  for (const statement of program.body) {
    if (statement.type !== 'ImportDeclaration') continue
    imports.push(code.slice(statement.start, statement.end).replaceAll('\n', ' '))
    edits.push([statement.start, statement.end, '\n'.repeat(newlinesIn(code.slice(statement.start, statement.end)))])
    for (const { local } of statement.specifiers) imported.add(local.name)
  }
  for (const [name, module] of scope) {
    if (!imported.has(name) && new RegExp(`(?<![\\w$.])${name}(?![\\w$])`).test(code)) {
      imports.push(`import { ${name} } from '${importPath(module)}'`)
    }
  }
  for (const comment of comments.filter(({ value }) => value.startsWith(' => '))) {
    const at = `${file}:${line + newlinesIn(code.slice(0, comment.start))}`
    const statement = checkedBy(comment, program.body, code)
    if (statement === undefined) throw new Error(`${at}: what stands before // => is no expression of its own`)
    const { start, end } = statement.expression
    edits.push([start, comment.end, `check(${code.slice(start, end)}, ${comment.value.slice(4)}, '${at}')`])
  }
  const body = edits
    .toSorted(([left], [right]) => right - left)
    .reduce((text, [start, end, replacement]) => text.slice(0, start) + replacement + text.slice(end), code)
  return `${imports.join('; ')}; {${'\n'.repeat(line - 1)}${body}\n}\nexport {}\n`
}

const newlinesIn = (text: string): number => text.split('\n').length - 1

/** The expression statement that ends just before the comment. */
const checkedBy = (comment: Comment, statements: readonly Statement[], code: string) =>
  statements.find(
    (statement) =>
      statement.type === 'ExpressionStatement' &&
      statement.expression.end <= comment.start &&
      /^[ \t;]*$/.test(code.slice(statement.expression.end, comment.start)),
  ) as Extract<Statement, { type: 'ExpressionStatement' }> | undefined
