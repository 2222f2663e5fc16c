using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The variational bound's term of each sample for a network that also gives the variance (Nichol &amp; Dhariwal 2021,
/// section 3.1): log Σ = f·log β_t + (1−f)·log β̃_t, f = (v+1)/2 from the second half of its output. Gradients reach the
/// variance only; the mean is taken as it is.
/// </summary>
/// <remarks>
/// At the first timestep stands the negative log-likelihood of x_0. For pixels the paper integrates it over the 256
/// levels; latents are continuous, so here it is that of the density.
/// </remarks>
internal sealed class LearnedVarianceLoss
{
    private readonly DiffusionProcess _process;
    private readonly NoiseSchedule _schedule;

    /// <exception cref="ArgumentException">A timestep's variance or sample cannot be derived from the network's output.</exception>
    public LearnedVarianceLoss(DiffusionProcess process)
    {
        NoiseSchedule schedule = process.Schedule ?? throw new ArgumentException("A flow has no variances to learn.", nameof(process));
        (_process, _schedule) = (process, schedule);
        for (int t = 0; t < schedule.Timesteps; t++)
        {
            if (schedule.Betas[t] <= 0)
            {
                throw new ArgumentException(
                    $"Learned variances lie between logarithms of variances, and β of timestep {t} is {schedule.Betas[t]}.",
                    nameof(process));
            }

            if (process.PredictionType == PredictionType.Epsilon && schedule.AlphasCumprod[t] <= 0)
            {
                throw new ArgumentException(
                    $"Timestep {t} has no signal (zero terminal SNR), so ε does not determine the mean; "
                    + "learn variances with Velocity or Sample.",
                    nameof(process));
            }
        }
    }

    /// <summary>L_t, in bits a value.</summary>
    /// <param name="sample">x_0, [batch, channels, height, width].</param>
    /// <param name="noisy">x_t.</param>
    /// <param name="timesteps">int64 [batch].</param>
    /// <param name="prediction">The first half of the network's output.</param>
    /// <param name="variance">The second half, v.</param>
    /// <returns>[batch].</returns>
    public Tensor Compute(Tensor sample, Tensor noisy, Tensor timesteps, Tensor prediction, Tensor variance)
    {
        using DisposeScope scope = NewDisposeScope();
        int[] t = [.. timesteps.data<long>().Select(i => (int)i)];
        Tensor estimate = _process.ToClean(prediction.detach(), noisy, timesteps);
        // Both means share the noisy sample's part.
        Tensor square = (Each(i => _schedule.PosteriorMean(i).Clean) * (sample - estimate)).Square();
        Tensor lower = Each(_schedule.PosteriorLogVariance), upper = Each(i => Math.Log(_schedule.Betas[i]));
        Tensor logVariance = lower.Add(variance.Add(1).Divide(2) * (upper - lower));
        Tensor divergence = (logVariance - lower).Add(-1).Add((lower - logVariance).exp()).Add(square * (-logVariance).exp()).Multiply(0.5);
        Tensor likelihood = logVariance.Add(Math.Log(2 * Math.PI)).Add(square * (-logVariance).exp()).Multiply(0.5);
        Tensor nats = where(timesteps.EqualTo(0).view(-1, 1, 1, 1).to(sample.device), likelihood, divergence);
        return nats.flatten(1).mean([1]).Divide(Math.Log(2)).MoveToOuterDisposeScope();

        Tensor Each(Func<int, double> value) => tensor(t.Select(value).ToArray()).to(sample.dtype, sample.device).view(-1, 1, 1, 1);
    }
}
