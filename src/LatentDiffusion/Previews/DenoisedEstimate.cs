using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>What a step's prediction says of the clean sample.</summary>
internal static class DenoisedEstimate
{
    /// <summary>Below this much signal the noise says nothing of the sample, and dividing by it would only magnify errors.</summary>
    private const double LeastSignal = 1e-2;

    /// <summary>x_0 as the model sees it at the run's current step.</summary>
    /// <param name="type">What the prediction is of.</param>
    /// <param name="run">The run, before its step.</param>
    /// <param name="sample">x_t, not scaled.</param>
    /// <param name="prediction">The model's output for it.</param>
    public static Tensor Of(PredictionType type, ISchedulerRun run, Tensor sample, Tensor prediction)
    {
        using DisposeScope scope = NewDisposeScope();
        // Beside it there may be the variance.
        prediction = prediction.narrow(1, 0, sample.shape[1]);
        (double a, double s) = LevelOf(run);
        double length = Math.Sqrt(a * a + s * s);
        Tensor estimate = type switch
        {
            PredictionType.Sample => prediction.alias(),
            PredictionType.Velocity => (sample.Multiply(a / length) - prediction.Multiply(s)).Divide(length),
            PredictionType.Flow => (sample - prediction.Multiply(s)).Divide(a + s),
            _ => (sample - prediction.Multiply(s)).Divide(Math.Max(a, LeastSignal)),
        };
        return estimate.MoveToOuterDisposeScope();
    }

    /// <summary>x_t = a·x_0 + s·ε, variance preserving or not.</summary>
    private static (double A, double S) LevelOf(ISchedulerRun run)
    {
        if (run is SchedulerRun own) return (own.SampleLevel.Alpha, own.SampleLevel.Sigma);
        // Of a scheduler that is not the library's the forward process itself tells it.
        Tensor one = ones(1, 1, 1, 1, ScalarType.Float32), none = zeros_like(one);
        return (run.AddNoise(one, none).item<float>(), run.AddNoise(none, one).item<float>());
    }
}
