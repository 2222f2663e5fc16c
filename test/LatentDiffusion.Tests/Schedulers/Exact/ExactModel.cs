using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Schedulers.Exact;

/// <summary>The exact denoiser of known data, in the form that a scheduler's model has.</summary>
public sealed class ExactModel(GaussianMixture data, NoiseScheduler scheduler)
{
    private const double EdmSigmaData = 0.5;

    private readonly bool _edm = scheduler is EdmEulerScheduler or EdmDpmSolverScheduler;

    /// <summary>α and σ of the sample at a run's current evaluation, found by asking the run.</summary>
    public (double Alpha, double Sigma) LevelOf(ISchedulerRun run)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor one = ones(1, dtype: ScalarType.Float64), zero = zeros_like(one);
        double scale = run.ScaleModelInput(one).item<double>();
        return scale < 1 && !_edm
            ? (1, Math.Sqrt((1 / (scale * scale)) - 1))
            : (run.AddNoise(one, zero).item<double>(), run.AddNoise(zero, one).item<double>());
    }

    /// <summary>The output for the unscaled sample.</summary>
    public Tensor Predict(ISchedulerRun run, Tensor x)
    {
        (double alpha, double sigma) = LevelOf(run);
        using DisposeScope scope = NewDisposeScope();
        return Output(x, data.Denoise(x, alpha, sigma), alpha, sigma).MoveToOuterDisposeScope();
    }

    /// <summary>The output that says a given x_0.</summary>
    public Tensor Output(Tensor x, Tensor clean, double alpha, double sigma)
    {
        if (_edm)
        {
            double total = (sigma * sigma) + (EdmSigmaData * EdmSigmaData);
            return clean.Add(x, -EdmSigmaData * EdmSigmaData / total).Divide(sigma * EdmSigmaData / Math.Sqrt(total));
        }

        Tensor noise = x.Add(clean, -alpha).Divide(sigma);
        return scheduler.PredictionType switch
        {
            PredictionType.Epsilon => noise,
            PredictionType.Sample => clean,
            PredictionType.Flow => noise - clean,
            _ => VelocityOf(clean, noise, alpha, sigma),
        };
    }

    private static Tensor VelocityOf(Tensor clean, Tensor noise, double alpha, double sigma)
    {
        double norm = Math.Sqrt((alpha * alpha) + (sigma * sigma));
        return noise.Multiply(alpha).Add(clean, -sigma).Divide(norm);
    }
}
