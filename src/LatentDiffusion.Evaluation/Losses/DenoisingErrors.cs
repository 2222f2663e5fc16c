using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>The denoiser's error on each image at each of several timesteps, with fixed noise.</summary>
/// <param name="denoiser">The denoiser.</param>
/// <param name="process">The forward process.</param>
/// <param name="set">The images.</param>
/// <param name="seed">The noise's seed.</param>
/// <param name="batchSize">Images per evaluation of the network.</param>
/// <param name="progress">Receives the fraction of the work that is done, in [0, 1].</param>
/// <param name="cancellationToken">Checked before each evaluation.</param>
internal sealed class DenoisingErrors(
    IDenoiser denoiser, DiffusionProcess process, EvaluationSet set, ulong seed, int batchSize, IProgress<double>? progress,
    CancellationToken cancellationToken)
{
    private double _done;

    /// <summary>Number of image evaluations planned in total, for the progress.</summary>
    public required long Planned { private get; init; }

    /// <summary>Processes that divide the evaluations; null for one.</summary>
    public IProcessGroup? Processes { private get; init; }

    /// <summary>A batch of predictions.</summary>
    /// <param name="Clean">x_0.</param>
    /// <param name="Noisy">x_t.</param>
    /// <param name="Prediction">The network's output, or its first half if it learned variances.</param>
    /// <param name="Target">The true value of the prediction.</param>
    /// <param name="Variance">The output's second half; null for a network without learned variances.</param>
    public sealed record Batch(Tensor Clean, Tensor Noisy, Tensor Prediction, Tensor Target, Tensor? Variance);

    /// <summary>Mean squared error of each image.</summary>
    public static Tensor MeanSquare(Batch batch) =>
        (batch.Prediction - batch.Target).to(ScalarType.Float64).Square().mean([1, 2, 3]);

    /// <summary>Evaluates the denoiser at every timestep on every image.</summary>
    /// <param name="timesteps">The timesteps.</param>
    /// <param name="measure">One float64 number per image, [batch].</param>
    /// <returns>One row per timestep with one number per image.</returns>
    public double[][] At(IReadOnlyList<int> timesteps, Func<Batch, Tensor> measure)
    {
        int[][] batches = [.. Enumerable.Range(0, set.Count).Chunk(batchSize)];
        double[][] errors = Processes.ShareNumbers(
            timesteps.Count * batches.Length,
            i => [.. Evaluate(timesteps[i / batches.Length], batches[i % batches.Length], batch => measure(batch).unsqueeze(1))
                .Select(numbers => numbers[0])]);
        return [.. errors.Chunk(batches.Length).Select(row => row.SelectMany(numbers => numbers).ToArray())];
    }

    /// <summary>Evaluates the denoiser at one timestep on selected images.</summary>
    /// <param name="t">The timestep.</param>
    /// <param name="images">Indices of the images.</param>
    /// <param name="measure">float64 numbers of each image, [batch, numbers].</param>
    /// <returns>The numbers of each image, in the order of the indices.</returns>
    public double[][] At(int t, IReadOnlyList<int> images, Func<Batch, Tensor> measure)
    {
        int[][] batches = [.. images.Chunk(batchSize)];
        double[][] shared = Processes.ShareNumbers(
            batches.Length, i => [.. Evaluate(t, batches[i], measure).SelectMany(numbers => numbers)]);
        return [.. shared.SelectMany((numbers, i) => numbers.Chunk(numbers.Length / batches[i].Length))];
    }

    private double[][] Evaluate(int t, int[] batch, Func<Batch, Tensor> measure)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        double timestep = process.NetworkTimestep(t);
        NoiseLevel level = process.LevelAt(timestep);
        (double a, double b) = process.TargetWeights(level);
        Tensor clean = Chosen(set.Latents), noise = FixedNoise.Create(seed, batch, t, clean);
        Tensor noisy = clean.Multiply(level.Alpha).Add(noise.Multiply(level.Sigma));
        Tensor prediction = denoiser.Predict(new DenoiserInput
        {
            Latents = noisy, Timesteps = [timestep], Conditioning = set.Conditioning.Map(Chosen),
            CancellationToken = cancellationToken,
        });
        // A network with learned variance has twice the output channels, the prediction first.
        long channels = clean.shape[1];
        Tensor? variance = prediction.shape[1] == 2 * channels ? prediction.narrow(1, channels, channels) : null;
        if (variance is not null) prediction = prediction.narrow(1, 0, channels);
        Tensor values = measure(new Batch(clean, noisy, prediction, clean.Multiply(a).Add(noise.Multiply(b)), variance));
        // The other processes have come as far.
        progress?.Report(Math.Min(1, (_done += batch.Length * (Processes?.Size ?? 1)) / Planned));
        return [.. values.cpu().data<double>().ToArray().Chunk((int)values.shape[1])];

        Tensor Chosen(Tensor all) => all.index_select(0, tensor(batch.Select(i => (long)i).ToArray(), device: all.device));
    }
}
