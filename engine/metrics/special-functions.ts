/** The special functions behind intervals and p-values, to about 14 digits (Press et al., Numerical Recipes, chapter 6). */

/** ln Γ(x) for x > 0 by Lanczos' approximation, g = 7 with nine terms. */
function logGamma(x: number): number {
  const shifted = x - 1;
  const series = lanczos.reduce((sum, coefficient, index) => sum + coefficient / (shifted + index + 1), lanczosFirst);
  const base = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(base) - base + Math.log(series);
}

const lanczosFirst = 0.99999999999980993;
const lanczos = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** Regularised incomplete beta function I_x(a, b), 0 ≤ x ≤ 1; a, b > 0. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const logBeta = logGamma(a) + logGamma(b) - logGamma(a + b);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) - logBeta);
  // The fraction converges quickly below the mean only; above it the symmetric tail is taken.
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** Continued fraction of the incomplete beta function by Lentz's method. */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const away = (value: number): number => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m < 10_000; m += 1) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away(1 + even * d);
    c = away(1 + even / c);
    fraction *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away(1 + odd * d);
    c = away(1 + odd / c);
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return fraction;
}

/** The x with I_x(a, b) = share, by bisection. */
export function inverseIncompleteBeta(share: number, a: number, b: number): number {
  let [low, high] = [0, 1];
  for (let halving = 0; halving < 200 && high - low > 1e-16 * high; halving += 1) {
    const middle = (low + high) / 2;
    if (incompleteBeta(middle, a, b) < share) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(X ≥ x) of the χ² distribution with one degree of freedom: erfc(√(x/2)). */
export function chiSquareTail(x: number): number {
  const half = x / 2;
  if (half <= 0) return 1;
  const front = Math.exp(-half + 0.5 * Math.log(half)) / Math.sqrt(Math.PI);
  if (half < 1.5) {
    let term = 2;
    let sum = term;
    for (let k = 1; term > sum * 1e-17; k += 1) {
      term *= half / (0.5 + k);
      sum += term;
    }
    return 1 - front * sum;
  }
  // Γ(½, x) as a continued fraction by Lentz's method.
  let b = half + 0.5;
  let c = 1e300;
  let d = 1 / b;
  let fraction = d;
  for (let k = 1; k < 10_000; k += 1) {
    const numerator = -k * (k - 0.5);
    b += 2;
    d = 1 / (numerator * d + b);
    c = b + numerator / c;
    fraction *= d * c;
    if (Math.abs(d * c - 1) < 1e-16) break;
  }
  return front * fraction;
}
