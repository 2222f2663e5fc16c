using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The variational bound on the negative log-likelihood, L_T + Σ L_{t−1} + L_0 (Ho et al. 2020, equation 5), in bits per
/// dimension: per latent value for a latent model, per colour value for one on pixels.
/// </summary>
/// <remarks>
/// Every term but L_0 of 8-bit data follows from the squared error of x̂_0: L_{t−1} is the divergence of two Gaussians whose
/// means differ by c_0·(x_0 − x̂_0), with c_0 of equation 7.
/// </remarks>
public sealed class VariationalBound
{
    // As published: what the probability of a level is never taken to be less than.
    private const double LeastProbability = 1e-12;

    private VariationalBound(VariationalBoundOptions options, double[] prior, double[] divergences, double[] reconstruction)
    {
        Options = options;
        Prior = Bits(prior);
        Divergences = Bits(divergences);
        Reconstruction = Bits(reconstruction);
        PictureBits = [.. prior.Select((nats, i) => (nats + divergences[i] + reconstruction[i]) / Math.Log(2))];
        Total = Estimate.Of(PictureBits, options.Confidence);
    }

    /// <summary>How it was estimated.</summary>
    public VariationalBoundOptions Options { get; }

    /// <summary>The bound, bits per dimension.</summary>
    public Estimate Total { get; }

    /// <summary>L_T: how far the end of the forward process is from the standard normal; bits per dimension.</summary>
    public Estimate Prior { get; }

    /// <summary>Σ L_{t−1} for t from 2 to T: the denoising steps; bits per dimension.</summary>
    public Estimate Divergences { get; }

    /// <summary>L_0: the data given x_1; bits per dimension.</summary>
    public Estimate Reconstruction { get; }

    /// <summary>The bound of each picture, bits per dimension, in the set's order.</summary>
    [JsonIgnore]
    public IReadOnlyList<double> PictureBits { get; }

    /// <summary>Estimates the bound.</summary>
    /// <param name="denoiser">The denoiser.</param>
    /// <param name="process">What it undoes and predicts, over a discrete schedule.</param>
    /// <param name="set">The pictures.</param>
    /// <param name="options">Counts and seed; null for the defaults.</param>
    /// <param name="progress">Told the share of the work that is done, in [0, 1].</param>
    /// <param name="cancellationToken">Stops it before the next evaluation.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    /// <exception cref="NotSupportedException">
    /// The process has no discrete schedule, or one of less than two timesteps or with a first β of 0, or its end is pure noise, of which a prediction of noise says nothing.
    /// </exception>
    public static VariationalBound Measure(
        IDenoiser denoiser, DenoisingProcess process, EvaluationSet set, VariationalBoundOptions? options = null,
        IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(process);
        ArgumentNullException.ThrowIfNull(set);
        options = ValidOptions.Check(options ?? new VariationalBoundOptions());
        NoiseSchedule schedule = process.Schedule
            ?? throw new NotSupportedException("The bound is of a discrete schedule; a flow has none.");
        if (schedule.Timesteps < 2 || schedule.Betas[0] == 0)
            throw new NotSupportedException($"The bound needs at least two timesteps and a first β above 0; there are {schedule.Timesteps}, and β is {schedule.Betas[0]}.");

        Strata.Stratum[] strata = Strata.Draw(1, schedule.Timesteps, options.Timesteps, options.Seed, power: 2);
        foreach (Strata.Stratum stratum in strata) _ = process.CleanEstimate(stratum.Drawn);
        var errors = new DenoisingErrors(denoiser, process, set, options.Seed, options.BatchSize, strata.Length + 1, progress, cancellationToken);
        double variance = Math.Exp(LogVariance(schedule, 0, options.Variance));
        double[] reconstruction = errors.At([0], batch => ReconstructionNats(batch, process.CleanEstimate(0), variance, options.Likelihood))[0];
        double[][] squares = errors.At([.. strata.Select(s => s.Drawn)], DenoisingErrors.MeanSquare);
        double[] divergences = [.. Enumerable.Range(0, set.Count).Select(
            i => strata.Zip(squares, (s, row) => s.Width * DivergenceNats(process, schedule, s.Drawn, row[i], options.Variance)).Sum())];
        return new VariationalBound(options, PriorNats(set.Latents, schedule.AlphaBars[^1]), divergences, reconstruction);
    }

    private static double LogVariance(NoiseSchedule schedule, int t, ReverseVariance variance) =>
        variance == ReverseVariance.Posterior ? schedule.PosteriorLogVariance(t) : Math.Log(schedule.Betas[t]);

    /// <summary>KL(q(x_{t−1}|x_t, x_0) ‖ p(x_{t−1}|x_t)) per dimension, of two Gaussians.</summary>
    private static double DivergenceNats(DenoisingProcess process, NoiseSchedule schedule, int t, double error, ReverseVariance variance)
    {
        double toClean = process.CleanEstimate(t).Prediction, toMean = schedule.PosteriorMean(t).Clean * toClean;
        double logTrue = schedule.PosteriorLogVariance(t), logModel = LogVariance(schedule, t, variance);
        return 0.5 * (logModel - logTrue + Math.Exp(logTrue - logModel) + toMean * toMean * error * Math.Exp(-logModel) - 1);
    }

    /// <summary>KL(q(x_T|x_0) ‖ N(0, I)) per dimension.</summary>
    private static double[] PriorNats(Tensor latents, double alphaBar)
    {
        using DisposeScope scope = NewDisposeScope();
        double[] squares = latents.to(ScalarType.Float64).Squared().mean([1, 2, 3]).cpu().data<double>().ToArray();
        return [.. squares.Select(square => 0.5 * (alphaBar * square - alphaBar - Math.Log(1 - alphaBar)))];
    }

    /// <summary>−log p(x_0|x_1) per dimension; the mean is x̂_0, as the posterior's is at the first timestep.</summary>
    private static Tensor ReconstructionNats(DenoisingErrors.Batch batch, (double Noisy, double Prediction) estimate, double variance, DataLikelihood likelihood)
    {
        Tensor clean = batch.Clean.to(ScalarType.Float64);
        Tensor mean = batch.Noisy.to(ScalarType.Float64).Times(estimate.Noisy).Plus(batch.Prediction.to(ScalarType.Float64).Times(estimate.Prediction));
        Tensor centred = clean - mean;
        if (likelihood == DataLikelihood.Density)
            return centred.Squared().Over(2 * variance).Plus(0.5 * Math.Log(2 * Math.PI * variance)).mean([1, 2, 3]);

        // Levels are 2/255 apart; the outermost reach to infinity.
        double half = 1.0 / 255, deviation = Math.Sqrt(variance);
        Tensor above = Normal(centred.Plus(half).Over(deviation)), below = Normal(centred.Plus(-half).Over(deviation));
        Tensor probability = where(clean.LessThan(-0.999), above, where(clean.GreaterThan(0.999), below.SubtractedFrom(1), above - below));
        return -probability.ClampedMin(LeastProbability).log().mean([1, 2, 3]);
    }

    private static Tensor Normal(Tensor z) => z.Over(Math.Sqrt(2)).erf().Plus(1).Over(2);

    private Estimate Bits(double[] nats) => Estimate.Of([.. nats.Select(n => n / Math.Log(2))], Options.Confidence);
}
