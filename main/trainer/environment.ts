/** The environment of engine processes: how glibc's allocator is to behave in them. */

export const engineEnvironment: Readonly<Record<string, string>> = {};
