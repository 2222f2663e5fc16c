using System.Globalization;

namespace StableDiffusion;

/// <summary>A low-rank patch and how much of it, written <c>FILE</c> or <c>FILE:weight</c>.</summary>
internal sealed record Lora(string File, double Weight)
{
    /// <summary>Text after the last colon is the scale if it is a number, and otherwise part of the path.</summary>
    public static Lora Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        return colon > 0 && double.TryParse(text.AsSpan(colon + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out double weight)
            ? new Lora(text[..colon], weight)
            : new Lora(text, 1);
    }
}
