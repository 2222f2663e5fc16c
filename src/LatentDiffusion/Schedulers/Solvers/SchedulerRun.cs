using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>
/// Shared by all runs: the position, the checks, the precision of the arithmetic and the life of tensors. A run adds
/// one method, <see cref="Advance"/>.
/// </summary>
internal abstract class SchedulerRun : ISchedulerRun
{
    private readonly INoiseSource? _noise;
    private bool _disposed;

    protected SchedulerRun(SamplingPlan plan, INoiseSource? noise)
    {
        (Plan, _noise) = (plan, noise);
        StepIndex = plan.BeginIndex;
    }

    public SamplingPlan Plan { get; }

    public int StepIndex { get; private set; }

    protected IReadOnlyList<double> Timesteps => Plan.Timesteps;

    protected IReadOnlyList<double> Sigmas => Plan.Sigmas;

    protected double Timestep => Timesteps[StepIndex];

    /// <summary>Whether the model gives twice the channels of the sample, the second half for the variance.</summary>
    protected virtual bool TakesLearnedVariance => false;

    public Tensor ScaleModelInput(Tensor sample)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ThrowIfCompleted();
        double scale = InputScale;
        return scale == 1 ? sample : sample.Multiply(scale);
    }

    public Tensor Step(Tensor modelOutput, Tensor sample)
    {
        ArgumentNullException.ThrowIfNull(modelOutput);
        ArgumentNullException.ThrowIfNull(sample);
        ThrowIfCompleted();
        CheckShapes(modelOutput, sample);
        if (Plan.Options.CheckFinite) CheckFinite(modelOutput);

        using DisposeScope scope = NewDisposeScope();
        Tensor next = Advance(Widen(modelOutput), Widen(sample));
        if (next.dtype != sample.dtype) next = next.to(sample.dtype);
        StepIndex++;
        return next.MoveToOuterDisposeScope();
    }

    public Tensor AddNoise(Tensor sample, Tensor noise)
    {
        ArgumentNullException.ThrowIfNull(sample);
        ArgumentNullException.ThrowIfNull(noise);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (StepIndex >= Timesteps.Count) return sample.clone();
        NoiseLevel level = NoisyLevel;
        using DisposeScope scope = NewDisposeScope();
        return LinearCombination.Compute((level.Alpha, sample), (level.Sigma, noise)).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        Forget();
    }

    /// <summary>The factor of the model's input at the current step.</summary>
    protected virtual double InputScale => 1;

    /// <summary>The level of <see cref="AddNoise"/> at the current step.</summary>
    protected abstract NoiseLevel NoisyLevel { get; }

    /// <summary>One step, as a new tensor. Its other tensors are disposed afterwards, except those added to a history.</summary>
    /// <param name="output">The model's output, in single precision or better.</param>
    /// <param name="sample">The sample, likewise.</param>
    protected abstract Tensor Advance(Tensor output, Tensor sample);

    /// <summary>Releases the method's history.</summary>
    protected virtual void Forget()
    {
    }

    /// <summary>The next noise; the run was only started if there is a source.</summary>
    protected Tensor NextNoise(Tensor like) => _noise!.NextLike(like);

    /// <summary>The first half of the channels of <paramref name="output"/> where the second half is the variance.</summary>
    protected static Tensor MeanOf(Tensor output, Tensor sample) =>
        output.shape[1] == sample.shape[1] ? output : output.narrow(1, 0, sample.shape[1]);

    private void ThrowIfCompleted()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (StepIndex >= Timesteps.Count)
            throw new InvalidOperationException($"All {Timesteps.Count} evaluations of this run are done.");
    }

    private void CheckShapes(Tensor output, Tensor sample)
    {
        long[] expected = sample.shape;
        if (output.shape.SequenceEqual(expected)) return;
        if (TakesLearnedVariance && expected.Length > 1)
        {
            expected[1] *= 2;
            if (output.shape.SequenceEqual(expected)) return;
        }

        throw new ArgumentException(
            $"A sample of shape [{Text(sample.shape)}] needs a model output of shape [{Text(expected)}]; it has [{Text(output.shape)}].",
            nameof(output));

        static string Text(long[] shape) => string.Join(", ", shape);
    }

    private void CheckFinite(Tensor output)
    {
        using DisposeScope scope = NewDisposeScope();
        if (!isfinite(output).all().item<bool>())
        {
            throw new NotFiniteNumberException(
                $"The model output of evaluation {StepIndex + 1} of {Timesteps.Count} (timestep {Timestep}) is not finite.");
        }
    }

    /// <summary>Half precision is too coarse to step in.</summary>
    private static Tensor Widen(Tensor tensor) =>
        tensor.dtype is ScalarType.Float32 or ScalarType.Float64 ? tensor : tensor.to(ScalarType.Float32);
}
