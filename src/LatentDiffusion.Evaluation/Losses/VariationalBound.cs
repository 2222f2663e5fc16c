using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The variational bound on the negative log-likelihood, L_T + Σ L_{t−1} + L_0 (Ho et al. 2020, equation 5), in bits per
/// dimension: per latent value for a latent model, per colour value for a pixel model.
/// </summary>
/// <remarks>
/// Every L_{t−1} depends on the squared error of the prediction, with coefficients that are summed exactly. If not all timesteps
/// are evaluated, each image has different ones, drawn in proportion to the coefficients: the estimate is unbiased, and the
/// interval over images also covers the choice of timesteps.
/// </remarks>
public sealed class VariationalBound
{
    private VariationalBound(VariationalBoundOptions options, double[] prior, IReadOnlyList<BoundEstimator.Terms> measured)
    {
        Options = options;
        Prior = Bits(prior);
        Totals = measured.ToDictionary(terms => terms.Variance, terms => Bits(Sum(terms)));
        Variance = options.Variance
            ?? (Totals.ContainsKey(ReverseVariance.Learned) ? ReverseVariance.Learned : Totals.MinBy(total => total.Value.Mean).Key);
        BoundEstimator.Terms chosen = measured.FirstOrDefault(terms => terms.Variance == Variance)
            ?? throw new NotSupportedException(
                $"The variance is {Variance}, and the network does not output variances; it supports {string.Join(", ", Totals.Keys)}.");
        Divergences = Bits(chosen.Divergences);
        Reconstruction = Bits(chosen.Reconstruction);
        UndenoisedReconstruction = Bits(chosen.Undenoised);
        Total = Totals[Variance];
        ImageBits = [.. Sum(chosen).Select(InBits)];

        double[] Sum(BoundEstimator.Terms terms) => [.. prior.Select((nats, i) => nats + terms.Divergences[i] + terms.Reconstruction[i])];
    }

    /// <summary>Options of the estimate.</summary>
    public VariationalBoundOptions Options { get; }

    /// <summary>The reverse process' variance: that of the options, else the learned one, else the one with the lower bound.</summary>
    public ReverseVariance Variance { get; }

    /// <summary>The bound, bits per dimension.</summary>
    public Estimate Total { get; }

    /// <summary>The bound under each available variance, bits per dimension. The least is the tightest.</summary>
    public IReadOnlyDictionary<ReverseVariance, Estimate> Totals { get; }

    /// <summary>L_T: how far the end of the forward process is from the standard normal; bits per dimension.</summary>
    public Estimate Prior { get; }

    /// <summary>Σ L_{t−1} for t from 2 to T: the denoising steps; bits per dimension.</summary>
    public Estimate Divergences { get; }

    /// <summary>L_0: the data given x_1; bits per dimension.</summary>
    public Estimate Reconstruction { get; }

    /// <summary>
    /// L_0 with x_1 itself in place of x̂_0, bits per dimension. The difference to <see cref="Reconstruction"/> is the gain of the
    /// network's last step.
    /// </summary>
    public Estimate UndenoisedReconstruction { get; }

    /// <summary>The bound of each image, bits per dimension, in the set's order.</summary>
    [JsonIgnore]
    public IReadOnlyList<double> ImageBits { get; }

    /// <summary>Estimates the bound.</summary>
    /// <param name="denoiser">The denoiser.</param>
    /// <param name="process">The forward process, with a discrete schedule, and the prediction type.</param>
    /// <param name="set">The images.</param>
    /// <param name="options">Counts and seed; null for the defaults.</param>
    /// <param name="progress">Receives the fraction of the work that is done, in [0, 1].</param>
    /// <param name="cancellationToken">Checked before each evaluation.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    /// <exception cref="NotSupportedException">
    /// The process does not have a discrete schedule, or one with fewer than two timesteps or a β of 0; or it ends in pure noise,
    /// where a prediction of noise does not determine the sample; or the network does not have the requested learned variances.
    /// </exception>
    public static VariationalBound Measure(
        IDenoiser denoiser, DiffusionProcess process, EvaluationSet set, VariationalBoundOptions? options = null,
        IProgress<double>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        ArgumentNullException.ThrowIfNull(process);
        ArgumentNullException.ThrowIfNull(set);
        options = ValidOptions.Check(options ?? new VariationalBoundOptions());
        NoiseSchedule schedule = process.Schedule
            ?? throw new NotSupportedException("The bound needs a discrete schedule; a flow does not have one.");
        if (schedule.Timesteps < 2 || schedule.Betas.Any(beta => beta == 0))
            throw new NotSupportedException(
                "The bound needs at least two timesteps and every β above 0; "
                + $"there are {schedule.Timesteps}, and the least β is {schedule.Betas.Min()}.");
        var estimator = new BoundEstimator(denoiser, process, schedule, set, options, progress, cancellationToken);
        return new VariationalBound(options, PriorNats(set.Latents, schedule.AlphasCumprod[^1]), estimator.Measure());
    }

    /// <summary>Whether <see cref="Measure"/> supports a process.</summary>
    internal static bool IsDefinedFor(DiffusionProcess process) =>
        process is { Schedule: { Timesteps: > 1 } schedule } && schedule.Betas.All(beta => beta > 0)
        && (process.PredictionType != PredictionType.Epsilon || schedule.AlphasCumprod[^1] > 0);

    /// <summary>KL(q(x_T|x_0) ‖ N(0, I)) per dimension.</summary>
    private static double[] PriorNats(Tensor latents, double alphaBar)
    {
        using DisposeScope scope = NewDisposeScope();
        double[] squares = latents.to(ScalarType.Float64).Square().mean([1, 2, 3]).cpu().data<double>().ToArray();
        return [.. squares.Select(square => 0.5 * (alphaBar * square - alphaBar - Math.Log(1 - alphaBar)))];
    }

    private static double InBits(double nats) => nats / Math.Log(2);

    private Estimate Bits(double[] nats) => Estimate.FromValues([.. nats.Select(InBits)], Options.Confidence);
}
