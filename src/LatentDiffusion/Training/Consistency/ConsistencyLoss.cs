using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The loss of latent consistency distillation (Luo et al. 2023, equation 18 and algorithm 1): from a noisy sample the
/// guided teacher goes one point back, and the student's prediction is compared with what the target network
/// makes of where the teacher came to.
/// </summary>
/// <param name="path">Points of the trajectory.</param>
/// <param name="interval">Where the teacher is guided.</param>
/// <param name="readsScale">Whether the student reads the guidance scale.</param>
/// <param name="options">Scales and distance.</param>
internal sealed class ConsistencyLoss(ConsistencyPath path, IntervalGuidance interval, bool readsScale, ConsistencyTrainingOptions options)
{
    /// <param name="sample">Clean samples, [batch, channels, height, width]; all is computed in their type.</param>
    /// <param name="text">Conditioning of their texts.</param>
    /// <param name="empty">Conditioning of the empty text, of the same shapes.</param>
    /// <param name="random">Draws points, scales and noise, in this order.</param>
    /// <param name="student">Evaluates the student; called once, with gradients.</param>
    /// <param name="target">Evaluates the target network.</param>
    /// <param name="teacher">Evaluates the teacher.</param>
    public Tensor Compute(
        Tensor sample, Conditioning text, Conditioning empty, Generator random,
        Func<DenoiserInput, Tensor> student, Func<DenoiserInput, Tensor> target, Func<DenoiserInput, Tensor> teacher)
    {
        int batch = (int)sample.shape[0];
        int[] points = [.. randint(1, options.SolverSteps + 1, [batch], dtype: ScalarType.Int64, generator: random)
            .data<long>()
            .Select(n => (int)n)];
        double[] scales = [.. rand(batch, generator: random)
            .data<float>()
            .Select(u => double.Lerp(options.GuidanceMinimum, options.GuidanceMaximum, u))];
        Tensor noise = randn(sample.shape, generator: random).to(sample.dtype);
        Tensor noisy = path.Schedule.AddNoise(sample, noise, Timesteps(points.Select(path.Timestep)));
        double[]? guidance = readsScale ? scales : null;
        int[] edges = [.. points.Select(path.Edge)];

        Tensor goal;
        using (no_grad())
        {
            Tensor earlier = Solve(noisy, points, scales, text, empty, teacher);
            goal = End(earlier, [.. points.Select(n => n - 1)], edges, text, guidance, target);
        }

        return Distance(End(noisy, points, edges, text, guidance, student), goal);
    }

    /// <summary>The consistency function of a network.</summary>
    private Tensor End(Tensor noisy, int[] points, int[] edges, Conditioning text, double[]? guidance, Func<DenoiserInput, Tensor> network)
    {
        if (points.SequenceEqual(edges)) return noisy;
        // At an image, which has no timestep, the answer has no weight.
        Tensor output = network(Input(noisy, points.Select(n => Math.Max(path.Timestep(n), 0)), text) with { GuidanceScales = guidance });
        return Combine([.. points.Zip(edges, path.End)], noisy, output);
    }

    /// <summary>One point back along the guided teacher's trajectory.</summary>
    private Tensor Solve(
        Tensor noisy, int[] points, double[] scales, Conditioning text, Conditioning empty, Func<DenoiserInput, Tensor> teacher)
    {
        int[] at = [.. points.Select(path.Timestep)];
        for (int i = 0; i < options.SolverEvaluations; i++)
        {
            int[] to = [.. at.Select(t => t - path.Substep)];
            noisy = Combine([.. at.Zip(to, path.Step)], noisy, Guided(noisy, at, scales, text, empty, teacher));
            at = to;
        }

        return noisy;
    }

    /// <summary>
    /// Classifier-free guidance, each sample with its scale; the empty text is evaluated only for those that are guided.
    /// </summary>
    private Tensor Guided(
        Tensor noisy, int[] timesteps, double[] scales, Conditioning text, Conditioning empty, Func<DenoiserInput, Tensor> teacher)
    {
        long[] guided = [.. Enumerable.Range(0, timesteps.Length)
            .Where(i => scales[i] != 1 && interval.Contains(timesteps[i]))
            .Select(i => (long)i)];
        if (guided.Length == 0) return teacher(Input(noisy, timesteps, text));
        Tensor rows = tensor(guided);
        Tensor both = teacher(Input(
            cat([noisy, noisy.index_select(0, rows)]), [.. timesteps, .. guided.Select(i => timesteps[i])],
            Conditioning.Concat(text, empty.Map(one => one.index_select(0, rows)))));
        Tensor with = both.narrow(0, 0, timesteps.Length), without = both.narrow(0, timesteps.Length, guided.Length);
        Tensor added = Each(guided.Select(i => scales[i] - 1), noisy) * (with.index_select(0, rows) - without);
        return with.AddRows(rows, added);
    }

    private static DenoiserInput Input(Tensor noisy, IEnumerable<int> timesteps, Conditioning text) =>
        new() { Latents = noisy, Timesteps = [.. timesteps.Select(t => (double)t)], Conditioning = text };

    private Tensor Distance(Tensor one, Tensor other)
    {
        Tensor square = (one - other).Square();
        return (options.HuberDelta is { } delta ? square.Add(delta * delta).sqrt().Add(-delta) : square).mean();
    }

    private static Tensor Combine(PredictionWeights[] weights, Tensor sample, Tensor output) =>
        (Each(weights.Select(w => w.Noisy), sample) * sample).Add(Each(weights.Select(w => w.Prediction), sample) * output);

    private static Tensor Each(IEnumerable<double> values, Tensor like) => tensor(values.ToArray()).to(like.dtype).view(-1, 1, 1, 1);

    private static Tensor Timesteps(IEnumerable<int> values) => tensor(values.Select(t => (long)t).ToArray());
}
