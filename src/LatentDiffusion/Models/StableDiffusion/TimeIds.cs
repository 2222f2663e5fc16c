namespace LatentDiffusion.Models;

/// <summary>The tensor of <see cref="Conditioning.Additional"/> that has the numbers about an image's size.</summary>
internal static class TimeIds
{
    /// <summary>Its published name.</summary>
    public const string Name = "time_ids";

    /// <summary>How many numbers the base model and the refiner read.</summary>
    public const int OfBase = 6, OfRefiner = 5;

    /// <summary>Which numbers a denoiser reads.</summary>
    /// <exception cref="NotSupportedException">It reads a count of numbers that no published model reads.</exception>
    public static SizeConditioning ReadBy(DenoiserDescription denoiser) => !denoiser.AdditionalInputs.TryGetValue(Name, out int count)
        ? SizeConditioning.None
        : count switch
        {
            OfBase => SizeConditioning.TargetSize,
            OfRefiner => SizeConditioning.AestheticScore,
            _ => throw new NotSupportedException($"The denoiser reads {count} numbers as '{Name}'; expected {OfBase} or {OfRefiner}."),
        };
}
