/** JSON values: what crosses a process boundary or lies in a file. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
