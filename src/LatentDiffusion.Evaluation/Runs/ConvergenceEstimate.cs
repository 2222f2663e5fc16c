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
    /// <summary>The verdict in words, with slope and interval.</summary>
    public override string ToString()
    {
        string measured = string.Create(CultureInfo.InvariantCulture,
            $"{Change(Slope)} in 1000 steps ({Confidence:P0} interval {Change(Low)} to {Change(High)}; {Points} validations from step {FirstStep} to {LastStep}, loss {Level:G4})");
        return Verdict switch
        {
            ConvergenceVerdict.StillFalling => $"The validation loss still falls: {measured}.",
            ConvergenceVerdict.Rising => $"The validation loss rises, as it does when pictures are learnt by heart: {measured}.",
            ConvergenceVerdict.Flat => $"The validation loss has flattened, as far as its noise lets one tell: {measured}.",
            _ => string.Create(CultureInfo.InvariantCulture, $"It is too early to tell how the validation loss goes on: {Points} validations in the window are too few."),
        };
    }

    private static string Change(double value) => string.Create(CultureInfo.InvariantCulture, $"{(value > 0 ? "+" : "")}{value:G3}");
}
