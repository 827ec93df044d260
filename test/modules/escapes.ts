/**
 * What a hostile module file tries: each attempt is the body of a function of `kernel` that returns what it got.
 *
 * `undefined` or a throw is a failed attempt. The name says what would be reached.
 */
export const ESCAPES: Readonly<Record<string, string>> = {
  'the Function constructor through the kernel record': `return kernel.constructor.constructor('return process')();`,
  'Function through a function of its own': `return (() => {}).constructor('return globalThis.process')();`,
  'Function through a generator': `return (function* () {}).constructor('return process')().next().value;`,
  'Function through an operation of the kernel': `return kernel.vfs.read.constructor('return process')();`,
  'Function through a class of the nucleus': `return kernel.host.constructor.constructor('return process')();`,
  'Function through a clock of the host': `return kernel.time.now.constructor('return process')();`,
  'Function through an error of the kernel': `
    try { kernel.process.thread(-1); } catch (error) { return error.constructor.constructor('return process')(); }
    try { kernel.host.output(3, 1); } catch (error) { return error.constructor.constructor('return process')(); }`,
  'Function through an error of the engine': `
    try { null.x; } catch (error) { return error.constructor.constructor('return process')(); }`,
  'Function through a stack overflow in the kernel': `
    const deep = () => { try { deep(); } catch (error) { kernel.host.request('x', {}); } };
    try { deep(); } catch (error) { return error.constructor.constructor('return process')(); }`,
  'Function through an iterator': `return [][Symbol.iterator]().next.constructor('return process')();`,
  'Function through the memory': `return kernel.machine.memory.constructor.constructor('return process')();`,
  'Function through its buffer': `return kernel.machine.memory.buffer.constructor.constructor('return process')();`,
  'Function through a view': `return kernel.machine.u8.subarray.constructor('return process')();`,
  'Function by Reflect': `return Reflect.construct((() => {}).constructor, ['return process'])();`,
  'Function through a bound function': `return kernel.vfs.read.bind(0).constructor('return process')();`,
  'globals of the host': `
    const found = [typeof process, typeof require, typeof Buffer, typeof fetch, typeof WebAssembly, typeof setTimeout,
      typeof Promise, typeof eval, typeof Function, typeof Compartment, typeof console, typeof performance];
    return found.some((type) => type !== 'undefined') ? found : undefined;`,
  'globals through this': `return (function () { return this; })()?.process ?? (0, () => this)()?.process;`,
  'the global of the host': `return globalThis.process ?? globalThis.globalThis.process ?? globalThis.constructor.constructor('return process')();`,
  'the time of the host': `return Date.now();`,
  'chance of the host': `return Math.random();`,
  'places of host files by a stack': `return /[/]/.test(new Error('x').stack) ? new Error('x').stack : undefined;`,
  'stack frames of the host': `
    const E = new Error('x').constructor;
    E.prepareStackTrace = (_, sites) => sites;
    const sites = new E('x').stack;
    return Array.isArray(sites) ? sites[0].getThis() ?? sites.length : undefined;`,
  'callers of the host': `return create.caller ?? arguments.callee?.caller;`,
  'what the nucleus keeps private': `
    const open = (value) => Reflect.ownKeys(value).filter((key) => /adapter|parts|options/.test(String(key)));
    const found = [...open(kernel.host), ...open(kernel.modules), ...open(kernel.waits), ...open(kernel.user)];
    return found.length > 0 ? found : undefined;`,
  'every object, by Object.prototype': `Object.prototype.then = 1; return ({}).then;`,
  'every array, by Array.prototype': `Array.prototype.push = () => 7; return [].push(1) === 7 || undefined;`,
  'every byte array': `
    Object.getPrototypeOf(Uint8Array.prototype).set = () => 7; return new Uint8Array(1).set([1]) === 7 || undefined;`,
  'every map': `
    Object.defineProperty(Map.prototype, 'get', { value: () => 7 }); return new Map().get(0);`,
  'every function, by apply': `
    const F = Object.getPrototypeOf(() => {}); F.call = F.apply = () => 7; return (() => 1).call() === 7 || undefined;`,
  'every memory of the process': `
    const shared = Object.getPrototypeOf(kernel.machine.memory);
    Object.defineProperty(shared, 'buffer', { get() { return this; } });
    return kernel.machine.memory.buffer === kernel.machine.memory || undefined;`,
  'the host port of every kernel': `
    const shared = Object.getPrototypeOf(kernel.host); const before = shared.request;
    shared.request = () => 7; return shared.request === before ? undefined : 'replaced';`,
  'the wait queues of every kernel': `
    const shared = Object.getPrototypeOf(kernel.waits); const before = shared.wake;
    Reflect.defineProperty(shared, 'wake', { value: () => 7 }); return shared.wake === before ? undefined : 'replaced';`,
  'every fault': `
    try { kernel.host.output(9, new Uint8Array(1)); } catch (error) {
      const shared = Object.getPrototypeOf(error); shared.message = 7; shared.extra = 7;
      return shared.extra ?? (Reflect.set(error.constructor, 'made', 7) ? 'marked' : undefined);
    }`,
  'functions that kernels share': `
    for (const operation of Object.values(kernel.vfs)) if (Reflect.set(operation, 'call', () => 7)) return 'marked';`,
  'another file of the host process': `kernel.host.output(3, Uint8Array.of(104, 105)); return 'written';`,
  'a grant that was never given': `
    kernel.host.request('x', { kind: 'list', grant: 99, path: '' });
    const { result } = kernel.host.take(); return result.errno === 0 ? result.entries : undefined;`,
  'grants by another name': `
    for (const grant of ['0', '__proto__', 'length', { valueOf: () => 0 }]) {
      try { kernel.host.request('x', { kind: 'list', grant, path: '' }); } catch { continue; }
      return kernel.host.take();
    }`,
  'a file beside a grant': `
    kernel.host.request('x', { kind: 'read', grant: 1, path: '../secret', offset: 0, length: 9 });
    const { result } = kernel.host.take(); return result.errno === 0 ? result.bytes : undefined;`,
  'a file beside a grant, by a path that changes': `
    let reads = 0;
    const changing = () => (reads++ === 0 ? 'own' : '../secret');
    kernel.host.request('x', { kind: 'read', grant: 1, get path() { return changing(); }, offset: 0, length: 9 });
    const { result } = kernel.host.take();
    return result.errno === 0 && String.fromCharCode(...result.bytes) !== 'mine' ? result.bytes : undefined;`,
  'a file beside a grant, by a path that is no string': `
    kernel.host.request('x', { kind: 'read', grant: 1, offset: 0, length: 9,
      path: { split: () => ['..', 'secret'].values().toArray?.() ?? Object.assign(['..', 'secret'], { includes: () => false, filter() { return this; } }) } });
    const { result } = kernel.host.take(); return result.errno === 0 ? result.bytes : undefined;`,
  'a file beside a grant, by a link': `
    kernel.host.request('x', { kind: 'read', grant: 1, path: 'link', offset: 0, length: 9 });
    const { result } = kernel.host.take(); return result.errno === 0 ? result.bytes : undefined;`,
  'a grant for reading, to write': `
    kernel.host.request('x', { kind: 'create', grant: 1, path: 'planted', type: 'file', mode: 0o644 });
    const { result } = kernel.host.take(); return result.errno === 0 ? 'created' : undefined;`,
  'memory beside what was read': `
    kernel.host.request('x', { kind: 'read', grant: 1, path: 'own', offset: 0, length: 4 });
    const { bytes } = kernel.host.take().result;
    return bytes.buffer.byteLength > 4 || bytes.constructor !== Uint8Array ? bytes.buffer.byteLength : undefined;`,
  'host memory, by a size': `
    kernel.host.request('x', { kind: 'write', grant: 1, path: 'own', offset: 0,
      bytes: new Proxy(new Uint8Array(4), { get: (target, key) => (key === 'length' ? 1e6 : target[key]) }) });
    return kernel.host.take();`,
  'the host, by a module that the module loads': `
    const bytes = Uint8Array.from([...'export default process'].map((char) => char.charCodeAt(0)));
    return kernel.host.loadModule(bytes, true) ? undefined : 'loaded';`,
  'an adapter of its own making': `
    let got; const Port = kernel.host.constructor;
    new Port({ perform(request, done) { got = done; } }, null, []).request('x', { kind: 'list', grant: 0, path: '' });
    return got.constructor('return process')();`,
};
