// Typed arrays that say where a program reads or writes beyond them, instead of giving undefined and dropping
// what was written. Imported before anything else, so that whatever is made afterwards is checked. For tests:
// they are slow.

const METHODS = {
  fill: ([, from = 0, to], length) => isRange(from, to ?? length, length),
  copyWithin: ([target, from = 0, to], length) =>
    isRange(from, to ?? length, length) && isRange(target, target + (to ?? length) - from, length),
  subarray: ([from = 0, to], length) => isRange(from, to ?? length, length),
  set: ([source, offset = 0], length) => isRange(offset, offset + source.length, length),
};

const isRange = (from, to, length) =>
  Number.isInteger(from) && Number.isInteger(to) && from >= 0 && from <= to && to <= length;

const handler = {
  get(array, name) {
    if (typeof name === "string" && isIndex(name)) return array[checked(array, name)];
    const value = Reflect.get(array, name, array);
    if (typeof value !== "function" || name === "constructor") return value;
    return (...parameters) => {
      if (METHODS[name] && !METHODS[name](parameters, array.length)) {
        throw new RangeError(`${String(name)}(${parameters}) in ${array.length} elements`);
      }
      return value.apply(array, parameters);
    };
  },
  set(array, name, value) {
    if (typeof name === "string" && isIndex(name)) array[checked(array, name)] = value;
    else return Reflect.set(array, name, value, array);
    return true;
  },
};

function isIndex(name) {
  const first = name.charCodeAt(0);
  return (first >= 48 && first <= 57) || first === 45 || name === "NaN" || name === "Infinity";
}

function checked(array, name) {
  const index = Number(name);
  if (!Number.isInteger(index) || index < 0 || index >= array.length)
    throw new RangeError(`element ${name} of ${array.length}`);
  return index;
}

for (const name of ["Float32Array", "Float64Array"]) {
  const Usual = globalThis[name];
  globalThis[name] = class extends Usual {
    constructor(...parameters) {
      super(...parameters);
      return new Proxy(this, handler);
    }

    static from(...parameters) {
      return new this(Usual.from(...parameters));
    }

    /** Of parts and copies: the engine makes no checked ones. */
    static get [Symbol.species]() {
      return Usual;
    }
  };
}
