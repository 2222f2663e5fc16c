using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>The terms of the variational bound under each reverse variance of the network, from the same evaluations.</summary>
internal sealed class BoundEstimator
{
    /// <summary>Terms of each image under one variance, nats per dimension.</summary>
    /// <param name="Variance">The variance.</param>
    /// <param name="Divergences">Σ L_{t−1}.</param>
    /// <param name="Reconstruction">L_0.</param>
    /// <param name="Undenoised">L_0 with x_1 in place of x̂_0.</param>
    public sealed record Terms(ReverseVariance Variance, double[] Divergences, double[] Reconstruction, double[] Undenoised);

    private readonly DiffusionProcess _process;
    private readonly NoiseSchedule _schedule;
    private readonly EvaluationSet _set;
    private readonly VariationalBoundOptions _options;
    private readonly DivergenceSum _posterior, _beta;
    private readonly Strata.Stratum[] _strata;
    private readonly DenoisingErrors _errors;
    private readonly SortedDictionary<int, SortedSet<int>> _drawn = [];

    public BoundEstimator(
        IDenoiser denoiser, DiffusionProcess process, NoiseSchedule schedule, EvaluationSet set, VariationalBoundOptions options,
        IProgress<double>? progress, CancellationToken cancellationToken)
    {
        (_process, _schedule, _set, _options) = (process, schedule, set, options);
        _posterior = new DivergenceSum(process, schedule, ReverseVariance.Posterior);
        _beta = new DivergenceSum(process, schedule, ReverseVariance.Beta);
        _strata = Strata.Draw(1, schedule.Timesteps, options.Timesteps, options.Seed, power: 2);
        // The variances have different probabilities but a common random number: nearly all timesteps are the same.
        foreach (Strata.Stratum stratum in _strata)
            foreach (int image in Enumerable.Range(0, set.Count))
                foreach (DivergenceSum sum in new[] { _posterior, _beta })
                {
                    int t = sum.Draw(stratum, options.Seed, image);
                    if (!_drawn.TryGetValue(t, out SortedSet<int>? images)) _drawn[t] = images = [];
                    images.Add(image);
                }

        _errors = new DenoisingErrors(denoiser, process, set, options.Seed, options.BatchSize, progress, cancellationToken)
        {
            Planned = set.Count + _drawn.Values.Sum(images => images.Count), Processes = options.Processes,
        };
    }

    /// <summary>Evaluates the network.</summary>
    public IReadOnlyList<Terms> Measure()
    {
        double[][] data = _errors.At(0, [.. Enumerable.Range(0, _set.Count)], DataNats);
        var errors = new Dictionary<(int Timestep, int Image), double[]>();
        foreach ((int t, SortedSet<int> images) in _drawn)
            foreach ((int image, double[] numbers) in images.Zip(_errors.At(t, [.. images], batch => Errors(batch, t))))
                errors[(t, image)] = numbers;

        // L_0 has two numbers for each variance.
        ReverseVariance[] variances = [.. Enum.GetValues<ReverseVariance>().Take(data[0].Length / 2)];
        return
        [
            .. variances.Select((variance, k) => new Terms(
                variance, [.. Enumerable.Range(0, _set.Count).Select(i => Divergences(variance, i))],
                [.. data.Select(row => row[2 * k])], [.. data.Select(row => row[2 * k + 1])])),
        ];

        double Divergences(ReverseVariance variance, int image)
        {
            DivergenceSum sum = variance == ReverseVariance.Beta ? _beta : _posterior;
            double nats = variance == ReverseVariance.Learned ? 0 : sum.Constants;
            foreach (Strata.Stratum stratum in _strata)
            {
                int t = sum.Draw(stratum, _options.Seed, image);
                double[] numbers = errors[(t, image)];
                nats += variance == ReverseVariance.Learned
                    ? sum.Contribution(stratum, t, numbers[1]) + numbers[2] / sum.Probability(stratum, t)
                    : sum.Contribution(stratum, t, numbers[0]);
            }

            return nats;
        }
    }

    /// <summary>
    /// The mean squared error. For a network with learned variance also the mean of each squared error times β̃/Σ, and the rest
    /// of the divergence, ½·(d + e^−d − 1) with d = log Σ/β̃.
    /// </summary>
    private Tensor Errors(DenoisingErrors.Batch batch, int t)
    {
        Tensor square = (batch.Prediction - batch.Target).to(ScalarType.Float64).Square();
        if (batch.Variance is not { } output) return square.mean([1, 2, 3]).unsqueeze(1);
        Tensor ratio = Interpolation(output).Multiply(Math.Log(_schedule.Betas[t]) - _schedule.PosteriorLogVariance(t));
        Tensor inverse = (-ratio).exp();
        return stack(
            [square.mean([1, 2, 3]), (square * inverse).mean([1, 2, 3]), ratio.Add(inverse).Add(-1).Multiply(0.5).mean([1, 2, 3])], 1);
    }

    /// <summary>L_0 under each variance, denoised and not.</summary>
    private Tensor DataNats(DenoisingErrors.Batch batch)
    {
        (double noisy, double predicted) = _process.CleanWeights(_process.LevelAt(0));
        Tensor clean = batch.Clean.to(ScalarType.Float64), first = batch.Noisy.to(ScalarType.Float64);
        // The mean is x̂_0, which is the posterior mean at the first timestep.
        Tensor mean = first.Multiply(noisy).Add(batch.Prediction.to(ScalarType.Float64).Multiply(predicted));
        double lower = DivergenceSum.LogVariance(_schedule, 0, ReverseVariance.Posterior);
        double upper = DivergenceSum.LogVariance(_schedule, 0, ReverseVariance.Beta);
        List<Tensor> logVariances = [zeros_like(clean).Add(lower), zeros_like(clean).Add(upper)];
        if (batch.Variance is { } output) logVariances.Add(Interpolation(output).Multiply(upper - lower).Add(lower));
        return stack(logVariances.SelectMany(v => new[]
        {
            DataTerm.Compute(clean, mean, v, _options.Likelihood), DataTerm.Compute(clean, first, v, _options.Likelihood),
        }), 1);
    }

    /// <summary>f = (v + 1)/2.</summary>
    private static Tensor Interpolation(Tensor output) => output.to(ScalarType.Float64).Add(1).Divide(2);
}
