using static System.Math;
using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// The improved pseudo numerical method (Zhang &amp; Chen 2023, section 4; after Liu et al. 2022): a linear multistep method of up
/// to fourth order without Runge-Kutta steps, for models of continuous time in [0, 1] that predict velocity. Deterministic; one
/// evaluation a step. Published class <c>IPNDMScheduler</c>.
/// </summary>
public sealed class IpndmScheduler : NoiseScheduler
{
    /// <summary>The published name of this class.</summary>
    public const string ClassName = "IPNDMScheduler";

    /// <summary>Creates the scheduler.</summary>
    /// <param name="config">Options; null for the published defaults.</param>
    /// <exception cref="ArgumentException">An option is unknown or not valid; the message names it.</exception>
    public IpndmScheduler(SchedulerConfig? config = null)
    {
        OptionReader options = new(ClassName, config);
        PredictionType = PredictionType.Velocity;
        TrainingTimesteps = options.Int("num_train_timesteps", 1000, max: ScheduleOptions.MostTimesteps);
        if (options.Doubles("trained_betas") is not null)
            throw new ArgumentException($"trained_betas other than null is not supported for a {ClassName}.");
        Complete(options);
    }

    /// <summary>σ falls as a squared sine; a timestep is the angle whose sine σ is, as a fraction of a right angle.</summary>
    private protected override SamplingGrid MakeGrid(SamplingOptions options)
    {
        double[] sigmas = [.. Grids.Linspace(1, 0, options.Steps + 1)[..^1].Select(u => Pow(Sin(u * PI / 2), 2))];
        return new SamplingGrid(
            Grids.ToSingle(sigmas.Select(sigma => Asin(sigma) / PI * 2)),
            [.. sigmas.Select(sigma => sigma / Sqrt(1 - sigma * sigma)), 0]);
    }

    private protected override ISchedulerRun CreateRun(SamplingPlan plan, INoiseSource? noise) =>
        new Run(plan, noise, SolverLevels.FromPlan(plan, flow: false), Process);

    private sealed class Run(SamplingPlan plan, INoiseSource? noise, NoiseLevel[] levels, DiffusionProcess process)
        : SolverRun(plan, noise, levels, memory: 4)
    {
        protected override Tensor Advance(Tensor output, Tensor sample)
        {
            (NoiseLevel from, NoiseLevel to) = (Level(0), Level(-1));
            Outputs.Add(process.ToNoise(output, sample, from));
            Tensor combined = AdamsBashforth.Combine(Outputs);

            // First of all the difference: it is zero at the first step, where the signal that divides it is too.
            Tensor signal = LinearCombination.Compute((1, sample), (-from.Sigma, combined));
            return LinearCombination.Compute((to.Alpha / Max(from.Alpha, 1e-8), signal), (to.Sigma, combined));
        }
    }
}
