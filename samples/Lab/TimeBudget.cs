using System.Diagnostics;

namespace Lab;

/// <summary>Divides the time of the experiment among its parts.</summary>
/// <param name="total">Time of the whole experiment.</param>
internal sealed class TimeBudget(TimeSpan total)
{
    /// <summary>Fractions of the whole time. What they leave over is for loading, drawing and writing.</summary>
    public const double Autoencoder = 0.2, Denoiser = 0.39, Prompts = 0.08, SmallModelComparison = 0.14, ReadyModelComparison = 0.1;

    private readonly Stopwatch _clock = Stopwatch.StartNew();

    /// <summary>Time since the start.</summary>
    public TimeSpan Elapsed => _clock.Elapsed;

    /// <summary>The time of a part.</summary>
    public TimeSpan For(double fraction) => total * fraction;
}
