using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>The denoiser's error on each picture at each of some timesteps, over fixed noise.</summary>
/// <param name="denoiser">The denoiser.</param>
/// <param name="process">What it undoes.</param>
/// <param name="set">The pictures.</param>
/// <param name="seed">The noise's seed.</param>
/// <param name="batchSize">How many pictures go through the network at once.</param>
/// <param name="planned">At how many timesteps it will be evaluated in all, for the progress.</param>
/// <param name="progress">Told the share of the work that is done, in [0, 1].</param>
/// <param name="cancellationToken">Stops it before the next evaluation.</param>
internal sealed class DenoisingErrors(
    IDenoiser denoiser, DenoisingProcess process, EvaluationSet set, ulong seed, int batchSize, int planned, IProgress<double>? progress, CancellationToken cancellationToken)
{
    private double _done;

    /// <summary>What is looked at of a batch of predictions.</summary>
    /// <param name="Clean">x_0.</param>
    /// <param name="Noisy">x_t.</param>
    /// <param name="Prediction">The network's output.</param>
    /// <param name="Target">What it stands for.</param>
    public sealed record Batch(Tensor Clean, Tensor Noisy, Tensor Prediction, Tensor Target);

    /// <summary>Mean squared error of each picture.</summary>
    public static Tensor MeanSquare(Batch batch) =>
        (batch.Prediction - batch.Target).to(ScalarType.Float64).Squared().mean([1, 2, 3]);

    /// <summary>Evaluates the denoiser at every timestep on every picture.</summary>
    /// <param name="timesteps">Where it is evaluated.</param>
    /// <param name="measure">One float64 number a picture, [batch].</param>
    /// <returns>One row a timestep, in it one number a picture.</returns>
    public double[][] At(IReadOnlyList<int> timesteps, Func<Batch, Tensor> measure)
    {
        using IDisposable noGrad = no_grad();
        return [.. timesteps.Select(t => At(t, measure))];
    }

    private double[] At(int t, Func<Batch, Tensor> measure)
    {
        (double signal, double level) = process.Level(t);
        (double a, double b) = process.Target(t);
        var errors = new double[set.Count];
        for (int first = 0; first < set.Count; first += batchSize)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int count = Math.Min(batchSize, set.Count - first);
            using DisposeScope scope = NewDisposeScope();
            Tensor clean = set.Latents.narrow(0, first, count), noise = FixedNoise.Of(seed, first, t, clean);
            Tensor noisy = clean.Times(signal).Plus(noise.Times(level));
            Tensor prediction = denoiser.Predict(noisy, process.NetworkTimestep(t), set.Conditioning.Slice(first, count));
            // A network with learned variance gives twice the channels, the prediction first.
            if (prediction.shape[1] == 2 * clean.shape[1]) prediction = prediction.narrow(1, 0, clean.shape[1]);
            Tensor values = measure(new Batch(clean, noisy, prediction, clean.Times(a).Plus(noise.Times(b))));
            values.cpu().data<double>().CopyTo(errors, first);
            progress?.Report((_done += count) / ((double)planned * set.Count));
        }

        return errors;
    }
}
