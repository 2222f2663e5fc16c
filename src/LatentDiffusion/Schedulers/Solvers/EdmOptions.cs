using static TorchSharp.torch;

namespace LatentDiffusion.Schedulers;

/// <summary>Noise levels and preconditioning of EDM (Karras et al. 2022, table 1).</summary>
/// <param name="SigmaMin">Lowest level.</param>
/// <param name="SigmaMax">Highest level.</param>
/// <param name="SigmaData">Standard deviation of the data.</param>
/// <param name="Exponential">Whether levels are spaced evenly in log σ rather than by ρ.</param>
/// <param name="Rho">ρ.</param>
/// <param name="Prediction">The prediction type, in preconditioned form.</param>
/// <param name="TrainingTimesteps">T, of which EDM makes no use.</param>
internal sealed record EdmOptions(
    double SigmaMin, double SigmaMax, double SigmaData, bool Exponential, double Rho, PredictionType Prediction, int TrainingTimesteps)
{
    /// <summary>Reads the options.</summary>
    public static EdmOptions Read(OptionReader options)
    {
        double min = options.Double("sigma_min", 0.002), max = options.Double("sigma_max", 80), data = options.Double("sigma_data", 0.5);
        if (!(min > 0 && max >= min && data > 0))
        {
            throw new ArgumentException(
                $"sigma_min {min}, sigma_max {max} and sigma_data {data} are positive, and the first at most the second.");
        }

        bool exponential = options.Choice("sigma_schedule", "karras", ["karras", "exponential"]) == "exponential";
        int timesteps = options.Int("num_train_timesteps", 1000, max: ScheduleOptions.MostTimesteps);
        PredictionType prediction = options.Prediction("epsilon", "v_prediction");
        return new EdmOptions(min, max, data, exponential, options.Double("rho", 7), prediction, timesteps);
    }

    /// <summary>The levels of a run, without the final one.</summary>
    public double[] Sigmas(SamplingOptions options) => Grids.ToSingle(
        options.Sigmas ?? (Exponential
            ? SigmaSpacing.Exponential(SigmaMax, SigmaMin, options.Steps)
            : SigmaSpacing.Karras(SigmaMax, SigmaMin, options.Steps, Rho)));

    /// <summary>The grid of these levels; timesteps are c_noise.</summary>
    public SamplingGrid Grid(double[] sigmas, double last) =>
        new(Grids.ToSingle(sigmas.Select(s => 0.25 * Math.Log(s))), Grids.ToSingle(sigmas.Append(last)))
        {
            InitialSigma = Math.Sqrt(SigmaMax * SigmaMax + 1),
        };

    /// <summary>c_in.</summary>
    public double InputScale(double sigma) => 1 / Math.Sqrt(sigma * sigma + SigmaData * SigmaData);

    /// <summary>c_skip·x + c_out·F, as a new tensor.</summary>
    public Tensor Clean(Tensor output, Tensor sample, double sigma)
    {
        double total = sigma * sigma + SigmaData * SigmaData, scale = sigma * SigmaData / Math.Sqrt(total);
        return LinearCombination.Compute(
            (SigmaData * SigmaData / total, sample), (Prediction == PredictionType.Epsilon ? scale : -scale, output));
    }
}
