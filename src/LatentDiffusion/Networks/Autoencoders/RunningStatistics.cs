using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The statistics that a batch normalisation without scale and shift followed in training, under its published names. They are
/// buffers: nothing trains them.
/// </summary>
internal sealed class RunningStatistics : LayerGroup
{
    [ComponentName(Name = "running_mean")] private readonly Tensor _mean;
    [ComponentName(Name = "running_var")] private readonly Tensor _variance;
    [ComponentName(Name = Count)] private readonly Tensor _count;

    /// <summary>Name of the number of batches seen, which nothing reads.</summary>
    public const string Count = "num_batches_tracked";

    /// <param name="mean">[channels]; owned by the layer.</param>
    /// <param name="variance">[channels]; owned by the layer.</param>
    /// <param name="count">A whole number; owned by the layer.</param>
    public RunningStatistics(Tensor mean, Tensor variance, Tensor count) : base(nameof(RunningStatistics))
    {
        (_mean, _variance, _count) = (mean, variance, count);
        RegisterComponents();
    }

    /// <summary>Mean of each channel.</summary>
    public Tensor Mean => get_buffer("running_mean")!;

    /// <summary>Variance of each channel.</summary>
    public Tensor Variance => get_buffer("running_var")!;

    /// <summary>The numbers of a buffer.</summary>
    public static double[] ValuesOf(Tensor buffer)
    {
        using DisposeScope scope = NewDisposeScope();
        return [.. buffer.detach().cpu().to(ScalarType.Float64).data<double>()];
    }
}
