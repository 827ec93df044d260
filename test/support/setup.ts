/** Before all tests: the rewritten modules of the sources as they are now. */
import { buildLoggedModules } from '../../tools/build-logged-modules.ts';

export default buildLoggedModules;
