using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Samplers as the papers write them, step by step, over Stable Diffusion's schedule with "leading" timesteps one later.</summary>
internal abstract class PlainSampler
{
    private const int Training = 1000;

    /// <summary>√β evenly spaced from √0.00085 to √0.012 (Rombach et al. 2022), ᾱ_t the product of 1 − β (Ho et al. 2020).</summary>
    private static readonly double[] s_alphaBars = [.. AlphasCumprod()];

    /// <summary>Where the network is evaluated.</summary>
    public int[] Timesteps { get; private init; } = [];

    /// <summary>Whether the network gives velocity (Salimans &amp; Ho 2022), in place of noise.</summary>
    protected bool Velocity { get; private init; }

    /// <summary>Where stochastic samplers take their noise from.</summary>
    public Generator? Noise { get; set; }

    protected int Steps => Timesteps.Length;

    public virtual double InitialSigma => 1;

    public static PlainSampler Create(string name, int steps, bool velocity) => name switch
    {
        "ddim" => new Ddim { Velocity = velocity, Timesteps = Leading(steps, Training / steps, 0) },
        "euler-a" => new EulerAncestral { Velocity = velocity, Timesteps = Leading(steps, Training / steps, 0) },
        "euler" => new Euler { Velocity = velocity, Timesteps = Leading(steps, Training / steps, 0) },
        // DPM-Solver divides the schedule into one part more, and does not evaluate at its clean end.
        "dpm++" => new DpmSolver { Velocity = velocity, Timesteps = Leading(steps, Training / (steps + 1), 1) },
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };

    /// <summary>Standard deviation of the noise over the signal's share at a timestep, √((1−ᾱ)/ᾱ).</summary>
    public static double Sigma(int timestep) => Math.Sqrt((1 - s_alphaBars[timestep]) / s_alphaBars[timestep]);

    /// <summary>A clean sample at the level of evaluation <paramref name="i"/>; after the last, itself.</summary>
    public abstract Tensor Noised(Tensor clean, Tensor noise, int i);

    /// <summary>The tensor as the network sees it.</summary>
    public virtual Tensor Seen(Tensor x, int i) => x;

    /// <summary>The sample after evaluation <paramref name="i"/>.</summary>
    public abstract Tensor Step(Tensor x, Tensor output, int i);

    protected double Root(int i) => i < Steps ? Math.Sqrt(s_alphaBars[Timesteps[i]]) : 1;

    protected double NoiseRoot(int i) => i < Steps ? Math.Sqrt(1 - s_alphaBars[Timesteps[i]]) : 0;

    /// <summary>x_0 of a sample of variance 1.</summary>
    protected Tensor Clean(Tensor x, Tensor output, int i) =>
        Velocity ? Root(i) * x - NoiseRoot(i) * output : (x - NoiseRoot(i) * output) / Root(i);

    private static int[] Leading(int steps, int stride, int shift) =>
        [.. Enumerable.Range(shift, steps).Reverse().Select(i => i * stride + 1)];

    private static IEnumerable<double> AlphasCumprod()
    {
        double product = 1, first = Math.Sqrt(0.00085), last = Math.Sqrt(0.012);
        for (int t = 0; t < Training; t++)
        {
            double root = first + (last - first) * t / (Training - 1);
            yield return product *= 1 - root * root;
        }
    }

    /// <summary>Song et al. 2021, equation 12 with η = 0; beyond the first timestep, ᾱ is ᾱ_0.</summary>
    private sealed class Ddim : PlainSampler
    {
        public override Tensor Noised(Tensor clean, Tensor noise, int i) => Root(i) * clean + NoiseRoot(i) * noise;

        public override Tensor Step(Tensor x, Tensor output, int i)
        {
            double previous = s_alphaBars[Math.Max(Timesteps[i] - Training / Steps, 0)];
            Tensor clean = Clean(x, output, i);
            return Math.Sqrt(previous) * clean + Math.Sqrt(1 - previous) * ((x - Root(i) * clean) / NoiseRoot(i));
        }
    }

    /// <summary>Karras et al. 2022, algorithm 1 without its correction: x = x_0 + σ·ε, of which the network sees x/√(σ²+1).</summary>
    private class Euler : PlainSampler
    {
        public override double InitialSigma => Math.Sqrt(Level(0) * Level(0) + 1);

        public override Tensor Noised(Tensor clean, Tensor noise, int i) => clean + Level(i) * noise;

        public override Tensor Seen(Tensor x, int i) => x / Math.Sqrt(Level(i) * Level(i) + 1);

        public override Tensor Step(Tensor x, Tensor output, int i) =>
            x + (Level(i + 1) - Level(i)) * ((x - Clean(Seen(x, i), output, i)) / Level(i));

        protected double Level(int i) => i < Steps ? Sigma(Timesteps[i]) : 0;
    }

    /// <summary>
    /// The same to a lower level, and noise back up to that of the step: of the variance σ₂², σ₂²·(σ₁² − σ₂²)/σ₁² is new (Ho et
    /// al. 2020, equation 7, in σ; Song et al. 2021, equation 16 with η = 1). diffusers draws it in the last step too, where it has no
    /// share.
    /// </summary>
    private sealed class EulerAncestral : Euler
    {
        public override Tensor Step(Tensor x, Tensor output, int i)
        {
            double from = Level(i);
            double to = Level(i + 1);
            double up = Math.Sqrt(to * to * (from * from - to * to) / (from * from));
            double down = Math.Sqrt(to * to - up * up);
            Tensor direction = (x - Clean(Seen(x, i), output, i)) / from;
            return x + (down - from) * direction + up * randn(x.shape, generator: Noise!);
        }
    }

    /// <summary>Lu et al. 2022b, algorithm 2 (DPM-Solver++ 2M), begun and, as is best with few steps, ended in first order.</summary>
    private sealed class DpmSolver : PlainSampler
    {
        private (Tensor Clean, double Lambda)? _last;

        public override Tensor Noised(Tensor clean, Tensor noise, int i) => Root(i) * clean + NoiseRoot(i) * noise;

        public override Tensor Step(Tensor x, Tensor output, int i)
        {
            Tensor clean = Clean(x, output, i);
            double lambda = Math.Log(Root(i) / NoiseRoot(i));
            Tensor next;
            if (i == Steps - 1)
            {
                next = clean; // σ = 0, α = 1 and e^(−h) = 0.
            }
            else
            {
                double h = Math.Log(Root(i + 1) / NoiseRoot(i + 1)) - lambda;
                Tensor direction = clean;
                if (_last is { } last)
                {
                    double r = (lambda - last.Lambda) / h;
                    direction = (1 + 1 / (2 * r)) * clean - 1 / (2 * r) * last.Clean;
                }

                next = NoiseRoot(i + 1) / NoiseRoot(i) * x - Root(i + 1) * (Math.Exp(-h) - 1) * direction;
            }

            _last = (clean, lambda);
            return next;
        }
    }
}
