namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>The most pixels that an image may have.</summary>
/// <param name="Maximum">Width times height.</param>
internal readonly record struct PixelLimit(long Maximum)
{
    public bool Allows(int width, int height) => (long)width * height <= Maximum;

    /// <summary>What a refusal says after the name of a field.</summary>
    public string Refusal(int width, int height) => $"{width} x {height} pixels; expected at most {Maximum} in total.";
}
