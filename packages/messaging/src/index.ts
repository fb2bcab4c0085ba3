export { UnknownExchange } from './errors.ts'
