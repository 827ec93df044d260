/**
 * Exact floating point as functions of the module under construction.
 */
export interface SoftFloat {
  readonly name: string;
}
