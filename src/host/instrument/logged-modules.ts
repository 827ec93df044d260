/** Where the twins of the built-in modules are; apart from what makes twins, which is loaded only where one is made. */

/** File of the package whose default export makes the twins of all built-in modules, in their order. */
export const LOGGED_MODULES = 'dist/logged-modules.js';
