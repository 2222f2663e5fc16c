using System.Diagnostics.CodeAnalysis;

namespace LatentDiffusion;

/// <summary>Upscalers without a network. They need no file, and every pipeline has them under their names.</summary>
public static class KnownUpscalers
{
    /// <summary>A Lanczos filter of three lobes (<see cref="ImageScaling.Resize"/>), named <c>lanczos</c>.</summary>
    public static IImageUpscaler Lanczos { get; } = new ResizingUpscaler("lanczos", ImageScaling.Resize);

    /// <summary>Repeats the nearest pixel, which keeps pixel art sharp, named <c>nearest</c>.</summary>
    public static IImageUpscaler Nearest { get; } = new ResizingUpscaler("nearest", NearestPixels.Resize);

    /// <summary>All upscalers.</summary>
    public static IReadOnlyList<IImageUpscaler> All { get; } = [Lanczos, Nearest];

    /// <summary>Finds one by its name.</summary>
    /// <param name="name">For example <c>lanczos</c>; case does not matter. Null is not found.</param>
    /// <param name="upscaler">The upscaler; null where there is none of this name.</param>
    public static bool TryGet(string? name, [NotNullWhen(true)] out IImageUpscaler? upscaler)
    {
        upscaler = All.FirstOrDefault(u => u.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return upscaler is not null;
    }
}
