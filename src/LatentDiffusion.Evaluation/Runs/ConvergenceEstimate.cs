using System.Globalization;

namespace LatentDiffusion.Evaluation;

/// <summary>The trend of a validation loss, with its uncertainty.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Slope">Change in 1000 steps, at the end of the window; NaN if it is too early.</param>
/// <param name="Low">Lower end of the slope's interval.</param>
/// <param name="High">Upper end of the slope's interval.</param>
/// <param name="Confidence">Probability that the interval contains the slope.</param>
/// <param name="Autocorrelation">Estimated correlation between the noise of consecutive validations.</param>
/// <param name="Level">Fitted loss at the end of the window.</param>
/// <param name="Points">Number of validations in the window.</param>
/// <param name="FirstStep">Step of the first validation in the window.</param>
/// <param name="LastStep">Step of the last validation in the window.</param>
public sealed record ConvergenceEstimate(
    ConvergenceVerdict Verdict, double Slope, double Low, double High, double Confidence, double Autocorrelation, double Level,
    int Points, long FirstStep, long LastStep)
{
    // Below this fraction, the rate moves the weights too little for the loss to show.
    private const double Decayed = 0.1;

    /// <summary>The learning rate at the last step as a fraction of the highest before it, in [0, 1]; null if it is not known.</summary>
    public double? LearningRateFraction { get; init; }

    /// <summary>The verdict in words, with slope and interval, and for a flat trend the fall that is still possible.</summary>
    public override string ToString()
    {
        string measured = string.Create(CultureInfo.InvariantCulture,
            $"{Change(Slope)} in 1000 steps ({Confidence:P0} interval {Change(Low)} to {Change(High)}; "
            + $"{Points} validations from step {FirstStep} to {LastStep}, loss {Level:G4})");
        return Verdict switch
        {
            ConvergenceVerdict.StillFalling => $"The validation loss still falls: {measured}.",
            ConvergenceVerdict.Rising => $"The validation loss rises, as it does when images are memorized: {measured}.",
            ConvergenceVerdict.Flat => $"The validation loss has flattened, within its noise: {measured}. {Allowed}",
            _ => string.Create(CultureInfo.InvariantCulture,
                $"It is too early to judge the trend of the validation loss: {Points} validations in the window are too few."),
        };
    }

    private string Allowed
    {
        get
        {
            string decayed = LearningRateFraction < Decayed
                ? string.Create(CultureInfo.InvariantCulture,
                    $", and the learning rate had decayed to {LearningRateFraction:P0} of its highest, which flattens any curve: "
                    + $"a longer run might go lower")
                : "";
            return string.Create(
                CultureInfo.InvariantCulture, $"A fall of up to {Math.Max(0, -Low):G3} in 1000 steps is not ruled out{decayed}.");
        }
    }

    private static string Change(double value) => string.Create(CultureInfo.InvariantCulture, $"{(value > 0 ? "+" : "")}{value:G3}");
}
