using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <content>Batches in which each sample has its own timestep, for training.</content>
public sealed partial class DiffusionProcess
{
    /// <summary>The forward process: clean samples with noise, each at its own timestep.</summary>
    /// <param name="clean">Clean samples x_0, [batch, …].</param>
    /// <param name="noise">Standard normal noise of the same shape.</param>
    /// <param name="timesteps">[batch]: int64 in [0, T) of a discrete schedule, floating-point in [0, T] of a flow.</param>
    /// <returns>x_t, in the data type of <paramref name="clean"/>.</returns>
    /// <exception cref="ArgumentException">Shapes or the timesteps' data type do not fit.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A timestep is not in [0, T).</exception>
    public Tensor AddNoise(Tensor clean, Tensor noise, Tensor timesteps)
    {
        if (Schedule is not null) return Schedule.AddNoise(clean, noise, timesteps);
        using DisposeScope scope = NewDisposeScope();
        Tensor share = PerSample(timesteps.Divide(TrainingTimesteps), clean);
        return (share.SubtractFrom(1) * clean).Add(share * noise).MoveToOuterDisposeScope();
    }

    /// <summary>The training target. May return <paramref name="clean"/> or <paramref name="noise"/> itself.</summary>
    /// <param name="clean">Clean samples x_0, [batch, …].</param>
    /// <param name="noise">The noise ε of x_t, of the same shape.</param>
    /// <param name="timesteps">As for <see cref="AddNoise"/>.</param>
    public Tensor Target(Tensor clean, Tensor noise, Tensor timesteps) => PredictionType switch
    {
        PredictionType.Epsilon => noise,
        PredictionType.Sample => clean,
        PredictionType.Velocity => Schedule!.Velocity(clean, noise, timesteps),
        _ => noise - clean,
    };

    /// <summary>The clean samples of predictions. May return <paramref name="prediction"/> itself.</summary>
    /// <param name="prediction">The network's output, [batch, …].</param>
    /// <param name="noisy">x_t, of the same shape.</param>
    /// <param name="timesteps">As for <see cref="AddNoise"/>.</param>
    public Tensor ToClean(Tensor prediction, Tensor noisy, Tensor timesteps)
    {
        if (PredictionType == PredictionType.Sample) return prediction;
        using DisposeScope scope = NewDisposeScope();
        if (PredictionType == PredictionType.Flow)
            return (noisy - PerSample(timesteps.Divide(TrainingTimesteps), noisy) * prediction).MoveToOuterDisposeScope();
        NoiseLevel[] levels = [.. timesteps.data<long>().Select(t => NoiseLevel.FromAlphaBar(Schedule!.AlphasCumprod[(int)t]))];
        Tensor alpha = PerSample(tensor(levels.Select(l => l.Alpha).ToArray()), noisy);
        Tensor sigma = PerSample(tensor(levels.Select(l => l.Sigma).ToArray()), noisy);
        Tensor clean = PredictionType == PredictionType.Epsilon
            ? (noisy - sigma * prediction) / alpha
            : alpha * noisy - sigma * prediction;
        return clean.MoveToOuterDisposeScope();
    }

    /// <summary>One factor per sample, shaped to broadcast over the other dimensions of <paramref name="like"/>.</summary>
    private static Tensor PerSample(Tensor values, Tensor like) =>
        values.to(like.dtype, like.device).view([-1, .. Enumerable.Repeat(1L, (int)like.dim() - 1)]);
}
