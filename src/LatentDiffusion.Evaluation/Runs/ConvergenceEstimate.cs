using System.Globalization;

namespace LatentDiffusion.Evaluation;

/// <summary>The trend of a validation loss, and how sure it is.</summary>
/// <param name="Verdict">How it goes on.</param>
/// <param name="Slope">Change in 1000 steps, at the end of the window; NaN where it is too early.</param>
/// <param name="Low">Lower end of the slope's interval.</param>
/// <param name="High">Upper end of the slope's interval.</param>
/// <param name="Confidence">Probability that the interval holds the slope.</param>
/// <param name="Autocorrelation">Estimated correlation of the noise of one validation with that of the next.</param>
/// <param name="Level">Loss at the end of the window, on the line through it.</param>
/// <param name="Points">Validations in the window.</param>
/// <param name="FirstStep">Step of the first of them.</param>
/// <param name="LastStep">Step of the last of them.</param>
public sealed record ConvergenceEstimate(
    ConvergenceVerdict Verdict, double Slope, double Low, double High, double Confidence, double Autocorrelation, double Level,
    int Points, long FirstStep, long LastStep)
{
    // Below it a rate moves the weights too little for the loss to show.
    private const double Decayed = 0.1;

    /// <summary>The learning rate at the last step as a share of the highest before it, in [0, 1]; null where it is not known.</summary>
    public double? LearningRateShare { get; init; }

    /// <summary>The verdict in words, with slope and interval, and of a flat one what its interval still allows.</summary>
    public override string ToString()
    {
        string measured = string.Create(CultureInfo.InvariantCulture,
            $"{Change(Slope)} in 1000 steps ({Confidence:P0} interval {Change(Low)} to {Change(High)}; {Points} validations from step {FirstStep} to {LastStep}, loss {Level:G4})");
        return Verdict switch
        {
            ConvergenceVerdict.StillFalling => $"The validation loss still falls: {measured}.",
            ConvergenceVerdict.Rising => $"The validation loss rises, as it does when pictures are learnt by heart: {measured}.",
            ConvergenceVerdict.Flat => $"The validation loss has flattened, as far as its noise lets one tell: {measured}. {Allowed}",
            _ => string.Create(CultureInfo.InvariantCulture, $"It is too early to tell how the validation loss goes on: {Points} validations in the window are too few."),
        };
    }

    private string Allowed => string.Create(CultureInfo.InvariantCulture,
        $"A fall of up to {Math.Max(0, -Low):G3} in 1000 steps is not ruled out{(LearningRateShare < Decayed ? $", and the learning rate had decayed to {LearningRateShare:P0} of its highest, which flattens any curve: a longer run might go lower" : "")}.");

    private static string Change(double value) => string.Create(CultureInfo.InvariantCulture, $"{(value > 0 ? "+" : "")}{value:G3}");
}
