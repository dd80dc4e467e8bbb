// Converts quantities between units of measure. Every factor is exact: it is how the unit is defined in SI
// (BIPM, The International System of Units, 9th edition; NIST SP 811, appendix B).

// dimension: { symbol: [name, factor to the dimension's base unit, offset in base units] }
const DIMENSIONS = {
  length: {
    m: ["metre", 1], km: ["kilometre", 1e3], cm: ["centimetre", 1e-2], mm: ["millimetre", 1e-3],
    um: ["micrometre", 1e-6], nm: ["nanometre", 1e-9], in: ["inch", 0.0254], ft: ["foot", 0.3048],
    yd: ["yard", 0.9144], mi: ["mile", 1609.344], nmi: ["nautical mile", 1852], au: ["astronomical unit", 149597870700],
  },
  mass: {
    kg: ["kilogram", 1], g: ["gram", 1e-3], mg: ["milligram", 1e-6], t: ["tonne", 1e3],
    lb: ["pound", 0.45359237], oz: ["ounce", 0.028349523125], st: ["stone", 6.35029318],
  },
  time: {
    s: ["second", 1], ms: ["millisecond", 1e-3], us: ["microsecond", 1e-6], ns: ["nanosecond", 1e-9],
    min: ["minute", 60], h: ["hour", 3600], d: ["day", 86400], wk: ["week", 604800],
  },
  temperature: {
    K: ["kelvin", 1, 0], degC: ["degree Celsius", 1, 273.15], degF: ["degree Fahrenheit", 5 / 9, 459.67 * 5 / 9],
  },
  area: {
    m2: ["square metre", 1], km2: ["square kilometre", 1e6], cm2: ["square centimetre", 1e-4], ha: ["hectare", 1e4],
    ft2: ["square foot", 0.09290304], ac: ["acre", 4046.8564224], mi2: ["square mile", 2589988.110336],
  },
  volume: {
    m3: ["cubic metre", 1], l: ["litre", 1e-3], ml: ["millilitre", 1e-6], gal: ["US gallon", 0.003785411784],
    qt: ["US quart", 0.000946352946], pt: ["US pint", 0.000473176473], floz: ["US fluid ounce", 0.0000295735295625],
    impgal: ["imperial gallon", 0.00454609],
  },
  speed: {
    "m/s": ["metre per second", 1], "km/h": ["kilometre per hour", 1 / 3.6], mph: ["mile per hour", 0.44704],
    kn: ["knot", 1852 / 3600],
  },
  pressure: {
    Pa: ["pascal", 1], kPa: ["kilopascal", 1e3], bar: ["bar", 1e5], atm: ["standard atmosphere", 101325],
    psi: ["pound-force per square inch", 4.4482216152605 / 0.0254 ** 2], mmHg: ["millimetre of mercury", 133.322387415],
  },
  energy: {
    J: ["joule", 1], kJ: ["kilojoule", 1e3], cal: ["calorie", 4.184], kcal: ["kilocalorie", 4184],
    Wh: ["watt hour", 3600], kWh: ["kilowatt hour", 3.6e6], eV: ["electronvolt", 1.602176634e-19],
    BTU: ["British thermal unit", 1055.05585262],
  },
  data: {
    bit: ["bit", 1], B: ["byte", 8], kB: ["kilobyte", 8e3], MB: ["megabyte", 8e6], GB: ["gigabyte", 8e9],
    TB: ["terabyte", 8e12], KiB: ["kibibyte", 8 * 2 ** 10], MiB: ["mebibyte", 8 * 2 ** 20],
    GiB: ["gibibyte", 8 * 2 ** 30], TiB: ["tebibyte", 8 * 2 ** 40],
  },
};

const UNITS = Object.entries(DIMENSIONS).flatMap(([dimension, units]) =>
  Object.entries(units).map(([symbol, [name, factor, offset = 0]]) => ({ symbol, name, dimension, factor, offset })),
);

// By symbol, then by name; case counts only where it must (`MB` and `mb` would be different things).
function find(text) {
  const wanted = text.trim();
  const folded = wanted.toLowerCase();
  const named = (unit) => unit.name.toLowerCase() === folded || `${unit.name.toLowerCase()}s` === folded;
  const found =
    UNITS.find((unit) => unit.symbol === wanted) ??
    UNITS.find(named) ??
    only(UNITS.filter((unit) => unit.symbol.toLowerCase() === folded));
  if (!found) throw `there is no unit ${JSON.stringify(text)}; list-units tells which there are`;
  return found;
}

const only = (found) => (found.length === 1 ? found[0] : undefined);

export function convert(value, source, target) {
  const from = find(source);
  const to = find(target);
  if (from.dimension !== to.dimension) {
    throw `${from.symbol} is a unit of ${from.dimension}, and ${to.symbol} one of ${to.dimension}`;
  }
  const base = value * from.factor + from.offset;
  // Twelve digits are more than anything was measured with, and hide that binary fractions are not decimal ones.
  const converted = Number(((base - to.offset) / to.factor).toPrecision(12));
  return { value: converted, unit: to.symbol, dimension: to.dimension };
}

export function listUnits(dimension) {
  return UNITS.filter((unit) => dimension === undefined || dimension === null || unit.dimension === dimension).map(
    ({ symbol, name, dimension }) => ({ symbol, name, dimension }),
  );
}
